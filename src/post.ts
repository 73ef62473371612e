import { createActionsIo } from './clients/runner/actions.ts';
import { warnOfUnhandled } from './pipeline/action-outputs.ts';
import { runPostStep } from './pipeline/action-post.ts';
import { restoredIo } from './pipeline/config.ts';

/** The action's post step. Returns the exit code. */
export async function post(): Promise<number> {
  const { env } = process;
  const io = createActionsIo(env);
  warnOfUnhandled(io);
  return runPostStep(await restoredIo(io), env);
}
