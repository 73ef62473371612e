import type { Json, JsonObject } from '../types.ts';

/**
 * A set of field paths, as managedFields records it. A path element is in its wire form: `f:name`, `k:{"name":"a"}`
 * (item of a map list), `v:"a"` (item of a set), `i:0`. Sets are values: every operation returns a new one.
 */
export interface FieldSet {
  /** The path that leads here belongs to the set itself, not only something below it. */
  member: boolean;
  children: Map<string, FieldSet>;
}

export const emptySet = (): FieldSet => ({ member: false, children: new Map() });

export function isEmpty(set: FieldSet): boolean {
  if (set.member) return false;
  for (const child of set.children.values()) if (!isEmpty(child)) return false;
  return true;
}

/** Adds a path in place; used while a set is being built. */
export function insert(set: FieldSet, path: readonly string[]): void {
  let node = set;
  for (const element of path) {
    let next = node.children.get(element);
    if (!next) {
      next = emptySet();
      node.children.set(element, next);
    }
    node = next;
  }
  node.member = true;
}

export function setOf(...paths: string[][]): FieldSet {
  const set = emptySet();
  for (const path of paths) insert(set, path);
  return set;
}

export const hasMember = (set: FieldSet, element: string): boolean => set.children.get(element)?.member ?? false;

export function union(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map(a.children);
  for (const [element, child] of b.children) {
    const other = children.get(element);
    children.set(element, other ? union(other, child) : child);
  }
  return { member: a.member || b.member, children };
}

/** Paths of `a` that are not in `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return combine(a, (element, child) => {
    const other = b.children.get(element);
    return other ? { ...difference(child, other), member: child.member && !other.member } : child;
  });
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return combine(a, (element, child) => {
    const other = b.children.get(element);
    return other ? { ...intersection(child, other), member: child.member && other.member } : emptySet();
  });
}

/** `a` without the paths of `b` and everything below them. */
export function withoutSubtrees(a: FieldSet, b: FieldSet): FieldSet {
  return combine(a, (element, child) => {
    const other = b.children.get(element);
    if (!other) return child;
    return other.member ? emptySet() : withoutSubtrees(child, other);
  });
}

function combine(a: FieldSet, keep: (element: string, child: FieldSet) => FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of a.children) {
    const kept = keep(element, child);
    if (!isEmpty(kept)) children.set(element, kept);
  }
  return { member: a.member, children };
}

/** Every path of the set, parents before children, in wire order. */
export function paths(set: FieldSet, prefix: readonly string[] = []): string[][] {
  const found: string[][] = set.member && prefix.length > 0 ? [[...prefix]] : [];
  for (const [element, child] of sortedChildren(set)) found.push(...paths(child, [...prefix, element]));
  return found;
}

/** `.spec.containers[name="main"].image`, as error messages print a path. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

export function elementText(element: string): string {
  const content = element.slice(2);
  if (element.startsWith('f:')) return `.${content}`;
  if (element.startsWith('v:')) return `[=${content}]`;
  if (element.startsWith('i:')) return `[${content}]`;
  const keys = Object.entries(JSON.parse(content) as JsonObject);
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
}

/** FieldsV1 of a set. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const fields: JsonObject = {};
  for (const [element, child] of sortedChildren(set)) {
    const below = toFieldsV1(child);
    fields[element] = child.member && child.children.size > 0 ? { '.': {}, ...below } : below;
  }
  return fields;
}

/** A set from FieldsV1; what is not an object counts as empty. */
export function fromFieldsV1(fields: Json): FieldSet {
  const set = emptySet();
  for (const [element, below] of Object.entries((fields ?? {}) as JsonObject)) {
    if (element === '.') continue;
    const child = fromFieldsV1(below);
    const keys = Object.keys(below ?? {});
    child.member = keys.length === 0 || keys.includes('.');
    set.children.set(element, child);
  }
  return set;
}

function sortedChildren(set: FieldSet): [string, FieldSet][] {
  return [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));
}
