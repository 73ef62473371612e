import { parseArgs } from 'node:util';
import type { CommandGroup } from './command-groups.ts';
import { exitCode } from './exit-codes.ts';

/** Words that a flag or a positional takes, where they are few. A function where a module must be loaded to know them. */
export type Choices = readonly string[] | (() => Promise<readonly string[]>);

/** One flag of a command. */
export interface Flag {
  description: string;
  /** Stands for the value in help. A flag without it is a switch. */
  value?: string;
  /** Empty or left out for no default. */
  default?: string;
  choices?: Choices;
  /** Heading in help; flags without one come first. */
  group?: string;
}

/** The flags of a command by name, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

/** A word that a command takes by its position. */
export interface Positional {
  /** In capitals, with an ellipsis for one or more. */
  name: string;
  description: string;
  choices?: Choices;
}

/** The process around a command. */
export interface CommandIo {
  env: Readonly<Record<string, string | undefined>>;
  /** Every command of the program, for those that describe the others. */
  commands: readonly Command[];
  /** Writes a line to stdout. */
  write: (line: string) => void;
  /** Columns of the terminal; left out where there is none. */
  columns?: number;
}

/** A command of the command line: its help, what completes it, and what it does. */
export interface Command {
  name: string;
  /** One line, without a full stop. */
  summary: string;
  /** Heading in the overview. */
  group?: CommandGroup;
  /** Paragraphs of help below the usage. */
  details?: readonly string[];
  positionals?: readonly Positional[];
  flags?: Flags;
  /** Command lines after the name of the program. */
  examples?: readonly string[];
  subcommands?: readonly Command[];
  /** Not in help or completion: the program starts it itself. */
  hidden?: boolean;
  /** Returns the exit code. Throws what `parseArgs` throws for a flag that the command does not have. */
  run(args: string[], io: CommandIo): Promise<number>;
}

type Values<F extends Flags> = {
  [K in keyof F]: F[K] extends { value: string }
    ? F[K] extends { default: string }
      ? string
      : string | undefined
    : boolean;
};

/** Parses arguments by the flags of a command. Throws a TypeError for an unknown flag, and for a word unless allowed. */
export function parseFlags<const F extends Flags>(
  flags: F,
  args: string[],
  { words = true }: { words?: boolean } = {},
): { values: Values<F>; words: string[] } {
  const { values, positionals } = parseArgs({ args, allowPositionals: words, options: optionsOf(flags) });
  const withDefaults = Object.entries(flags).map(([name, flag]) => [
    name,
    values[name] ?? (flag.value === undefined ? false : flag.default),
  ]);
  return { values: Object.fromEntries(withDefaults) as Values<F>, words: positionals };
}

/** Flags as `parseArgs` takes them. */
export function optionsOf(flags: Flags): Record<string, { type: 'string' | 'boolean' }> {
  return Object.fromEntries(
    Object.entries(flags).map(([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' }]),
  );
}

/** Writes problems to stderr, each on a line. Returns the exit code of bad usage. */
export function refuse(...problems: readonly string[]): number {
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  return exitCode('usage');
}
