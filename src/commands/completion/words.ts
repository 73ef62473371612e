import type { Choices, Command } from '../command.ts';
import { visiblePaths } from '../paths.ts';

/** A word with what it means. */
export interface Word {
  word: string;
  meaning: string;
}

/** What may follow a command. */
export interface Place {
  /** The words before, such as `history add`; empty for the program itself. */
  path: string;
  /** Subcommands, and the words of a positional. */
  words: Word[];
  /** Flags without the dashes. `values` is null for a flag that takes none, and empty for one that takes any. */
  flags: (Word & { values: readonly string[] | null })[];
}

/** Every place of the command line where a shell may complete a word. */
export async function placesOf(commands: readonly Command[]): Promise<Place[]> {
  const paths = visiblePaths(commands);
  const top = commands.filter(({ hidden }) => !hidden);
  const names = top.map(wordOf);
  return [
    {
      path: '',
      words: [...names, { word: 'help', meaning: 'help of a command' }],
      flags: [HELP, { word: 'version', meaning: 'Write the version.', values: null }],
    },
    { path: 'help', words: names, flags: [] },
    ...top
      .filter(({ subcommands = [] }) => subcommands.length > 0)
      .map(({ name, subcommands = [] }) => ({ path: `help ${name}`, words: subcommands.map(wordOf), flags: [] })),
    ...(await Promise.all(paths.map(({ words, command }) => placeOf(words, command)))),
  ];
}

const HELP = { word: 'help', meaning: 'Write the help.', values: null };
const wordOf = ({ name, summary }: Command): Word => ({ word: name, meaning: summary });

async function placeOf(path: string, { subcommands = [], positionals = [], flags = {} }: Command): Promise<Place> {
  const given = await Promise.all(
    positionals.map(async ({ choices, description }) =>
      (await wordsOf(choices)).map((word) => ({ word, meaning: description })),
    ),
  );
  const own = Object.entries(flags).map(async ([word, { description, value, choices }]) => ({
    word,
    meaning: firstSentence(description),
    values: value === undefined ? null : await wordsOf(choices),
  }));
  return { path, words: [...subcommands.map(wordOf), ...given.flat()], flags: [...(await Promise.all(own)), HELP] };
}

async function wordsOf(choices: Choices = []): Promise<readonly string[]> {
  return typeof choices === 'function' ? choices() : choices;
}

function firstSentence(text: string): string {
  return /^.*?[.:;](?= |$)/.exec(text)?.[0].replace(/[:;]$/, '') ?? text;
}

/** Flags that take a value, by the words that they take: the flags that take the same words stand together. */
export function valuesOf(places: readonly Place[]): Map<string, { at: string }[]> {
  const flags = places.flatMap(({ path, flags: own }) =>
    own.flatMap(({ word, values }) => (values === null ? [] : [{ at: `${path} --${word}`, words: values.join(' ') }])),
  );
  return Map.groupBy(flags, ({ words }) => words);
}
