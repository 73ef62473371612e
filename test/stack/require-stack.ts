import { networkInterfaces } from 'node:os';
import { HOW_TO_GET_STACK, missingParts } from '../../lab/stack/assets.ts';

/** Ends `npm run test:stack` with one sentence, and a failure, where a part or the private network is missing. */
export function setup(): void {
  const missing = missingParts(process.env.STACK_ASSETS);
  const isPrivate = Object.values(networkInterfaces())
    .flat()
    .some((found) => found?.address === '10.244.0.0');
  if (missing.length === 0 && isPrivate) return;
  const reason = missing.length > 0 ? `Not here: ${missing.join(', ')}. ` : 'This is not the private network. ';
  console.error(`No test ran on a stack of real parts. ${reason}${HOW_TO_GET_STACK}`);
  // A thrown error would come after a claim that there are no test files.
  process.exit(1);
}
