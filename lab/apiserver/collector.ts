import type { ResourceKey, Store, StoreEvent } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';

const FOREGROUND = 'foregroundDeletion';

/**
 * What kube-controller-manager's garbage collector does, for an API server that runs without it: an object whose owners
 * have all gone is deleted, and one that is deleted in the foreground goes when its dependants have.
 */
export function startCollector(store: Store, collections: readonly ResourceKey[]): () => void {
  const alive = new Map<string, { key: ResourceKey; namespace: string | undefined; name: string }>();
  const dependants = new Map<string, Set<string>>();
  let timer: NodeJS.Immediate | undefined;

  const current = (uid: string): { key: ResourceKey; object: KubeObject } | null => {
    const found = alive.get(uid);
    const object = found && store.get(found.key, found.namespace, found.name);
    return found && object?.metadata.uid === uid ? { key: found.key, object } : null;
  };
  const remove = ({ key, object }: { key: ResourceKey; object: KubeObject }) => {
    const { namespace, name, deletionTimestamp } = object.metadata;
    if (deletionTimestamp) return;
    // A pod that a kubelet has is ended by it.
    if (key.plural === 'pods' && object.spec?.nodeName) {
      const grace = object.spec.terminationGracePeriodSeconds ?? 30;
      const marked = { deletionTimestamp: new Date().toISOString(), deletionGracePeriodSeconds: grace };
      store.update(key, { ...object, metadata: { ...object.metadata, ...marked } });
    } else store.delete(key, namespace, name);
  };
  const sweep = () => {
    timer = undefined;
    for (const [owner, uids] of dependants) {
      const held = current(owner);
      const isForeground = held?.object.metadata.finalizers?.includes(FOREGROUND) && isEnding(held.object);
      if (alive.has(owner) && !isForeground) continue;
      for (const uid of uids) {
        const found = current(uid);
        if (!found) continue;
        const others = (found.object.metadata.ownerReferences ?? []).filter((one) => one.uid !== owner);
        if (!others.some((one) => alive.has(one.uid))) remove(found);
      }
    }
    for (const uid of alive.keys()) {
      const found = current(uid);
      const finalizers = found?.object.metadata.finalizers;
      if (!found || !finalizers?.includes(FOREGROUND) || !isEnding(found.object)) continue;
      if ([...(dependants.get(uid) ?? [])].some((child) => alive.has(child))) continue;
      const left = finalizers.filter((one) => one !== FOREGROUND);
      store.update(found.key, { ...found.object, metadata: { ...found.object.metadata, finalizers: left } });
    }
  };

  const onEvent = ({ type, resource, object }: Pick<StoreEvent, 'type' | 'resource' | 'object'>) => {
    const { uid, namespace, name, ownerReferences = [] } = object.metadata;
    for (const owner of ownerReferences) {
      const known = dependants.get(owner.uid) ?? new Set<string>();
      dependants.set(owner.uid, known);
      if (type === 'DELETED') known.delete(uid as string);
      else known.add(uid as string);
    }
    if (type === 'DELETED') alive.delete(uid as string);
    else alive.set(uid as string, { key: resource, namespace, name });
    if (type === 'DELETED' || isEnding(object)) timer ??= setImmediate(sweep);
  };
  for (const resource of collections) {
    for (const object of store.list(resource)) onEvent({ type: 'ADDED', resource, object });
  }
  const unsubscribe = store.subscribe(onEvent);
  return () => {
    unsubscribe();
    if (timer) clearImmediate(timer);
  };
}

const isEnding = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;
