import { assetsFolder, HOW_TO_GET_ASSETS } from '../../lab/apiserver/assets.ts';

/** Ends `npm run test:cluster` with one sentence, and a failure, where the binaries are missing. */
export function setup(): void {
  if (assetsFolder(process.env)) return;
  console.error(`No test ran on a real API server. ${HOW_TO_GET_ASSETS}`);
  // A thrown error would come after a claim that there are no test files.
  process.exit(1);
}
