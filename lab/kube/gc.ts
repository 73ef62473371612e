import type { KubeObject } from '../protocol.ts';
import type { Api } from './api.ts';
import type { DeleteOptions } from './delete.ts';
import { CRD_CLEANUP, deleteObject, FOREGROUND, instancesOf, ORPHAN, removeFinalizer } from './delete.ts';
import type { Resource } from './resources.ts';
import { CRDS } from './resources.ts';
import type { ResourceKey, StoreEvent } from './store.ts';

interface Entry {
  key: ResourceKey;
  namespace: string | undefined;
  name: string;
  owners: { uid: string; blocks: boolean }[];
  isEnding: boolean;
}

const NAMESPACES: ResourceKey = { group: '', plural: 'namespaces' };

/**
 * The parts of kube-controller-manager that finish deletions: owner references, foreground and orphan deletion, the
 * content of a namespace, the instances of a CustomResourceDefinition. Works in the background after each change, on an
 * index of owners, so that an event costs no listing. Returns the function that stops it.
 */
export function startGarbageCollector(api: Api): () => void {
  const entries = new Map<string, Entry>();
  const dependents = new Map<string, Set<string>>();
  const pending = new Set<string>();
  let timer: NodeJS.Immediate | undefined;

  const forget = (uid: string) => {
    for (const owner of entries.get(uid)?.owners ?? []) dependents.get(owner.uid)?.delete(uid);
    entries.delete(uid);
  };
  const remember = (key: ResourceKey, object: KubeObject) => {
    const uid = object.metadata.uid as string;
    forget(uid);
    const references = (object.metadata.ownerReferences ?? []) as { uid: string; blockOwnerDeletion?: boolean }[];
    const owners = references.map((each) => ({ uid: each.uid, blocks: each.blockOwnerDeletion === true }));
    const { namespace, name, deletionTimestamp } = object.metadata;
    entries.set(uid, { key, namespace, name, owners, isEnding: deletionTimestamp !== undefined });
    for (const owner of owners) dependents.set(owner.uid, (dependents.get(owner.uid) ?? new Set()).add(uid));
  };
  const look = (uid: string) => {
    pending.add(uid);
    timer ??= setImmediate(work);
  };
  const work = () => {
    timer = undefined;
    const batch = [...pending];
    pending.clear();
    for (const uid of batch) settle(uid);
  };
  const settle = (uid: string) => {
    const entry = entries.get(uid);
    const below = [...(dependents.get(uid) ?? [])];
    if (!entry) return below.forEach(collectOrphaned);
    if (entry.owners.length > 0 && !entry.isEnding) collectOrphaned(uid);
    if (entry.isEnding) finish(uid, entry, below);
  };

  /** Deletes what has lost all its owners; with one owner left only the dead references go. */
  const collectOrphaned = (uid: string) => {
    const entry = entries.get(uid);
    const found = entry && locate(api, entry);
    if (!entry || !found || entry.isEnding) return;
    const alive = entry.owners.filter((owner) => entries.has(owner.uid));
    if (alive.length === entry.owners.length) return;
    if (alive.length === 0) return remove(found, 'Background');
    dropReferences(api, found, (owner) => !entries.has(owner));
  };
  const remove = ({ resource, object }: Found, propagation: DeleteOptions['propagation']) => {
    deleteObject(api, resource, object, { propagation, graceSeconds: undefined, preconditions: {}, dryRun: false });
  };
  const finish = (uid: string, entry: Entry, below: string[]) => {
    const found = locate(api, entry);
    if (!found) return;
    const finalizers = found.object.metadata.finalizers ?? [];
    if (finalizers.includes(ORPHAN)) {
      for (const child of below) {
        const dependent = entries.get(child);
        const each = dependent && locate(api, dependent);
        if (each) dropReferences(api, each, (owner) => owner === uid);
      }
      removeFinalizer(api, found.resource, found.object, ORPHAN);
    } else if (finalizers.includes(FOREGROUND)) {
      for (const child of below) deleteDependent(child);
      const blocking = [...(dependents.get(uid) ?? [])].some((child) =>
        entries.get(child)?.owners.some((owner) => owner.uid === uid && owner.blocks),
      );
      if (!blocking) removeFinalizer(api, found.resource, found.object, FOREGROUND);
    } else if (finalizers.includes(CRD_CLEANUP)) {
      endAll(instancesOf(api, found.object));
      if (instancesOf(api, found.object).length === 0) removeFinalizer(api, found.resource, found.object, CRD_CLEANUP);
    } else if (entry.key.plural === NAMESPACES.plural && entry.key.group === '') endNamespace(found);
  };
  const deleteDependent = (uid: string) => {
    const entry = entries.get(uid);
    const found = entry && !entry.isEnding ? locate(api, entry) : undefined;
    if (found) remove(found, dependents.get(uid)?.size ? 'Foreground' : 'Background');
  };
  const endAll = (objects: KubeObject[]) => {
    for (const { metadata } of objects) deleteDependent(metadata.uid as string);
  };
  const endNamespace = ({ object }: Found) => {
    const name = object.metadata.name;
    const contents = () =>
      api.registry
        .collections()
        .filter((each) => each.namespaced)
        .flatMap((each) => api.store.list(each.key, name));
    endAll(contents());
    if (contents().length === 0 && !object.metadata.finalizers?.length) api.store.delete(NAMESPACES, undefined, name);
  };

  const onEvent = ({ type, resource, object }: StoreEvent) => {
    const uid = object.metadata.uid as string;
    const owners = entries.get(uid)?.owners ?? [];
    if (type === 'DELETED') {
      forget(uid);
      for (const owner of owners) look(owner.uid);
      lookAtContainers(resource, object);
    } else remember(resource, object);
    look(uid);
  };
  /** A namespace or definition that is ending waits for its last object. */
  const lookAtContainers = (resource: ResourceKey, { metadata }: KubeObject) => {
    const namespace = metadata.namespace && api.store.get(NAMESPACES, undefined, metadata.namespace);
    if (namespace && isEnding(namespace)) look(namespace.metadata.uid as string);
    const definition = api.store.get(CRDS, undefined, `${resource.plural}.${resource.group}`);
    if (definition && isEnding(definition)) look(definition.metadata.uid as string);
  };

  for (const each of api.registry.collections())
    for (const object of api.store.list(each.key)) remember(each.key, object);
  for (const uid of entries.keys()) look(uid);
  const unsubscribe = api.store.subscribe(onEvent);
  return () => {
    unsubscribe();
    if (timer) clearImmediate(timer);
  };
}

interface Found {
  resource: Resource;
  object: KubeObject;
}

function locate(api: Api, entry: Entry): Found | undefined {
  const object = api.store.get(entry.key, entry.namespace, entry.name);
  const resource = object && api.registry.collection(entry.key);
  return resource && { resource, object };
}

function dropReferences(api: Api, { resource, object }: Found, isDead: (uid: string) => boolean): void {
  const { ownerReferences = [], ...metadata } = object.metadata;
  const left = ownerReferences.filter((each) => !isDead(each.uid));
  const next = { ...object, metadata: left.length > 0 ? { ...metadata, ownerReferences: left } : metadata };
  api.store.update(resource.key, next as KubeObject);
}

const isEnding = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;
