import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../protocol.ts';

/** Which collection: `apps/v1` + `deployments`; all versions of a group share one collection. */
export interface ResourceKey {
  group: string;
  plural: string;
}

export interface StoreEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  resource: ResourceKey;
  /** State after the change; for DELETED the last state, with the deletion's resourceVersion. */
  object: KubeObject;
  resourceVersion: number;
}

export interface StoreReader {
  /** By namespace and name. */
  list(resource: ResourceKey, namespace?: string): KubeObject[];
  get(resource: ResourceKey, namespace: string | undefined, name: string): KubeObject | undefined;
}

/**
 * The lab's etcd: objects by collection, namespace and name, one revision counter, a bounded history for watches.
 * Objects that go in and come out are copies. `update` keeps uid and creationTimestamp; it raises `generation` when
 * anything but metadata and status changed or the object is marked for deletion, and is a no-op (no new revision) when nothing changed.
 */
export interface Store extends StoreReader {
  revision(): number;
  /** The stored objects themselves, for those who look often and change nothing. */
  shared: StoreReader;
  /** Throws when it exists. */
  create(resource: ResourceKey, object: KubeObject): KubeObject;
  /** Replaces the whole object; throws when it does not exist. */
  update(resource: ResourceKey, object: KubeObject): KubeObject;
  delete(resource: ResourceKey, namespace: string | undefined, name: string): KubeObject | undefined;
  /** Calls back for every change from now on; returns the unsubscribe. Called synchronously after the change. */
  subscribe(listener: (event: StoreEvent) => void): () => void;
  /** Writes of this process to the object that an API server has not answered yet; defaults are missing until then. */
  isPending?(resource: ResourceKey, namespace: string | undefined, name: string): boolean;
  /** Events after `revision`, or null when that is older than the history kept (410 Gone). */
  since(revision: number): StoreEvent[] | null;
}

export function createStore(historyLimit = 5_000): Store {
  const collections = new Map<string, Map<string, KubeObject>>();
  const listeners = new Set<(event: StoreEvent) => void>();
  const history: StoreEvent[] = [];
  let revision = 1;
  let dropped = 0;

  const collection = (resource: ResourceKey): Map<string, KubeObject> => {
    const key = `${resource.group}/${resource.plural}`;
    let found = collections.get(key);
    if (!found) {
      found = new Map();
      collections.set(key, found);
    }
    return found;
  };
  const keyOf = (namespace: string | undefined, name: string) => `${namespace ?? ''}/${name}`;
  const emit = (type: StoreEvent['type'], resource: ResourceKey, object: KubeObject) => {
    const event: StoreEvent = { type, resource, object: copyJson(object), resourceVersion: revision };
    history.push(event);
    if (history.length > historyLimit) dropped = (history.shift() as StoreEvent).resourceVersion;
    for (const listener of [...listeners]) listener(event);
  };
  const stamp = (object: KubeObject) => {
    revision += 1;
    object.metadata.resourceVersion = String(revision);
  };

  const shared: StoreReader = {
    list(resource, namespace) {
      return [...collection(resource).values()]
        .filter((object) => namespace === undefined || object.metadata.namespace === namespace)
        .sort((a, b) =>
          keyOf(a.metadata.namespace, a.metadata.name) < keyOf(b.metadata.namespace, b.metadata.name) ? -1 : 1,
        );
    },
    get: (resource, namespace, name) => collection(resource).get(keyOf(namespace, name)),
  };

  return {
    revision: () => revision,
    shared,
    list: (resource, namespace) => shared.list(resource, namespace).map(copyJson),
    get(resource, namespace, name) {
      const found = shared.get(resource, namespace, name);
      return found && copyJson(found);
    },
    create(resource, given) {
      const object = copyJson(given);
      const key = keyOf(object.metadata.namespace, object.metadata.name);
      if (collection(resource).has(key)) throw new Error(`${resource.plural} "${object.metadata.name}" already exists`);
      object.metadata.uid = randomUUID();
      object.metadata.creationTimestamp ??= new Date().toISOString().replace(/\.\d+Z$/, 'Z');
      object.metadata.generation = 1;
      stamp(object);
      collection(resource).set(key, object);
      emit('ADDED', resource, object);
      return copyJson(object);
    },
    update(resource, given) {
      const object = copyJson(given);
      const key = keyOf(object.metadata.namespace, object.metadata.name);
      const before = collection(resource).get(key);
      if (!before) throw new Error(`${resource.plural} "${object.metadata.name}" not found`);
      object.metadata.uid = before.metadata.uid as string;
      object.metadata.creationTimestamp = before.metadata.creationTimestamp as string;
      object.metadata.generation = before.metadata.generation ?? 1;
      object.metadata.resourceVersion = before.metadata.resourceVersion as string;
      if (isDeepStrictEqual(before, object)) return copyJson(before);
      const isMarked = object.metadata.deletionTimestamp && !before.metadata.deletionTimestamp;
      if (isMarked || !isDeepStrictEqual(desired(before), desired(object))) object.metadata.generation += 1;
      stamp(object);
      collection(resource).set(key, object);
      emit('MODIFIED', resource, object);
      return copyJson(object);
    },
    delete(resource, namespace, name) {
      const key = keyOf(namespace, name);
      const found = collection(resource).get(key);
      if (!found) return undefined;
      collection(resource).delete(key);
      stamp(found);
      emit('DELETED', resource, found);
      return copyJson(found);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    since(from) {
      if (from < dropped) return null;
      return history.filter((event) => event.resourceVersion > from);
    },
  };
}

function desired(object: KubeObject): unknown {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}

/** Copies what JSON can hold: members that are undefined are left out. Several times as fast as `structuredClone`. */
function copyJson<Value>(value: Value): Value {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(copyJson) as Value;
  const copy: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== undefined) copy[key] = copyJson(inner);
  }
  return copy as Value;
}
