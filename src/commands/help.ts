import { columnsFor, wrapped } from '../lib/wrap.ts';
import type { Command, Flag } from './command.ts';
import { COMMAND_GROUPS, OTHER_GROUP } from './command-groups.ts';
import { EXIT_CODES } from './exit-codes.ts';
import type { Path } from './paths.ts';

const PROGRAM = 'tpu-serving-gate';

/** Help of the whole command line: its commands by group, its exit codes. `columns` of the terminal, if there is one. */
export function overview(paths: readonly Path[], columns?: number): string {
  const width = columnsFor(columns);
  const groups = Map.groupBy(paths, ({ command }) => command.group ?? OTHER_GROUP);
  return [
    ...wrapped('Takes an LLM serving stack on GKE TPUs from a commit to a verdict.', width),
    '',
    `Usage: ${PROGRAM} COMMAND [flags]`,
    ...COMMAND_GROUPS.flatMap((group) =>
      section(
        `${group}:`,
        shownCommands(groups.get(group) ?? []).flatMap(([usage, summary]) =>
          entry(usage.slice(PROGRAM.length + 1), summary, width),
        ),
      ),
    ),
    '',
    ...wrapped(
      `"${PROGRAM} help COMMAND" shows the flags of a command, "${PROGRAM} help COMMAND --FLAG" one of them, and "${PROGRAM} --version" the version.`,
      width,
    ),
    ...section(
      'Exit codes:',
      Object.values(EXIT_CODES).flatMap(({ code, meaning }) =>
        wrapped(`  ${String(code).padEnd(3)}  ${meaning.replaceAll('`', '')}`, width, 7),
      ),
    ),
  ].join('\n');
}

/** Usage and summary of every command that does something itself. */
export function shownCommands(paths: readonly Path[]): [usage: string, summary: string][] {
  return paths
    .filter(({ command }) => !command.subcommands)
    .map(({ words, command }) => [usageOf(words, command), command.summary]);
}

/** Help of one command, with all its flags. */
export function commandHelp({ words, command }: Path, columns?: number): string {
  const { summary, details = [], positionals = [], subcommands = [], flags = {}, examples = [] } = command;
  const width = columnsFor(columns);
  const usages = subcommands.length > 0 ? subcommands.map((sub) => usageOf(`${words} ${sub.name}`, sub)) : null;
  return [
    ...wrapped(`${PROGRAM} ${words}: ${summary}.`, width),
    '',
    'Usage:',
    ...(usages ?? [usageOf(words, command)]).flatMap((usage) => wrapped(`  ${usage}`, width, 6)),
    ...details.flatMap((text) => ['', ...wrapped(text, width)]),
    ...section(
      'Commands:',
      subcommands.flatMap((sub) => entry(sub.name, sub.summary, width)),
    ),
    ...section(
      'Arguments:',
      positionals.flatMap(({ name, description }) => entry(name, description, width)),
    ),
    ...flagSections(flags, width),
    ...section(
      'Examples:',
      examples.flatMap((example) => continued(`  ${PROGRAM} ${example}`, width)),
    ),
    '',
    ...wrapped(exitCodes(), width, 2).map((line) => line.replaceAll('\u00a0', ' ')),
  ].join('\n');
}

/** Help of one flag of a command: the command, the flag with its group, and the examples that use it. */
export function flagHelp({ words, command }: Path, name: string, columns?: number): string | null {
  const flag = command.flags?.[name];
  if (!flag) return null;
  const width = columnsFor(columns);
  const examples = (command.examples ?? []).filter((example) => example.includes(`--${name}`));
  return [
    ...wrapped(`${PROGRAM} ${words} --${name}${flag.group === undefined ? '' : ` (${flag.group})`}`, width),
    '',
    ...flagLines(name, flag, width),
    ...section(
      'Examples:',
      examples.flatMap((example) => continued(`  ${PROGRAM} ${example}`, width)),
    ),
  ].join('\n');
}

/** The command line of a command, with its arguments. */
function usageOf(words: string, { positionals = [], flags = {} }: Command): string {
  const parts = [words, ...positionals.map(({ name }) => name), ...(Object.keys(flags).length > 0 ? ['[flags]'] : [])];
  return [PROGRAM, ...parts].join(' ');
}

function exitCodes(): string {
  const all = Object.values(EXIT_CODES).map(({ code, short }) => `${code}\u00a0${short}`);
  return `Exit codes: ${all.join(', ')}.`;
}

function flagSections(flags: Readonly<Record<string, Flag>>, width: number): string[] {
  const groups = Map.groupBy(Object.entries(flags), ([, { group }]) => group ?? '');
  return [...groups].flatMap(([group, own]) =>
    section(
      group === '' ? 'Flags:' : `${group}:`,
      own.flatMap(([name, flag]) => flagLines(name, flag, width)),
    ),
  );
}

function flagLines(name: string, { description, value, default: byDefault, choices }: Flag, width: number): string[] {
  const known = typeof choices === 'object' ? ` One of: ${choices.join(', ')}.` : '';
  const start = byDefault ? ` Default: ${byDefault}.` : '';
  return [
    `  --${name}${value === undefined ? '' : ` ${value}`}`,
    ...wrapped(`${description}${known}${start}`, width - 6).map((line) => `      ${line}`),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

/** Characters of the first of two columns, and the fewest of a line that has room for both. */
const FIRST = 34;
const BOTH = 80;

/** A word with what it means: beside each other where there is room, else below each other. */
function entry(name: string, meaning: string, width: number): string[] {
  if (width >= BOTH && name.length <= FIRST) {
    return wrapped(`  ${name.padEnd(FIRST)}  ${meaning}`, width, FIRST + 4);
  }
  return [...wrapped(`  ${name}`, width, 6), ...wrapped(`      ${meaning}`, width, 6)];
}

/** A command line that a shell reads as one, although it takes several lines. */
function continued(line: string, width: number): string[] {
  const lines = wrapped(line, width - 2, 6);
  return lines.map((each, index) => (index < lines.length - 1 ? `${each} \\` : each));
}
