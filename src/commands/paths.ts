import type { Command } from './command.ts';

/** A command with the words that lead to it, such as `history add`. */
export interface Path {
  words: string;
  command: Command;
}

/** The commands and subcommands that help and completion show, each command before its subcommands. */
export function visiblePaths(commands: readonly Command[]): Path[] {
  return commands
    .filter(({ hidden }) => !hidden)
    .flatMap((command) => [
      { words: command.name, command },
      ...visiblePaths(command.subcommands ?? []).map((path) => ({ ...path, words: `${command.name} ${path.words}` })),
    ]);
}
