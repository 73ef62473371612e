/** Merge keys of the lists in a PodSpec (the API's patchMergeKey tags); any other list is replaced as a whole. */
const MERGE_KEYS: Record<string, string> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
  ports: 'containerPort',
  imagePullSecrets: 'name',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
};

type Json = Record<string, unknown>;

/** Lays a user's PodSpec over a preset, as a strategic merge patch does: maps by field, keyed lists by item. */
export function mergePodSpec(preset: Json, user: Json): Json {
  const merged: Json = { ...preset };
  for (const [name, value] of Object.entries(user)) {
    if (value === null) delete merged[name];
    else merged[name] = mergeField(name, merged[name], value);
  }
  return merged;
}

function mergeField(name: string, preset: unknown, user: unknown): unknown {
  const key = MERGE_KEYS[name];
  if (Array.isArray(user) && Array.isArray(preset) && key) {
    const items = [...(preset as Json[])];
    for (const item of user as Json[]) {
      const at = items.findIndex((one) => one[key] === item[key]);
      if (at === -1) items.push(item);
      else items[at] = mergePodSpec(items[at] as Json, item);
    }
    return items;
  }
  if (isMap(preset) && isMap(user)) return mergePodSpec(preset, user);
  return user;
}

function isMap(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
