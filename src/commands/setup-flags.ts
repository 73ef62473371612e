import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isFolder } from '../clients/files/config-file.ts';
import { packageRootOf } from '../clients/runner/identity.ts';
import { ANSWER_ROWS, type AnswerName, type Answers, checkedAnswers } from '../init/answers.ts';
import { nearest } from '../lib/suggest.ts';
import { type Flags, optionsOf } from './command.ts';
import { STRAY_WORD } from './input-flags.ts';

/** Names of inputs that mean the same as a flag here. */
const SAME: Readonly<Record<string, AnswerName>> = { 'project-id': 'project', 'node-pool': 'pool' };

/** The flags of what `init` asks. */
export const ANSWER_FLAGS: Flags = Object.fromEntries(
  Object.values(ANSWER_ROWS).map(({ flag, value, description }) => [flag, { value, description }]),
);

/** The flag of the folder that both commands look at. */
export const CHECKOUT_FLAG = {
  checkout: { value: 'FOLDER', description: 'Checkout of your repository. Default: the current folder.' },
} as const;

export interface SetupFlags {
  given: Partial<Answers>;
  /** Folder of the checkout; null for the current one. */
  checkout: string | null;
  /** Switches of the command's own that are given. */
  switches: ReadonlySet<string>;
}

/**
 * The folder of the checkout, or a sentence on why it cannot be used. The gate's own folder, in which `npm run gate` runs, is
 * nobody's checkout.
 */
export async function checkoutOf({ checkout }: SetupFlags): Promise<{ root: string } | { problem: string }> {
  const root = resolve(checkout ?? '.');
  if (!(await isFolder(root))) return { problem: `--checkout is "${checkout}", which is not a folder.` };
  if (checkout === null && root === packageRootOf(process.argv[1] ?? '')) {
    return { problem: "This is the gate's own folder; give your repository as --checkout FOLDER." };
  }
  return { root };
}

/** Reads the flags, or returns every problem at once, each in one sentence. A stray word is not repeated. */
export function setupFlags(args: string[], own: Flags): { flags: SetupFlags } | { problems: string[] } {
  const known = { ...ANSWER_FLAGS, ...own };
  const aliases = Object.fromEntries(Object.keys(SAME).map((name) => [name, { type: 'string' as const }]));
  const options = { ...optionsOf(known), ...aliases };
  const { values, positionals } = parseArgs({ args, options, strict: false, allowPositionals: true });
  const names = Object.keys(options);
  const unknown = Object.keys(values).filter((name) => !names.includes(name));
  const problems = unknown.map((name) => {
    const near = nearest(name, names);
    return `Flag "--${name}" is not known${near ? `; did you mean "--${near}"?` : '.'}`;
  });
  if (positionals.length > 0 && unknown.length === 0) problems.push(STRAY_WORD);
  const given: Partial<Record<AnswerName, string>> = {};
  for (const [name, { flag }] of Object.entries(ANSWER_ROWS) as [AnswerName, { flag: string }][]) {
    const spellings = [flag, ...Object.keys(SAME).filter((each) => SAME[each] === name)];
    const texts = spellings.map((each) => values[each]).filter((each) => each !== undefined);
    if (texts.some((text) => typeof text !== 'string' || text === '')) problems.push(`--${flag} needs a value.`);
    else if (new Set(texts).size > 1) problems.push(`--${spellings.join(' and --')} contradict each other.`);
    else if (typeof texts[0] === 'string') given[name] = texts[0];
  }
  const { checkout = null } = values;
  if (checkout === true || checkout === '') problems.push('--checkout needs a value.');
  const checked = checkedAnswers(given);
  if ('problems' in checked) problems.push(...checked.problems);
  if (problems.length > 0 || 'problems' in checked) return { problems };
  const switches = new Set(Object.keys(own).filter((name) => values[name] === true));
  return { flags: { given: checked.answers, checkout: typeof checkout === 'string' ? checkout : null, switches } };
}
