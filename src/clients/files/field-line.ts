import { type Document, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';

type Path = readonly (string | number)[];

/**
 * Where a field begins in the text, as an offset: its key, or the item of a list. Of the nearest one above it where the field
 * itself is not there. Null where the document has not even the first.
 */
export function offsetOf({ contents }: Document, path: Path): number | null {
  let node: unknown = contents;
  let offset: number | null = null;
  for (const step of path) {
    const next = child(node, step);
    if (!next) break;
    offset = next.offset ?? offset;
    node = next.value;
  }
  return offset;
}

function child(node: unknown, step: string | number): { value: unknown; offset: number | null } | null {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => keyOf(key) === String(step));
    return pair ? { value: pair.value, offset: startOf((pair as Pair<Node>).key) } : null;
  }
  if (!isSeq(node) || typeof step !== 'number') return null;
  const value = node.items[step];
  return value === undefined ? null : { value, offset: startOf(value) };
}

const keyOf = (key: unknown) => String(isScalar(key) ? key.value : key);
const startOf = (node: unknown) => (node as Partial<Node> | null)?.range?.[0] ?? null;

/**
 * A field as API servers name it, as a path into the object: `spec.replicas`, `.spec.template.containers[0].name`,
 * `.spec.ports[port=80,protocol="TCP"]` of server-side apply, `metadata.labels[app.kubernetes.io/name]`. Keys may hold points
 * and need no quotes, so the longest key that the object has wins. The last steps need not exist.
 */
export function pathIn(object: unknown, field: string): (string | number)[] {
  const path: (string | number)[] = [];
  let value = object;
  let rest = field.replace(/^\$?\.?/, '');
  while (rest !== '' && path.length < MOST_STEPS) {
    const step = rest.startsWith('[') ? inBrackets(value, rest) : byKey(value, rest);
    path.push(step.key);
    value = value !== null && typeof value === 'object' ? Reflect.get(value, step.key) : undefined;
    rest = rest.slice(step.length).replace(/^\./, '');
  }
  return path;
}

const MOST_STEPS = 100;

interface Step {
  key: string | number;
  /** How much of the text names it. */
  length: number;
}

function byKey(value: unknown, rest: string): Step {
  const ends = (key: string) => ['', '.', '['].includes(rest.charAt(key.length));
  const known = value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.keys(value) : [];
  const [best] = known
    .filter((key) => key !== '' && rest.startsWith(key) && ends(key))
    .sort((a, b) => b.length - a.length);
  const key = best ?? /^[^.[]+/.exec(rest)?.[0] ?? rest;
  return { key, length: key.length };
}

function inBrackets(value: unknown, rest: string): Step {
  const [whole, inner = ''] = /^\[("(?:[^"\\]|\\.)*"|[^\]]*)\]?/.exec(rest) ?? [rest, rest];
  const [full, keys] = /^\[((?:[\w-]+=(?:"[^"]*"|[^,\]]*),?)+)\]/.exec(rest) ?? [];
  if (full && keys && Array.isArray(value)) {
    const wanted = [...keys.matchAll(/([\w-]+)=("[^"]*"|[^,]*)/g)].map(([, key = '', text = '']) => [key, plain(text)]);
    const fits = (item: unknown) => wanted.every(([key = '', text]) => text === String(Object(item)[key]));
    const index = value.findIndex(fits);
    return { key: index < 0 ? full : index, length: full.length };
  }
  return { key: Array.isArray(value) && /^\d+$/.test(inner) ? Number(inner) : plain(inner), length: whole.length };
}

const plain = (text: string) => text.replace(/^"(.*)"$/s, '$1');
