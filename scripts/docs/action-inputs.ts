import { parse, stringify } from 'yaml';

/** What an action file states of an input. */
export interface StatedInput {
  description: string;
  /** Left out when there is no default. */
  default?: string;
}

/** An input of an action file: its name and the lines below it. */
const ENTRY = /^ {2}([\w-]+):\n((?: {4}.*\n)+)/gm;

/**
 * The text of an action file whose `inputs` are these. The file keeps its order, its comments, and the lines of every
 * input that it states rightly. An input that it lacks comes last. Throws an Error for a file without `inputs`.
 */
export function withInputs(text: string, inputs: Readonly<Record<string, StatedInput>>): string {
  const [, before, section, after] = /^([\s\S]*^inputs:\n)((?: .*\n|\n)*)([\s\S]*)$/m.exec(text) ?? [];
  if (before === undefined || section === undefined || after === undefined) {
    throw new Error('An action file needs a section "inputs".');
  }
  const found = new Set<string>();
  const current = section.replace(ENTRY, (lines: string, name: string, body: string) => {
    const wanted = inputs[name];
    if (!wanted) return '';
    found.add(name);
    return same(parse(body) as StatedInput, wanted) ? lines : entry(name, wanted);
  });
  const missing = Object.entries(inputs).filter(([name]) => !found.has(name));
  return [before, current.trimEnd(), '\n', ...missing.map(([name, input]) => entry(name, input)), '\n', after].join('');
}

function same(stated: StatedInput, wanted: StatedInput): boolean {
  return stated.description === wanted.description && stated.default === wanted.default;
}

function entry(name: string, input: StatedInput): string {
  return stringify({ [name]: input }, { lineWidth: 118 }).replace(/^(?=.)/gm, '  ');
}
