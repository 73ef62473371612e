import type { Json, ListNode, TypeNode } from '../types.ts';
import { entryType, isObject, resolve } from '../types.ts';
import type { FieldSet } from './fieldset.ts';
import { emptySet, hasMember } from './fieldset.ts';
import { indexItems, itemElement } from './walk.ts';

/** `live` with `config` laid over it: maps and map lists merge, everything else is taken from `config` where it is set. */
export function merge(live: Json, config: Json, type: TypeNode): Json {
  if (config === undefined) return live;
  if (live === undefined || live === null) return config;
  const node = resolve(type, config === null ? live : config);
  // A granular map or list that is applied as null says nothing of what others have put into it.
  if (config === null) return isGranular(node) && Object.keys(live).length > 0 ? live : null;
  if (node.kind === 'map' && !node.atomic && isObject(live) && isObject(config)) {
    const merged: Record<string, Json> = { ...live };
    for (const [name, value] of Object.entries(config)) {
      const inner = entryType(node, name);
      merged[name] = inner ? merge(live[name], value, inner) : value;
    }
    return merged;
  }
  if (node.kind === 'list' && node.relation !== 'atomic' && Array.isArray(live) && Array.isArray(config)) {
    return mergeItems(live, config, node);
  }
  return config;
}

const isGranular = (node: TypeNode): boolean =>
  (node.kind === 'map' && !node.atomic) || (node.kind === 'list' && node.relation !== 'atomic');

/**
 * Order of a merged list as structured-merge-diff has it: the configuration's own order for its items, the live items
 * that it does not name in between, where they were. Of live items with the same key (which an update can leave behind)
 * the first stays.
 */
function mergeItems(live: Json[], config: Json[], node: ListNode): Json[] {
  const liveItems = indexItems(node, live);
  const configItems = indexItems(node, config);
  const left = [...liveItems.keys()];
  const right = [...configItems.keys()];
  const shared = right.filter((element) => liveItems.has(element));
  const done = new Set<string>();
  const merged: Json[] = [];
  const take = (element: string) => {
    done.add(element);
    merged.push(merge(liveItems.get(element), configItems.get(element), node.element));
    if (shared[0] === element) shared.shift();
  };
  let [l, r] = [0, 0];
  while (l < left.length || r < right.length) {
    const [a, b] = [left[l], right[r]];
    if (a !== undefined && a === b) {
      take(a);
      l += 1;
      r += 1;
    } else if (a !== undefined && !configItems.has(a)) {
      take(a);
      l += 1;
    } else if (a !== undefined && (done.has(a) || (b !== undefined && shared[0] !== undefined && shared[0] !== a))) {
      l += 1;
    } else if (b !== undefined) {
      take(b);
      r += 1;
    } else {
      l += 1;
    }
  }
  return merged;
}

/** `value` without the members of `set`; a container that loses everything becomes null, as upstream. */
export function removeFields(value: Json, set: FieldSet, type: TypeNode): Json {
  const node = resolve(type, value);
  if (node.kind === 'map' && isObject(value)) {
    if (node.atomic) return null;
    const kept: Record<string, Json> = {};
    for (const [name, inner] of Object.entries(value)) {
      const element = `f:${name}`;
      if (hasMember(set, element)) continue;
      const below = set.children.get(element);
      const innerType = entryType(node, name);
      kept[name] = below && innerType ? removeFields(inner, below, innerType) : inner;
    }
    return Object.keys(kept).length > 0 ? kept : null;
  }
  if (node.kind === 'list' && Array.isArray(value)) {
    if (node.relation === 'atomic') return null;
    const kept = value.flatMap((item) => {
      const element = itemElement(node, item);
      if (typeof element !== 'string') return [item];
      if (hasMember(set, element)) return [];
      const below = set.children.get(element);
      return [below ? removeFields(item, below, node.element) : item];
    });
    return kept.length > 0 ? kept : null;
  }
  return value;
}

/** `set` with every declared field on the way to a member as a member itself. */
export function withNamedParents(set: FieldSet, type: TypeNode | undefined): FieldSet {
  const result = emptySet();
  result.member = set.member;
  for (const [element, child] of set.children) {
    const inner = childType(type, element);
    const next = withNamedParents(child, inner.type);
    if (child.member || inner.declared) next.member = true;
    result.children.set(element, next);
  }
  return result;
}

function childType(type: TypeNode | undefined, element: string): { type: TypeNode | undefined; declared: boolean } {
  if (!type || type.kind === 'any') return { type, declared: false };
  if (type.kind === 'list') return { type: type.element, declared: false };
  if (type.kind === 'scalar') return { type: undefined, declared: false };
  const declared = element.startsWith('f:') ? type.field(element.slice(2)) : undefined;
  return { type: declared ?? type.rest ?? undefined, declared: declared !== undefined };
}
