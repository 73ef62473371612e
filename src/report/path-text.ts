import { duration, elapsed, ratio } from './format.ts';
import type { CriticalPath, PathStep } from './model.ts';

const STEPS: Readonly<Record<PathStep['step'], string>> = {
  preflight: 'preflight',
  lease: 'lease',
  nodes: 'nodes',
  deploy: 'deploy',
  ready: 'ready',
  images: 'images and model files',
  start: 'loading and compilation',
  verify: 'verify',
  benchmark: 'benchmark',
};

/** `preflight 0:41, nodes 10:12, images and model files 1:30`. */
export function pathSteps({ steps }: CriticalPath): string {
  return steps.map(({ step, durationMs }) => `${STEPS[step]} ${elapsed(durationMs)}`).join(', ');
}

/** `34:02 to the verdict, 1.006× the critical path of 33:50; 12 s of slack`; null without a step. */
export function pathSummary(path: CriticalPath): string | null {
  if (path.ratio === null) return null;
  const times = `${ratio(path.ratio, 3)} the critical path of ${elapsed(path.pathMs)}`;
  return `${elapsed(path.wallMs)} to the verdict, ${times}; ${duration(path.slackMs)} of slack`;
}
