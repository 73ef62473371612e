import { badRequest } from './status.ts';
import type { Json, JsonObject, ListNode, TypeNode } from './types.ts';
import { entryType, equalJson, isObject, resolve } from './types.ts';

/** Patch merge keys where they differ from the keys of server-side apply (struct tags in k8s.io/api). */
const MERGE_KEY: Record<string, string> = {
  'containerPort,protocol': 'containerPort',
  'port,protocol': 'port',
  'topologyKey,whenUnsatisfiable': 'topologyKey',
};

/**
 * Strategic merge patch: like a JSON merge patch, but lists with a merge key are merged item by item, and the directives
 * `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…` and `$setElementOrder/…` are honoured.
 * https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export function strategicMerge(target: Json, patch: Json, type: TypeNode | undefined): Json {
  if (!isObject(patch)) return patch;
  if (patch.$patch === 'replace') return without(patch, ['$patch']);
  if (patch.$patch === 'delete') return {};
  if (patch.$patch !== undefined && patch.$patch !== 'merge')
    throw badRequest(`Unknown patch type found: ${patch.$patch}`);
  const node = type && resolve(type, patch);
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  const retain = patch.$retainKeys as string[] | undefined;
  if (retain) for (const name of Object.keys(merged)) if (!retain.includes(name)) delete merged[name];
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith('$')) continue;
    const inner = node?.kind === 'map' ? entryType(node, name) : undefined;
    if (value === null) delete merged[name];
    else if (Array.isArray(value)) merged[name] = mergeList(merged[name], value, inner);
    else merged[name] = strategicMerge(merged[name], value, inner);
  }
  for (const [name, value] of Object.entries(patch)) {
    const [directive, field] = name.split('/', 2);
    if (!field) continue;
    if (directive === '$deleteFromPrimitiveList') {
      merged[field] = (merged[field] ?? []).filter((item: Json) => !value.includes(item));
    }
    const inner = node?.kind === 'map' ? entryType(node, field) : undefined;
    if (directive === '$setElementOrder' && merged[field]) merged[field] = inOrder(merged[field], value, inner);
  }
  return merged;
}

function mergeList(target: Json, patch: Json[], type: TypeNode | undefined): Json[] {
  const live: Json[] = Array.isArray(target) ? [...target] : [];
  if (type?.kind !== 'list' || type.relation === 'atomic') return patch;
  if (patch.some((item) => isObject(item) && item.$patch === 'replace')) {
    return patch.filter((item) => item.$patch !== 'replace');
  }
  if (type.relation === 'set') return [...live, ...patch.filter((item) => !live.includes(item))];
  const key = mergeKey(type);
  for (const item of patch) {
    if (!isObject(item) || item[key] === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const index = live.findIndex((each) => equalJson(each?.[key], item[key]));
    if (item.$patch === 'delete') {
      if (index >= 0) live.splice(index, 1);
    } else if (index >= 0) live[index] = strategicMerge(live[index], item, type.element);
    else live.push(strategicMerge({}, item, type.element));
  }
  return live;
}

/** Items in the order the patch asks for; items it does not name keep their place relative to the end. */
function inOrder(items: Json[], order: Json[], type: TypeNode | undefined): Json[] {
  const key = type?.kind === 'list' && type.relation === 'map' ? mergeKey(type) : undefined;
  const identity = (item: Json) => JSON.stringify(key ? item[key] : item);
  const rank = new Map(order.map((item, index) => [identity(item), index]));
  const place = (item: Json) => rank.get(identity(item)) ?? order.length;
  return [...items].sort((a, b) => place(a) - place(b));
}

const mergeKey = (type: ListNode): string => MERGE_KEY[type.keys.join(',')] ?? (type.keys[0] as string);

function without(value: JsonObject, names: string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}
