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
 * input that it states rightly. An input that it lacks comes behind the one before it in `inputs`. Throws an Error for a file
 * without `inputs`.
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
  let [whole, last] = [`${current.trimEnd()}\n`, ''];
  for (const [name, input] of Object.entries(inputs)) {
    if (!found.has(name)) whole = behind(whole, last, entry(name, input));
    last = name;
  }
  return [before, whole, '\n', after].join('');
}

/** The section with one entry more, behind that of `name`, or first where there is no such entry. */
function behind(section: string, name: string, added: string): string {
  const match = [...section.matchAll(ENTRY)].find(([, found]) => found === name);
  const at = match ? match.index + match[0].length : 0;
  return section.slice(0, at) + added + section.slice(at);
}

function same(stated: StatedInput, wanted: StatedInput): boolean {
  return stated.description === wanted.description && stated.default === wanted.default;
}

function entry(name: string, input: StatedInput): string {
  return stringify({ [name]: input }, { lineWidth: 118 }).replace(/^(?=.)/gm, '  ');
}
