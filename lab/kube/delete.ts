import type { KubeObject } from '../protocol.ts';
import type { Api } from './api.ts';
import { timestamp } from './api.ts';
import type { Resource } from './resources.ts';
import { CRDS } from './resources.ts';
import { conflict, forbidden, invalid } from './status.ts';
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

/** From the body (DeleteOptions) and the query; 422 for options that do not exist or contradict each other. */
export function deleteOptions(body: JsonObject, query: URLSearchParams, resource: Resource): DeleteOptions {
  const grace = body.gracePeriodSeconds ?? query.get('gracePeriodSeconds') ?? undefined;
  const orphans =
    body.orphanDependents ?? (query.has('orphanDependents') ? query.get('orphanDependents') === 'true' : undefined);
  const policy = body.propagationPolicy ?? query.get('propagationPolicy') ?? undefined;
  const dryRun: string[] = body.dryRun ?? query.getAll('dryRun');
  const refuse = (reason: string, field: string, message: string) =>
    invalid('meta.k8s.io', 'DeleteOptions', '', [{ reason, message, field }]);
  if (dryRun.some((value) => value !== 'All')) {
    const message = `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`;
    throw refuse('FieldValueNotSupported', 'dryRun', message);
  }
  if (policy !== undefined && orphans !== undefined) {
    const why = 'orphanDependents and deletionPropagation cannot be both set';
    throw refuse(INVALID, 'propagationPolicy', `Invalid value: ${JSON.stringify(policy)}: ${why}`);
  }
  if (policy !== undefined && !['Background', 'Foreground', 'Orphan'].includes(policy)) {
    const supported = 'supported values: "Foreground", "Background", "Orphan", "nil"';
    throw refuse(
      'FieldValueNotSupported',
      'propagationPolicy',
      `Unsupported value: ${JSON.stringify(policy)}: ${supported}`,
    );
  }
  // The pods of a Job are kept unless somebody asks; of every other kind the dependants go.
  const usual =
    resource.group === 'batch' && resource.kind === 'Job' && orphans === undefined ? 'Orphan' : 'Background';
  return {
    propagation: policy ?? (orphans ? 'Orphan' : usual),
    graceSeconds: grace === undefined ? undefined : Number(grace),
    preconditions: body.preconditions ?? {},
    dryRun: dryRun.length > 0,
  };
}

const INVALID = 'FieldValueInvalid';

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
  const finalizers = nextFinalizers(resource, live, options);
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
      ...(resource.kind === 'Namespace' ? {} : { deletionGracePeriodSeconds: grace }),
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
  const isLast = metadata.deletionTimestamp && left.length === 0 && !(metadata.deletionGracePeriodSeconds ?? 0);
  if (isLast) {
    api.store.delete(resource.key, live.metadata.namespace, live.metadata.name);
    return;
  }
  api.store.update(resource.key, {
    ...live,
    metadata: left.length > 0 ? { ...metadata, finalizers: left } : metadata,
  });
}

function checkPreconditions(resource: Resource, live: KubeObject, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions;
  // This one check speaks of the kind where all others speak of the resource.
  const named = { group: resource.group, plural: resource.kind };
  const differs = (what: string, wanted: string, actual: string | undefined, why: string) =>
    conflict(
      named,
      live.metadata.name,
      `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${actual}). ${why}`,
    );
  if (uid && uid !== live.metadata.uid) {
    throw differs('UID', uid, live.metadata.uid, 'The object might have been deleted and then recreated');
  }
  if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) {
    const why = 'The object might have been modified';
    throw differs('ResourceVersion', resourceVersion, live.metadata.resourceVersion, why);
  }
}

const PROTECTED_NAMESPACES = ['default', 'kube-system', 'kube-public'];

function refuseProtected(resource: Resource, live: KubeObject): void {
  if (resource.kind !== 'Namespace' || resource.group || !PROTECTED_NAMESPACES.includes(live.metadata.name)) return;
  throw forbidden(resource, live.metadata.name, 'this namespace may not be deleted');
}

function nextFinalizers(resource: Resource, live: KubeObject, { propagation }: DeleteOptions): string[] {
  const kept = (live.metadata.finalizers ?? []).filter((each) => each !== ORPHAN && each !== FOREGROUND);
  if (propagation === 'Orphan') kept.push(ORPHAN);
  if (propagation === 'Foreground') kept.push(FOREGROUND);
  const isDefinition = resource.group === CRDS.group && resource.plural === CRDS.plural;
  if (isDefinition && !kept.includes(CRD_CLEANUP)) kept.push(CRD_CLEANUP);
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
