import { chromiumPath, HOW_TO_GET_CHROMIUM } from './chromium.ts';

/** Ends `npm run test:browser` with one sentence, and a failure, where there is no browser. */
export function setup(): void {
  if (chromiumPath()) return;
  console.error(`No test ran in a browser. ${HOW_TO_GET_CHROMIUM}`);
  process.exit(1);
}
