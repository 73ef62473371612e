import { createActionsIo } from './clients/runner/actions.ts';
import { forkOf } from './clients/runner/identity.ts';
import { MODES } from './lib/modes.ts';
import { modeOf, stepOf, storyOf } from './modes/registry.ts';
import { runMainStep } from './pipeline/action-main.ts';
import { notMeasured, warnOfUnhandled } from './pipeline/action-outputs.ts';
import { runnerState } from './pipeline/state.ts';
import { stepFolder } from './pipeline/step-folder.ts';
import { forkNotice } from './report/fork-notice.ts';

/** The action's main step. Returns the exit code. */
export async function main(): Promise<number> {
  const { env } = process;
  const io = createActionsIo(env);
  warnOfUnhandled(io);
  const mode = modeOf(io.inputs.get('mode'), env.GITHUB_EVENT_NAME);
  const step = mode && (await stepOf(mode));
  if (step && !MODES[mode].needsCluster) return step(io, env);
  const fork = forkOf(env);
  if (fork) {
    // The post step has nothing to ask the cluster for.
    runnerState(io)({ lease: null, outputDir: stepFolder('', env, 'gate') });
    return notMeasured(io, forkNotice(fork));
  }
  if (step) return step(io, env);
  // A text that names no mode is refused together with everything else that is wrong.
  return runMainStep(io, env, ({ mode: name }) => storyOf(name));
}
