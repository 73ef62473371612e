import { dispatch } from '../../../src/commands/dispatch.ts';
import { COMMANDS } from '../../../src/commands/registry.ts';

/** Runs a command in this process. Returns the exit code. */
export function command(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): Promise<number> {
  return dispatch(args, { env, commands: COMMANDS, write });
}
