import { HARDENING_KINDS, HARDENING_LINES } from './guard-hardening.ts';
import { KIND_LINES, REVIEWED_KINDS as STACK_KINDS } from './guard-kinds.ts';
import { POD_LINES } from './guard-pods.ts';

/**
 * A type of the reviewed table. A line has its fields as `name:type`, separated by blanks; `-name` is a field that the
 * schema has and a pull request may not set. Types: `s` text, `n` number, `b` boolean, `q` number or text, `?`
 * anything, `Name` another line, `[T]` a list, `{T}` a map. `@rule` behind a type names a rule of `guard-values.ts` for
 * its value. `npm run guard:fields` shows what the schemas have and no line has.
 */
export type FieldType = { rule: string | null } & (
  | { form: 'scalar' | 'any' }
  | { form: 'list' | 'map'; of: FieldType }
  | { form: 'object'; line: string }
);

export interface FieldLine {
  allowed: ReadonlyMap<string, FieldType>;
  refused: ReadonlySet<string>;
}

/** Every kind whose fields have been reviewed: of a stack, and of the components beside it. */
export const REVIEWED_KINDS = [...STACK_KINDS, ...HARDENING_KINDS] as const;

const ALL_LINES: Readonly<Record<string, string>> = { ...KIND_LINES, ...HARDENING_LINES };

const UNREVIEWED = 'Unreviewed';

/** The reviewed lines by the name of their type. Throws a TypeError when a line names a type that has none. */
export const FIELD_LINES: ReadonlyMap<string, FieldLine> = new Map(
  Object.entries({ ...POD_LINES, ...ALL_LINES, ...roots() }).map(([name, line]) => [name, parseLine(line)]),
);

/** What every object has, before the fields of its kind; of a kind without a review that is all. */
function roots(): Record<string, string> {
  const own = 'apiVersion:s kind:s metadata:ObjectMeta';
  const reviewed = REVIEWED_KINDS.map(({ line }) => [line, `${own} ${ALL_LINES[line]}`]);
  return { ...Object.fromEntries(reviewed), [UNREVIEWED]: own };
}

function parseLine(line: string): FieldLine {
  const allowed = new Map<string, FieldType>();
  const refused = new Set<string>();
  for (const word of line.split(' ')) {
    const colon = word.lastIndexOf(':');
    if (word.startsWith('-')) refused.add(word.slice(1));
    else allowed.set(word.slice(0, colon), parseType(word.slice(colon + 1)));
  }
  return { allowed, refused };
}

function parseType(text: string): FieldType {
  const [, open, inner = '', , name = '', rule = null] =
    /^(?:([[{])(.+)([\]}])|([A-Za-z]+|\?))(?:@([A-Za-z]+))?$/.exec(text) ?? [];
  if (open) return { form: open === '[' ? 'list' : 'map', of: parseType(inner), rule };
  if (name === '?') return { form: 'any', rule };
  if (/^[snbq]$/.test(name)) return { form: 'scalar', rule };
  return { form: 'object', line: name, rule };
}

/** The line of an object of the kind and group. */
export function rootLine(kind: string, group: string): string {
  return REVIEWED_KINDS.find((each) => each.kind === kind && each.group === group)?.line ?? UNREVIEWED;
}

/** The line of a type. Throws a TypeError for a name that the table lacks. */
export function lineOf(name: string): FieldLine {
  const line = FIELD_LINES.get(name);
  if (!line) throw new TypeError(`the guard has no line for ${name}`);
  return line;
}

/** Groups in which a kind has been reviewed: what its name alone stands for in the inputs. */
export function groupsOf(kind: string): string[] {
  return REVIEWED_KINDS.filter((each) => each.kind === kind).map(({ group }) => group);
}
