import { HOW_TO_GET_VLLM, vllmAssets } from './server.ts';

/** Ends `npm run test:vllm` with one sentence, and a failure, where there is no vLLM. */
export function setup(): void {
  if (vllmAssets(process.env)) return;
  console.error(`No test ran on vLLM. ${HOW_TO_GET_VLLM}`);
  // A thrown error would come after a claim that there are no test files.
  process.exit(1);
}
