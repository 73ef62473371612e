import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { PROGRAMS } from '../../lab/stack/assets.ts';

/** How to get the parts, as one sentence. */
export const HOW_TO_GET_STACK =
  'They need the real parts: STACK_ASSETS="$(scripts/stack-assets)" npm run test:stack ' +
  '(builds or fetches each once, with Go and Python, and names on stderr what it could not get).';

/** Definitions come with the parts, but for those of the Gateway API. */
const FOLDERS = { 'Gateway API definitions': 'gateway-api/config/crd/standard' };

/** The names of the parts that are not in the folder; all of them where there is no folder. */
export function missingParts(folder: string | undefined): string[] {
  return Object.entries({ ...PROGRAMS, ...FOLDERS })
    .filter(([, path]) => folder === undefined || !existsSync(join(folder, path)))
    .map(([name]) => name);
}

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
