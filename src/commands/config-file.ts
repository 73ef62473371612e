import { withConfig } from '../inputs/with-config.ts';
import { findConfig } from '../pipeline/config.ts';
import type { FlagSource } from './input-flags.ts';

/** The inputs of flags, with those of the file of this folder where no flag gives them; or every problem of the file. */
export async function withConfigFile(flags: FlagSource): Promise<{ source: FlagSource } | { problems: string[] }> {
  const found = await findConfig(flags, process.cwd());
  if ('problems' in found) return found;
  if (found.note !== null && flags.own.quiet !== true) process.stderr.write(`${found.note}\n`);
  return { source: { ...flags, ...withConfig(flags, found.values, { filledIn: false }) } };
}
