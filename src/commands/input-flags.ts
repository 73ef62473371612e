import { parseArgs } from 'node:util';
import type { InputGroup } from '../inputs/groups.ts';
import type { InputSource } from '../inputs/source.ts';
import { rowsIn, spellingsIn } from '../inputs/spec.ts';
import { type Flags, optionsOf } from './command.ts';

const HEADINGS: Readonly<Record<InputGroup, string>> = {
  mode: 'Mode',
  place: 'Cluster',
  access: 'Access',
  stack: 'Stack',
  target: 'Target',
  load: 'Load',
  run: 'Limits',
  lease: 'Lease',
  release: 'Release',
  price: 'Price',
  comment: 'Comment',
  report: 'Report',
  history: 'History',
  store: 'History',
  token: 'GitHub',
  command: 'Command in a comment',
  issue: 'Issue',
};

/** The inputs of some groups as flags, with their descriptions. `describe` picks the text of the gate or of the sweeper. */
export function inputFlags(groups: readonly InputGroup[], describe: 'gate' | 'sweeper'): Flags {
  return Object.fromEntries(
    rowsIn(groups).map(([name, row]) => [
      name,
      {
        description: (describe === 'sweeper' ? row.sweepDescription : undefined) ?? row.description,
        value: 'VALUE',
        group: HEADINGS[row.group],
        ...(row.default ? { default: row.default } : {}),
        ...(row.choices ? { choices: row.choices } : {}),
      },
    ]),
  );
}

/** Inputs that came as flags. */
export interface FlagSource extends InputSource {
  /** Flags that are no inputs, by name: the text of one with a value, true for a switch. */
  own: Readonly<Record<string, string | boolean | undefined>>;
  /** A word that belongs to no flag. */
  strayWords: boolean;
}

/** Says that a word belongs to no flag. The word is not repeated: it may be a secret whose flag was forgotten. */
export const STRAY_WORD = 'A word belongs to no flag; give each choice as --name value.';

/**
 * Reads inputs of some groups, and flags of the command's own, from arguments. It is not strict: an unknown flag is a
 * problem of the inputs, to be reported with all others. GITHUB_TOKEN stands in for `github-token`.
 */
export function inputsFromFlags(
  args: string[],
  { groups, own }: { groups: readonly InputGroup[]; own: Flags },
  env: InputSource['env'],
): FlagSource {
  const inputs = Object.fromEntries(spellingsIn(groups).map((name) => [name, { type: 'string' as const }]));
  const options = { ...inputs, ...optionsOf(own) };
  const { values, positionals } = parseArgs({ args, options, strict: false, allowPositionals: true });
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : undefined);
  return {
    get: (name) => text(name) ?? (name === 'github-token' ? env.GITHUB_TOKEN : undefined),
    given: Object.keys(values).filter((name) => !(name in own)),
    env,
    own: Object.fromEntries(Object.keys(own).map((name) => [name, values[name]])),
    // The value of a flag that is not known looks the same, and that flag is a problem already.
    strayWords: positionals.length > 0 && Object.keys(values).every((name) => name in options),
  };
}
