import { createActionsIo } from './clients/runner/actions.ts';
import { forkOf } from './clients/runner/identity.ts';
import { MODES } from './lib/modes.ts';
import { modeOf, stepOf, storyOf } from './modes/registry.ts';
import { runMainStep } from './pipeline/action-main.ts';
import { notMeasured, refuseInputs, warnOfUnhandled } from './pipeline/action-outputs.ts';
import { configuredIo } from './pipeline/config.ts';
import { runnerState } from './pipeline/state.ts';
import { stepFolder } from './pipeline/step-folder.ts';
import { forkNotice } from './report/fork-notice.ts';

/** The action's main step. Returns the exit code. */
export async function main(): Promise<number> {
  const { env } = process;
  const given = createActionsIo(env);
  warnOfUnhandled(given);
  const mode = modeOf(given.inputs.get('mode'), env.GITHUB_EVENT_NAME);
  const step = mode && (await stepOf(mode));
  const fork = step && !MODES[mode].needsCluster ? null : forkOf(env);
  if (fork) {
    // The post step has nothing to ask the cluster for.
    runnerState(given)({ lease: null, outputDir: stepFolder('', env, 'gate') });
    return notMeasured(given, forkNotice(fork));
  }
  const found = await configuredIo(given);
  if ('problems' in found) {
    runnerState(given)({ lease: null });
    return refuseInputs(given, found.problems);
  }
  const { io } = found;
  if (step) return step(io, env);
  // A text that names no mode is refused together with everything else that is wrong.
  return runMainStep(io, env, ({ mode: name }) => storyOf(name));
}
