import { randomUUID } from 'node:crypto';
import { errorText } from '../errors.ts';
import { frozenCopy } from '../kube/frozen.ts';
import type { ResourceKey, Store, StoreEvent } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { RealApi } from './real-api.ts';
import { createUids } from './uids.ts';
import { follow } from './watch.ts';
import { createWrites, deletion, updateWrites, type Write } from './writes.ts';

/** A collection of the API server: where it is, and what its items are. */
export interface Collection extends ResourceKey {
  /** `v1`, `apps/v1`. */
  apiVersion: string;
  kind: string;
  namespaced: boolean;
  /** Without the subresource a status is written like any other field. */
  hasStatus: boolean;
}

export interface Mirror extends Store {
  /** Resolves when every write has been answered. */
  idle(): Promise<void>;
  /** Writes that the server refused; a difference between it and the lab's own. */
  refused(): string[];
  close(): Promise<void>;
}

interface Entry {
  /** What controllers read: the server's last word and their own writes since. */
  view: KubeObject | undefined;
  /** resourceVersion of the newest state that came from the server. */
  seen: number;
  /** Writes that the server has not answered yet. */
  pending: number;
  /** The newest state that came while writes were pending; null for a deletion. */
  held: KubeObject | null | undefined;
  /** Subscribers know of it. */
  announced: boolean;
}

/**
 * A store whose truth is a real API server. Controllers read what they wrote at once, as from a cache with their own
 * writes on top; they are told of a change only when the server has said so. Writes go out one after another, in the
 * order in which they were made. History and revision are the server's: watches are not served from here.
 */
export async function startMirror(api: RealApi, collections: readonly Collection[]): Promise<Mirror> {
  const uids = createUids();
  const entries = new Map<string, Map<string, Entry>>();
  const listeners = new Set<(event: StoreEvent) => void>();
  const closing = new AbortController();
  const refusals: string[] = [];
  let revision = 1;
  let queue: Promise<void> = Promise.resolve();

  const collectionOf = ({ group, plural }: ResourceKey): Collection => {
    const found = collections.find((one) => one.group === group && one.plural === plural);
    if (!found) throw new Error(`the mirror has no ${plural} of ${group || 'the core group'}`);
    return found;
  };
  const within = (key: ResourceKey) => {
    const id = `${key.group}/${key.plural}`;
    const found = entries.get(id) ?? new Map<string, Entry>();
    entries.set(id, found);
    return found;
  };
  const entryOf = (key: ResourceKey, namespace: string | undefined, name: string): Entry => {
    const all = within(key);
    const id = `${namespace ?? ''}/${name}`;
    const found = all.get(id) ?? { view: undefined, seen: 0, pending: 0, held: undefined, announced: false };
    all.set(id, found);
    return found;
  };

  /** Uids are translated as late as here: a watch may show an object before its creation has been answered. */
  const tell = (resource: ResourceKey, entry: Entry, given: KubeObject | null) => {
    const object = given && frozenCopy(uids.inward(given));
    if (object === null) {
      const last = entry.view ?? gone.get(entry);
      entry.view = undefined;
      if (!entry.announced || !last) return;
      entry.announced = false;
      emit('DELETED', resource, last);
      return;
    }
    entry.view = object;
    gone.set(entry, object);
    emit(entry.announced ? 'MODIFIED' : 'ADDED', resource, object);
    entry.announced = true;
  };
  /** The last state of what subscribers know, for the event of its deletion. */
  const gone = new WeakMap<Entry, KubeObject>();
  const emit = (type: StoreEvent['type'], resource: ResourceKey, object: KubeObject) => {
    revision += 1;
    const { group, plural } = resource;
    const event = { type, resource: { group, plural }, object, resourceVersion: revision };
    for (const listener of [...listeners]) listener(event);
  };

  /** A state that the server has shown, by a watch or as an answer. */
  const learn = (resource: ResourceKey, object: KubeObject, isDeleted: boolean) => {
    const entry = entryOf(resource, object.metadata.namespace, object.metadata.name);
    const version = Number(object.metadata.resourceVersion);
    if (version <= entry.seen) return;
    entry.seen = version;
    const state = isDeleted ? null : object;
    if (entry.pending > 0) entry.held = state;
    else tell(resource, entry, state);
  };

  const send = async (collection: Collection, object: KubeObject, write: Write): Promise<KubeObject | null> => {
    const path = pathOf(collection, object.metadata.namespace, write.at === 'object' ? object.metadata.name : null);
    const sub = write.sub === '/status' && !collection.hasStatus ? '' : write.sub;
    const { status, body } = await api.ask(write.method, path + sub, uids.outward(write.body), write.contentType);
    // What is to go may be gone already, and nothing is left to change about it then.
    if (status === 404) return null;
    if (status >= 300) {
      const text = typeof body === 'string' ? body : (body.message ?? JSON.stringify(body));
      throw new Error(`${write.method} ${path}${sub}: HTTP ${status}: ${text}`);
    }
    return body.kind === collection.kind ? (body as KubeObject) : null;
  };

  /** Queues writes about one object; the object is the controllers' view of it. */
  const put = (resource: ResourceKey, object: KubeObject, writes: Write[], localUid?: string) => {
    if (writes.length === 0) return;
    const collection = collectionOf(resource);
    const entry = entryOf(resource, object.metadata.namespace, object.metadata.name);
    entry.pending += 1;
    const work = async () => {
      try {
        for (const write of writes) {
          const answer = await send(collection, object, write);
          if (answer && localUid && write.at === 'collection') uids.learn(localUid, answer.metadata.uid as string);
          if (answer && write.method !== 'DELETE') learn(resource, { ...answer, ...typeOf(collection) }, false);
        }
      } catch (error) {
        if (closing.signal.aborted) return;
        refusals.push(errorText(error));
        process.stderr.write(`lab: the API server refused a write: ${errorText(error)}\n`);
        await refresh(collection, object);
      } finally {
        entry.pending -= 1;
        if (entry.pending === 0) settle(resource, entry);
      }
    };
    queue = queue.then(work);
  };

  /** The last write about an object has been answered: what the server says is what controllers see, and are told. */
  const settle = (resource: ResourceKey, entry: Entry) => {
    const { held, view } = entry;
    entry.held = undefined;
    if (held !== undefined) tell(resource, entry, held);
    else if (entry.announced && view) emit('MODIFIED', resource, view);
  };

  /** After a refusal the server's own state is the truth again. */
  const refresh = async (collection: Collection, { metadata }: KubeObject) => {
    const { status, body } = await api.ask('GET', pathOf(collection, metadata.namespace, metadata.name));
    const entry = entryOf(collection, metadata.namespace, metadata.name);
    if (status === 200) entry.held = { ...body, ...typeOf(collection) };
    else if (status === 404) entry.held = null;
  };

  const store: Mirror = {
    revision: () => revision,
    list: (resource, namespace) =>
      [...within(resource).values()]
        .flatMap(({ view }) => (view ? [view] : []))
        .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
        .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)),
    get: (resource, namespace, name) => within(resource).get(`${namespace ?? ''}/${name}`)?.view,
    create(resource, given) {
      const entry = entryOf(resource, given.metadata.namespace, given.metadata.name);
      if (entry.view) throw new Error(`${resource.plural} "${given.metadata.name}" already exists`);
      const uid = randomUUID();
      const creationTimestamp = given.metadata.creationTimestamp ?? new Date().toISOString().replace(/\.\d+Z$/, 'Z');
      const made = { uid, creationTimestamp, generation: 1, resourceVersion: String(entry.seen) };
      const object = frozenCopy({ ...given, metadata: { ...given.metadata, ...made } });
      entry.view = object;
      put(resource, object, createWrites(object), uid);
      return object;
    },
    update(resource, given) {
      const { namespace, name } = given.metadata;
      const entry = entryOf(resource, namespace, name);
      if (!entry.view) throw new Error(`${resource.plural} "${name}" not found`);
      const writes = updateWrites(entry.view, given);
      if (writes.length === 0) return entry.view;
      const { uid, creationTimestamp, generation, resourceVersion } = entry.view.metadata;
      const kept = { uid, creationTimestamp, generation, resourceVersion } as KubeObject['metadata'];
      entry.view = frozenCopy({ ...given, metadata: { ...given.metadata, ...kept } });
      put(resource, entry.view, writes);
      return entry.view;
    },
    delete(resource, namespace, name) {
      const entry = within(resource).get(`${namespace ?? ''}/${name}`);
      if (!entry?.view) return undefined;
      const object = entry.view;
      entry.view = undefined;
      put(resource, object, [deletion(0)]);
      return object;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    isPending: (resource, namespace, name) => (within(resource).get(`${namespace ?? ''}/${name}`)?.pending ?? 0) > 0,
    since: () => null,
    async idle() {
      for (let last: Promise<void> | undefined; last !== queue; ) {
        last = queue;
        await last;
      }
    },
    refused: () => [...refusals],
    async close() {
      closing.abort();
      await api.close();
    },
  };
  const mirrored = async (collection: Collection) => {
    const path = pathOf(collection, undefined, null);
    await follow(
      api,
      path,
      typeOf(collection),
      {
        onList(objects) {
          const names = new Set(objects.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`));
          for (const object of objects) learn(collection, object, false);
          for (const [id, entry] of within(collection)) {
            if (entry.announced && !names.has(id) && entry.pending === 0) tell(collection, entry, null);
          }
        },
        onSeen: ({ type, object }) => learn(collection, object, type === 'DELETED'),
      },
      closing.signal,
    );
  };
  try {
    await Promise.all(collections.map(mirrored));
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

const typeOf = ({ apiVersion, kind }: Collection) => ({ apiVersion, kind });

const orderOf = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name}`;

function pathOf(collection: Collection, namespace: string | undefined, name: string | null): string {
  const { apiVersion, plural, namespaced } = collection;
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
  return `${base}${scope}/${plural}${name === null ? '' : `/${name}`}`;
}
