import { fieldsOf, readingOf } from './reading.ts';
import { rowOf } from './spec.ts';

/** Inputs that a comment may set. None of them names a file, an identity, a cluster or an amount of money. */
export const COMMAND_OPTIONS = ['base-replicas', 'pairs', 'max-slowdown', 'target-speedup'] as const;

/** The inputs that a command sets, or one sentence for the author of a refused command. */
export type MeasureCommand = { options: Readonly<Record<string, string>> } | { refusal: string };

const TAKES = `\`/measure\` takes ${COMMAND_OPTIONS.map((name) => `\`${name}\``).join(', ')}, each once as \`name=value\`.`;

/**
 * The command in a comment; null for any other comment. Anybody can write one: a refusal repeats nothing of it but
 * names and values of letters, digits, dots, hyphens and percent signs.
 */
export function measureCommand(body: string): MeasureCommand | null {
  const text = body.trim();
  if (!/^\/measure(?!\S)/.test(text)) return null;
  if (/[\r\n]/.test(text)) return { refusal: '`/measure` stands alone in its comment, on one line.' };
  const options: Record<string, string> = {};
  for (const word of text.split(/\s+/).slice(1)) {
    const [, name = '', value = ''] = /^([a-z-]{1,32})=([\w.%-]{1,32})$/.exec(word) ?? [];
    const known = COMMAND_OPTIONS.find((each) => each === name);
    if (!known || Object.hasOwn(options, known)) return { refusal: TAKES };
    options[known] = value;
  }
  const problem = problemOf(options);
  return problem === undefined ? { options } : { refusal: problem };
}

/** What the parser of an input has against its value. */
function problemOf(options: Readonly<Record<string, string>>): string | undefined {
  const problems = new Set<string>();
  const reading = readingOf(
    { get: (name) => options[name], given: [], env: {} },
    ['stack', 'target', 'load'],
    problems,
  );
  for (const name of Object.keys(options)) fieldsOf(name, rowOf(name), reading);
  return [...problems][0];
}
