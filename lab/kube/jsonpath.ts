import type { Json } from './types.ts';
import { isObject } from './types.ts';

type Step = (values: Json[]) => Json[];

const TOKEN = /\.([\w-]+)|\[\?\(@((?:\.[\w-]+)+)\s*==\s*["']([^"']*)["']\)\]|\[(\*|-?\d+)\]|\[['"]([^'"]+)['"]\]/gy;

/**
 * Values at a path of the kind printer columns use: fields, indexes, `[*]` and `[?(@.type=="Ready")]`. Null when the path
 * has any other construct.
 */
export function jsonPath(path: string): ((value: Json) => Json[]) | null {
  const steps: Step[] = [];
  const text = path.replaceAll('\\.', '\u0000');
  TOKEN.lastIndex = 0;
  let end = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [, field, filter, wanted, index, quoted] = match;
    if (filter !== undefined) steps.push(matching(filter.slice(1).split('.'), wanted as string));
    else if (index !== undefined) steps.push(index === '*' ? everything : at(Number(index)));
    else steps.push(named((field ?? quoted ?? '').replaceAll('\u0000', '.')));
    end = TOKEN.lastIndex;
  }
  if (end !== text.length) return null;
  return (value) => steps.reduce((values, step) => step(values), [value]);
}

const present = (values: Json[]) => values.filter((value) => value !== undefined && value !== null);
const named =
  (name: string): Step =>
  (values) =>
    present(values.map((value) => (isObject(value) ? value[name] : undefined)));
const at =
  (index: number): Step =>
  (values) =>
    present(values.map((value) => (Array.isArray(value) ? value.at(index) : undefined)));
const everything: Step = (values) =>
  present(values.flatMap((value) => (isObject(value) ? Object.values(value) : (value ?? []))));

function matching(path: string[], wanted: string): Step {
  const found = (item: Json) => path.reduce((value, name) => value?.[name], item);
  return (values) =>
    values.flatMap((value) => (Array.isArray(value) ? value.filter((item) => String(found(item)) === wanted) : []));
}
