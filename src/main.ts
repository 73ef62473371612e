import { createActionsIo } from './clients/runner/actions.ts';
import { forkOf } from './clients/runner/identity.ts';
import { modeOf, storyOf } from './modes/registry.ts';
import { runMainStep, stepFolder } from './pipeline/action-main.ts';
import { notMeasured, warnOfUnhandled } from './pipeline/action-outputs.ts';
import { runnerState } from './pipeline/state.ts';
import { forkNotice } from './report/fork-notice.ts';

/** The action's main step. Returns the exit code. */
export async function main(): Promise<number> {
  const { env } = process;
  const io = createActionsIo(env);
  warnOfUnhandled(io);
  const mode = modeOf(io.inputs.get('mode'), env.GITHUB_EVENT_NAME);
  if (mode && 'step' in mode && !mode.traits.needsCluster) return mode.step(io, env);
  const fork = forkOf(env);
  if (fork) {
    // The post step has nothing to ask the cluster for.
    runnerState(io)({ lease: null, outputDir: stepFolder('', env, 'gate') });
    return notMeasured(io, forkNotice(fork));
  }
  if (mode && 'step' in mode) return mode.step(io, env);
  // A text that names no mode is refused together with everything else that is wrong.
  return runMainStep(io, env, ({ mode: name }) => storyOf(name));
}
