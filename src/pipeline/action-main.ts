import type { ActionsIo } from '../clients/runner/actions.ts';
import { type Inputs, parseInputs } from '../inputs/inputs.ts';
import { refuseInputs } from './action-outputs.ts';
import type { Story } from './execute.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The action's main step for a mode that runs stages. It never releases the nodes: the post step does, from the state
 * that is saved here. Bad inputs are refused before the clients are loaded. Returns the exit code.
 */
export async function runMainStep(
  io: ActionsIo,
  env: Env,
  storyOf: (inputs: Inputs) => Promise<Story>,
): Promise<number> {
  const parsed = parseInputs(io.inputs);
  if ('problems' in parsed) return refuseInputs(io, parsed.problems);
  const { inputs } = parsed;
  const { gateStep } = await import('./action-gate.ts');
  // A story is most of the code, and its first stage comes after the first request.
  return gateStep(io, env, inputs, async (run) => (await storyOf(inputs))(run));
}
