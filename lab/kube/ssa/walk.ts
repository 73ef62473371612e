import type { Json, ListNode, MapNode, TypeNode } from '../types.ts';
import { entryType, equalJson, isObject, resolve } from '../types.ts';
import type { FieldSet } from './fieldset.ts';
import { elementText, emptySet, insert } from './fieldset.ts';

/** A value does not fit the schema; the text is what structured-merge-diff prints for it. */
export interface SchemaMismatch {
  path: string;
  message: string;
}

/** The path element of a map list's or set's item; an error text when its keys are missing. */
export function itemElement(list: ListNode, item: Json): string | { error: string } {
  if (list.relation === 'set') {
    if (isObject(item)) return { error: "associative list without keys has an element that's a map type" };
    if (Array.isArray(item)) return { error: 'not supported: associative list with lists as elements' };
    if (item === null) return { error: "associative list without keys has an element that's an explicit null" };
    return `v:${JSON.stringify(item)}`;
  }
  if (item === null) return { error: 'associative list with keys may not have a null element' };
  if (!isObject(item)) return { error: 'associative list with keys may not have non-map elements' };
  const keys: Record<string, Json> = {};
  for (const key of [...list.keys].sort()) {
    const value = item[key] ?? list.keyDefaults[key];
    if (value !== undefined) keys[key] = value;
  }
  if (Object.keys(keys).length === 0) {
    const missing = `associative list with keys has an element that omits all key fields ${goStrings(list.keys)}`;
    return { error: `${missing} (and doesn't have default values for any key fields)` };
  }
  return `k:${JSON.stringify(keys)}`;
}

const goStrings = (texts: string[]): string => `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;

/** Items of a map list or set by their element, the first of duplicates; items without an element are left out. */
export function indexItems(list: ListNode, items: readonly Json[] | null | undefined): Map<string, Json> {
  const index = new Map<string, Json>();
  for (const item of items ?? []) {
    const element = itemElement(list, item);
    if (typeof element === 'string' && !index.has(element)) index.set(element, item);
  }
  return index;
}

/** Where a value breaks its type: undeclared fields, wrong types, missing or repeated keys. */
export function checkValue(value: Json, type: TypeNode, allowDuplicates: boolean, path = ''): SchemaMismatch[] {
  if (value === null || value === undefined) return [];
  const node = resolve(type, value);
  if (node.kind === 'scalar') return checkScalar(value, node.scalar, path);
  if (node.kind === 'map') {
    if (!isObject(value)) return [{ path, message: `expected map, got ${shown(value)}` }];
    return Object.entries(value).flatMap(([name, inner]) => {
      const innerType = entryType(node, name);
      const at = `${path}.${name}`;
      if (!innerType) return [{ path: at, message: 'field not declared in schema' }];
      return checkValue(inner, innerType, allowDuplicates, at);
    });
  }
  if (!Array.isArray(value)) return [{ path, message: `expected list, got ${shown(value)}` }];
  const seen = new Set<string>();
  return value.flatMap((item, index) => {
    let at = `[${index}]`;
    const found: SchemaMismatch[] = [];
    if (node.relation !== 'atomic') {
      const element = itemElement(node, item);
      if (typeof element !== 'string') return [{ path, message: `element ${index}: ${element.error}` }];
      at = elementText(element);
      if (seen.has(element) && !allowDuplicates) found.push({ path, message: `duplicate entries for key ${at}` });
      seen.add(element);
    }
    return [...found, ...checkValue(item, node.element, allowDuplicates, path + at)];
  });
}

function checkScalar(value: Json, scalar: string, path: string): SchemaMismatch[] {
  const is = typeof value;
  if (scalar === 'any' ? is !== 'object' : is === scalar) return [];
  if (scalar === 'number') return [{ path, message: `expected numeric (int or float), got ${goType(value)}` }];
  if (scalar === 'any') return [{ path, message: `expected any scalar, got ${shown(value)}` }];
  if (scalar === 'string') {
    return [{ path, message: `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}` }];
  }
  return [{ path, message: `expected ${scalar}, got ${shown(value)}` }];
}

// Values as Go prints them (%v, %T, %#v): people search for these messages.
const shown = (value: Json): string => `&{${goText(value)}}`;

function goText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isObject(value)) return value === null ? '<nil>' : String(value);
  const keys = Object.keys(value).sort();
  return `map[${keys.map((key) => `${key}:${goText(value[key])}`).join(' ')}]`;
}

function goType(value: Json): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isObject(value)) return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function goSyntax(value: Json): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (!isObject(value)) return value === null ? 'interface {}(nil)' : JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `map[string]interface {}{${keys.map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`).join(', ')}}`;
}

/** The fields that a configuration sets: what an apply owns. */
export function fieldsOf(value: Json, type: TypeNode): FieldSet {
  const set = emptySet();
  collect(value, type, [], set);
  return set;
}

function collect(value: Json, type: TypeNode, path: string[], set: FieldSet): void {
  const node = resolve(type, value);
  if (node.kind === 'scalar' || (node.kind === 'map' && node.atomic) || isAtomicList(node)) {
    insert(set, path);
  } else if (node.kind === 'map') {
    if (isObject(value)) collectEntries(value, node, path, set);
  } else if (Array.isArray(value)) {
    for (const [element, item] of indexItems(node, value)) {
      collect(item, node.element, [...path, element], set);
      insert(set, [...path, element]);
    }
  }
}

function collectEntries(value: Record<string, Json>, node: MapNode, path: string[], set: FieldSet): void {
  for (const [name, inner] of Object.entries(value)) {
    const at = [...path, `f:${name}`];
    const declared = node.field(name);
    const type = declared ?? node.rest;
    if (type) collect(inner, type, at, set);
    const bare = inner === null || (isObject(inner) && Object.keys(inner).length === 0);
    if (bare || !declared) insert(set, at);
  }
}

const isAtomicList = (node: TypeNode): boolean => node.kind === 'list' && node.relation === 'atomic';

export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

/** Which fields were added, changed and removed from `before` to `after`. */
export function compare(before: Json, after: Json, type: TypeNode): Comparison {
  const found: Comparison = { added: emptySet(), modified: emptySet(), removed: emptySet() };
  compareAt(before, after, type, [], found);
  return found;
}

function compareAt(before: Json, after: Json, type: TypeNode, path: string[], found: Comparison): void {
  const node = resolve(type, after === undefined || after === null ? before : after);
  const leaf =
    node.kind === 'scalar' ||
    (node.kind === 'map' && node.atomic) ||
    isAtomicList(node) ||
    (isBare(before) && isBare(after)) ||
    differentShapes(before, after);
  if (leaf) {
    if (before === undefined) insert(found.added, path);
    else if (after === undefined) insert(found.removed, path);
    else if (!equalJson(before, after)) insert(found.modified, path);
    return;
  }
  if (node.kind === 'map') {
    const [b, a] = [isObject(before) ? before : {}, isObject(after) ? after : {}];
    for (const name of new Set([...Object.keys(b), ...Object.keys(a)])) {
      const inner = entryType(node, name);
      if (inner) compareAt(b[name], a[name], inner, [...path, `f:${name}`], found);
    }
  } else if (node.kind === 'list') {
    const [b, a] = [indexItems(node, before), indexItems(node, after)];
    for (const element of new Set([...b.keys(), ...a.keys()])) {
      compareAt(b.get(element), a.get(element), node.element, [...path, element], found);
    }
  }
  if (before === undefined) insert(found.added, path);
  else if (after === undefined) insert(found.removed, path);
}

/** Absent, null or without content: compared as a whole, which keeps the difference between empty and absent. */
function isBare(value: Json): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

function differentShapes(before: Json, after: Json): boolean {
  if (before === undefined || after === undefined || before === null || after === null) return false;
  return Array.isArray(before) !== Array.isArray(after) || isObject(before) !== isObject(after);
}
