import type { Command, Flag } from './command.ts';
import { EXIT_CODES } from './exit-codes.ts';
import type { Path } from './paths.ts';

const PROGRAM = 'tpu-serving-gate';
const WIDTH = 100;

/** Help of the whole command line. */
export function overview(paths: readonly Path[]): string {
  return [
    'Takes an LLM serving stack on GKE TPUs from a commit to a verdict.',
    '',
    'Commands:',
    ...table(shownCommands(paths)),
    '',
    `"${PROGRAM} help COMMAND" shows the flags of a command, "${PROGRAM} --version" the version.`,
    '',
    exitCodes(),
  ].join('\n');
}

/** Usage and summary of every command that does something itself. */
export function shownCommands(paths: readonly Path[]): [usage: string, summary: string][] {
  return paths
    .filter(({ command }) => !command.subcommands)
    .map(({ words, command }) => [usageOf(words, command), command.summary]);
}

/** Help of one command, with all its flags. */
export function commandHelp({ words, command }: Path): string {
  const { summary, details = [], positionals = [], subcommands = [], flags = {}, examples = [] } = command;
  return [
    `${PROGRAM} ${words}: ${summary}.`,
    '',
    'Usage:',
    ...(subcommands.length > 0
      ? subcommands.map((sub) => `  ${usageOf(`${words} ${sub.name}`, sub)}`)
      : [`  ${usageOf(words, command)}`]),
    ...details.flatMap((text) => ['', ...wrapped(text, WIDTH)]),
    ...section('Commands:', table(subcommands.map((sub) => [sub.name, sub.summary]))),
    ...section('Arguments:', table(positionals.map(({ name, description }) => [name, description]))),
    ...flagSections(flags),
    ...section(
      'Examples:',
      examples.map((example) => `  ${PROGRAM} ${example}`),
    ),
    '',
    exitCodes(),
  ].join('\n');
}

/** The command line of a command, with its arguments. */
function usageOf(words: string, { positionals = [], flags = {} }: Command): string {
  const parts = [words, ...positionals.map(({ name }) => name), ...(Object.keys(flags).length > 0 ? ['[flags]'] : [])];
  return [PROGRAM, ...parts].join(' ');
}

function exitCodes(): string {
  const all = Object.values(EXIT_CODES).map(({ code, short }) => `${code} ${short}`);
  return `Exit codes: ${all.join(', ')}.`;
}

function flagSections(flags: Readonly<Record<string, Flag>>): string[] {
  const groups = Map.groupBy(Object.entries(flags), ([, { group }]) => group ?? '');
  return [...groups].flatMap(([group, own]) =>
    section(
      group === '' ? 'Flags:' : `${group}:`,
      own.flatMap(([name, flag]) => flagLines(name, flag)),
    ),
  );
}

function flagLines(name: string, { description, value, default: byDefault, choices }: Flag): string[] {
  const known = typeof choices === 'object' ? ` One of: ${choices.join(', ')}.` : '';
  const start = byDefault ? ` Default: ${byDefault}.` : '';
  return [
    `  --${name}${value === undefined ? '' : ` ${value}`}`,
    ...wrapped(`${description}${known}${start}`, WIDTH - 6).map((line) => `      ${line}`),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`);
}

/** Lines of at most `width` characters, unless a word is longer. */
function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
