import { spawnSync } from 'node:child_process';

const TOOLS = ['kubectl', 'gcloud'] as const;

export const HOW_TO_GET_TOOLS = 'They need kubectl and gcloud on the PATH.';

/** Whether the clients that others wrote are here. */
export function hasTools(): boolean {
  return TOOLS.every((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0);
}

/** Ends `npm run test:tools` with one sentence, and a failure, where a client is missing. */
export function setup(): void {
  if (hasTools()) return;
  console.error(`No client of others was tried. ${HOW_TO_GET_TOOLS}`);
  process.exit(1);
}
