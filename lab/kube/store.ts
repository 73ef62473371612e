import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../protocol.ts';
import { frozenCopy } from './frozen.ts';
import { equalJson } from './types.ts';

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
  /** What the change replaced; absent in a mirror of another server. */
  before?: KubeObject;
  resourceVersion: number;
}

/**
 * The lab's etcd: objects by collection, namespace and name, one revision counter, a bounded history for watches.
 * Objects that go in are copied; those that come out are the stored ones, frozen, so that reading costs nothing and
 * whoever changes one has to copy it first. `update` keeps uid and creationTimestamp; it raises `generation` when
 * anything but metadata and status changed or the object is marked for deletion, and is a no-op (no new revision) when nothing changed.
 */
export interface Store {
  /** By namespace and name. */
  list(resource: ResourceKey, namespace?: string): KubeObject[];
  get(resource: ResourceKey, namespace: string | undefined, name: string): KubeObject | undefined;
  revision(): number;
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

interface Collection {
  objects: Map<string, KubeObject>;
  /** The keys in their order; null when one has come since. */
  sorted: string[] | null;
}

export function createStore(historyLimit = 5_000): Store {
  const collections = new Map<string, Collection>();
  const listeners = new Set<(event: StoreEvent) => void>();
  const history: StoreEvent[] = [];
  let revision = 1;
  let dropped = 0;

  const collection = (resource: ResourceKey): Collection => {
    const key = `${resource.group}/${resource.plural}`;
    let found = collections.get(key);
    if (!found) {
      found = { objects: new Map(), sorted: null };
      collections.set(key, found);
    }
    return found;
  };
  const keyOf = (namespace: string | undefined, name: string) => `${namespace ?? ''}/${name}`;
  const emit = (type: StoreEvent['type'], { group, plural }: ResourceKey, object: KubeObject, before?: KubeObject) => {
    const event: StoreEvent = { type, resource: { group, plural }, object, resourceVersion: revision };
    if (before) event.before = before;
    history.push(event);
    if (history.length > historyLimit) dropped = (history.shift() as StoreEvent).resourceVersion;
    for (const listener of [...listeners]) listener(event);
  };
  const stamp = (object: KubeObject, generation?: number): KubeObject => {
    revision += 1;
    const stamps = { ...(generation === undefined ? {} : { generation }), resourceVersion: String(revision) };
    return frozenCopy({ ...object, metadata: { ...object.metadata, ...stamps } });
  };

  return {
    revision: () => revision,
    list(resource, namespace) {
      const found = collection(resource);
      found.sorted ??= [...found.objects.keys()].sort();
      const all = found.sorted.map((key) => found.objects.get(key) as KubeObject);
      return namespace === undefined ? all : all.filter(({ metadata }) => metadata.namespace === namespace);
    },
    get: (resource, namespace, name) => collection(resource).objects.get(keyOf(namespace, name)),
    create(resource, given) {
      const { namespace, name } = given.metadata;
      const key = keyOf(namespace, name);
      const found = collection(resource);
      if (found.objects.has(key)) throw new Error(`${resource.plural} "${name}" already exists`);
      const creationTimestamp = given.metadata.creationTimestamp ?? new Date().toISOString().replace(/\.\d+Z$/, 'Z');
      const metadata = { ...given.metadata, uid: randomUUID(), creationTimestamp };
      const object = stamp({ ...given, metadata }, 1);
      found.objects.set(key, object);
      found.sorted = null;
      emit('ADDED', resource, object);
      return object;
    },
    update(resource, given) {
      const key = keyOf(given.metadata.namespace, given.metadata.name);
      const { objects } = collection(resource);
      const before = objects.get(key);
      if (!before) throw new Error(`${resource.plural} "${given.metadata.name}" not found`);
      const { uid, creationTimestamp, generation = 1, resourceVersion } = before.metadata;
      const kept = { uid, creationTimestamp, generation, resourceVersion } as KubeObject['metadata'];
      const next = frozenCopy({ ...given, metadata: { ...given.metadata, ...kept } });
      if (equalJson(before, next)) return before;
      const isMarked = next.metadata.deletionTimestamp && !before.metadata.deletionTimestamp;
      const isChanged = isMarked || !equalJson(desired(before), desired(next));
      const object = stamp(next, isChanged ? generation + 1 : generation);
      objects.set(key, object);
      emit('MODIFIED', resource, object, before);
      return object;
    },
    delete(resource, namespace, name) {
      const key = keyOf(namespace, name);
      const { objects, sorted } = collection(resource);
      const before = objects.get(key);
      if (!before) return undefined;
      objects.delete(key);
      sorted?.splice(sorted.indexOf(key), 1);
      const object = stamp(before);
      emit('DELETED', resource, object, before);
      return object;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    since(from) {
      if (from < dropped) return null;
      if (from >= revision) return [];
      return history.filter((event) => event.resourceVersion > from);
    },
  };
}

function desired(object: KubeObject): unknown {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}
