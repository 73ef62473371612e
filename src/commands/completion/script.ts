import type { Command } from '../command.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { placesOf } from './words.ts';
import { zshScript } from './zsh.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** The completion script of a shell. */
export async function completionScript(shell: keyof typeof SCRIPTS, commands: readonly Command[]): Promise<string> {
  return SCRIPTS[shell](await placesOf(commands));
}
