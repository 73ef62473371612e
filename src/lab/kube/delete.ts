import type { KubeObject } from '../protocol.ts';
import type { Api } from './api.ts';
import { timestamp } from './api.ts';
import type { Resource } from './resources.ts';
import { CRDS } from './resources.ts';
import { badRequest, conflict, forbidden } from './status.ts';
import type { JsonObject } from './types.ts';

export const ORPHAN = 'orphan';
export const FOREGROUND = 'foregroundDeletion';
export const CRD_CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

export interface DeleteOptions {
  propagation: 'Background' | 'Foreground' | 'Orphan';
  graceSeconds: number | undefined;
  preconditions: { uid?: string; resourceVersion?: string };
  dryRun: boolean;
}

/** From the body (DeleteOptions) and the query; 400 for a policy that does not exist. */
export function deleteOptions(body: JsonObject, query: URLSearchParams): DeleteOptions {
  const grace = body.gracePeriodSeconds ?? query.get('gracePeriodSeconds') ?? undefined;
  const orphans = body.orphanDependents ?? (query.get('orphanDependents') === 'true' || undefined);
  const propagation = body.propagationPolicy ?? query.get('propagationPolicy') ?? (orphans ? 'Orphan' : 'Background');
  if (!['Background', 'Foreground', 'Orphan'].includes(propagation)) {
    throw badRequest(`invalid deletion propagation policy: ${propagation}`);
  }
  return {
    propagation,
    graceSeconds: grace === undefined ? undefined : Number(grace),
    preconditions: body.preconditions ?? {},
    dryRun: (body.dryRun ?? query.getAll('dryRun')).length > 0,
  };
}

/**
 * Deletes, or marks for deletion when a finalizer, a grace period or a namespace's content stands in between; then the
 * marked object comes back, otherwise null. Throws 409 when a precondition fails.
 */
export function deleteObject(
  api: Api,
  resource: Resource,
  live: KubeObject,
  options: DeleteOptions,
): KubeObject | null {
  checkPreconditions(resource, live, options);
  refuseProtected(resource, live);
  const finalizers = nextFinalizers(api, resource, live, options);
  const grace = graceOf(api, resource, live, options);
  const waits = finalizers.length > 0 || grace > 0 || resource.kind === 'Namespace';
  if (options.dryRun) return waits ? live : null;
  const { namespace, name } = live.metadata;
  if (!waits) {
    api.store.delete(resource.key, namespace, name);
    return null;
  }
  const { finalizers: _before, ...metadata } = live.metadata;
  const marked: KubeObject = {
    ...live,
    metadata: {
      ...metadata,
      ...(finalizers.length > 0 ? { finalizers } : {}),
      deletionTimestamp: live.metadata.deletionTimestamp ?? timestamp(new Date(Date.now() + grace * 1_000)),
      deletionGracePeriodSeconds: grace,
    },
  };
  if (resource.kind === 'Namespace') marked.status = { ...live.status, phase: 'Terminating' };
  marked.apiVersion = resource.storageApiVersion;
  return api.store.update(resource.key, marked);
}

/** Takes a finalizer away; the object goes when it was the last one and the deletion was asked for. */
export function removeFinalizer(api: Api, resource: Resource, live: KubeObject, finalizer: string): void {
  const { finalizers = [], ...metadata } = live.metadata;
  const left = finalizers.filter((each) => each !== finalizer);
  const next: KubeObject = { ...live, metadata: left.length > 0 ? { ...metadata, finalizers: left } : metadata };
  const stored = api.store.update(resource.key, next);
  const done =
    stored.metadata.deletionTimestamp && left.length === 0 && !(stored.metadata.deletionGracePeriodSeconds ?? 0);
  if (done) api.store.delete(resource.key, live.metadata.namespace, live.metadata.name);
}

function checkPreconditions(resource: Resource, live: KubeObject, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions;
  if (uid && uid !== live.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`;
    throw conflict(resource, live.metadata.name, why);
  }
  if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) {
    const theirs = `ResourceVersion in object meta: ${live.metadata.resourceVersion}`;
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ${theirs}`;
    throw conflict(resource, live.metadata.name, why);
  }
}

const PROTECTED_NAMESPACES = ['default', 'kube-system', 'kube-public'];

function refuseProtected(resource: Resource, live: KubeObject): void {
  if (resource.kind !== 'Namespace' || resource.group || !PROTECTED_NAMESPACES.includes(live.metadata.name)) return;
  throw forbidden(resource, live.metadata.name, 'this namespace may not be deleted');
}

function nextFinalizers(api: Api, resource: Resource, live: KubeObject, { propagation }: DeleteOptions): string[] {
  const kept = (live.metadata.finalizers ?? []).filter((each) => each !== ORPHAN && each !== FOREGROUND);
  if (propagation === 'Orphan') kept.push(ORPHAN);
  if (propagation === 'Foreground') kept.push(FOREGROUND);
  const isDefinition = resource.group === CRDS.group && resource.plural === CRDS.plural;
  if (isDefinition && instancesOf(api, live).length > 0 && !kept.includes(CRD_CLEANUP)) kept.push(CRD_CLEANUP);
  return kept;
}

/** The custom resources of a definition. */
export function instancesOf(api: Api, definition: KubeObject): KubeObject[] {
  const { group, names } = definition.spec ?? {};
  return group && names?.plural ? api.store.list({ group, plural: names.plural }) : [];
}

/** Seconds that a pod on a node gets to end; 0 for everything else. */
function graceOf(api: Api, resource: Resource, live: KubeObject, { graceSeconds }: DeleteOptions): number {
  if (resource.kind !== 'Pod' || resource.group || api.podDeletion === 'immediate') return 0;
  const ended = live.status?.phase === 'Succeeded' || live.status?.phase === 'Failed';
  if (!live.spec?.nodeName || ended) return 0;
  return graceSeconds ?? live.spec.terminationGracePeriodSeconds ?? 30;
}
