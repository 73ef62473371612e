import { isInPrivateNetwork, missingParts } from '../../lab/stack/assets.ts';
import { vllmAssets } from '../vllm/server.ts';

/** How to get the parts, as one sentence. */
export const HOW_TO_GET_STACK =
  'They need the real parts: STACK_ASSETS="$(scripts/stack-assets)" npm run test:stack ' +
  '(builds or fetches each once, with Go and Python, and names on stderr what it could not get).';

const HOW_TO_ADD_VLLM =
  'They run as well with: VLLM_ASSETS="$(scripts/vllm-assets)" npm run test:stack (installs 6 GB once, with Python).';

/** Ends `npm run test:stack` with one sentence, and a failure, where a part or the private network is missing. */
export function setup(): void {
  const missing = missingParts(process.env.STACK_ASSETS ?? null);
  if (missing.length === 0 && isInPrivateNetwork()) {
    if (!vllmAssets(process.env)) console.log(`NOT RUN: the tests with vLLM on the stack. ${HOW_TO_ADD_VLLM}`);
    return;
  }
  const reason = missing.length > 0 ? `Not here: ${missing.join(', ')}. ` : 'This is not the private network. ';
  console.error(`No test ran on a stack of real parts. ${reason}${HOW_TO_GET_STACK}`);
  // A thrown error would come after a claim that there are no test files.
  process.exit(1);
}
