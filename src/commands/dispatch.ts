import { isRunMode, MODE_NAMES } from '../lib/modes.ts';
import { nearest } from '../lib/suggest.ts';
import { VERSION } from '../lib/version.ts';
import { type Command, type CommandIo, refuse } from './command.ts';
import { exitCode } from './exit-codes.ts';
import { commandHelp, flagHelp, overview } from './help.ts';
import { type Path, visiblePaths } from './paths.ts';

/** Runs the command that the arguments name, or writes help. Returns the exit code. */
export async function dispatch(args: readonly string[], io: CommandIo): Promise<number> {
  const { commands, write, columns } = io;
  const [name, ...rest] = args;
  if (name === undefined) return refuse(overview(visiblePaths(commands), columns));
  if (name === '--version') {
    write(VERSION);
    return exitCode('pass');
  }
  if (name === 'help' || name === '--help' || name === '-h') return help(rest, io);
  const command = commands.find((known) => known.name === name);
  if (!command) return refuse(unknownCommand(name, commands));
  const { path, left } = resolve({ words: name, command }, rest);
  if (!asksForHelp(left)) return path.command.run(left, io);
  write(commandHelp(path, columns));
  return exitCode('pass');
}

/** Help of the command that the words name, or of one of its flags; of the whole command line without a word. */
function help(args: readonly string[], { commands, write, columns }: CommandIo): number {
  const wanted = args.filter((word) => !word.startsWith('-')).join(' ');
  const [flag] = args.filter((word) => word.startsWith('--') && word !== '--help').map((word) => word.slice(2));
  const paths = visiblePaths(commands);
  const path = paths.find((known) => known.words === wanted);
  if (wanted !== '' && !path) return refuse(unknownCommand(wanted, commands));
  if (!path || flag === undefined) {
    write(path ? commandHelp(path, columns) : overview(paths, columns));
    return exitCode('pass');
  }
  const text = flagHelp(path, flag, columns);
  if (text === null) return refuse(unknownFlag(flag, path));
  write(text);
  return exitCode('pass');
}

function unknownFlag(flag: string, { words, command: { flags = {} } }: Path): string {
  const near = nearest(flag, Object.keys(flags));
  return `"${words}" has no flag --${flag}${near ? `; did you mean --${near}?` : '.'}`;
}

/** The subcommand that the first matching word names, and the arguments without that word. */
function resolve(path: Path, args: string[]): { path: Path; left: string[] } {
  const { subcommands = [], flags = {} } = path.command;
  const takesValue = (word = '') => flags[word.slice(2)]?.value !== undefined && word.startsWith('--');
  const at = args.findIndex((word, index) => !word.startsWith('-') && !takesValue(args[index - 1]));
  const command = subcommands.find(({ name }) => name === args[at]);
  if (!command) return { path, left: args };
  return { path: { words: `${path.words} ${command.name}`, command }, left: args.toSpliced(at, 1) };
}

/** What follows "--" is for somebody else. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? undefined : end).some((word) => word === '--help' || word === '-h');
}

function unknownCommand(name: string, commands: readonly Command[]): string {
  const known = [...visiblePaths(commands).map(({ words }) => words), 'help'];
  const mode = MODE_NAMES.find((one) => one === name && isRunMode(one));
  const near = mode ? `run --mode ${mode}` : nearest(name, known);
  if (near) return `Command "${name}" is not known; did you mean "${near}"?`;
  return `Command "${name}" is not known; allowed: ${known.filter((words) => !words.includes(' ')).join(', ')}.`;
}
