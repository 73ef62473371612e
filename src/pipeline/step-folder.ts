import { join } from 'node:path';

/** The folder of result files. Two steps of one job must not read each other's report. */
export function stepFolder(given: string, env: Readonly<Record<string, string | undefined>>, fallback: string): string {
  return given || join(env.RUNNER_TEMP ?? '.', 'tpu-serving-gate', env.GITHUB_ACTION ?? fallback);
}
