import { execFileSync } from 'node:child_process';

export const HOW_TO_GET_ACT = 'They need act, on the PATH or named by ACT; scripts/act builds it where Go is.';

/** Whether act can be started. */
export function hasAct(): boolean {
  try {
    execFileSync(process.env.ACT ?? 'act', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Ends `npm run test:workflows` with one sentence, and a failure, where there is no act. */
export function setup(): void {
  if (hasAct()) return;
  console.error(`No workflow ran whole. ${HOW_TO_GET_ACT}`);
  process.exit(1);
}
