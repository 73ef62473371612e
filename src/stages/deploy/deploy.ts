import { atManifest } from '../../clients/files/manifest-failure.ts';
import type { Manifest } from '../../clients/files/manifests.ts';
import { describe, type KubeObject, type ObjectRef, refOf } from '../../clients/kubernetes/objects.ts';
import { Failure } from '../../lib/failure.ts';
import { pickerSelector, workloadSelector } from '../../stack/labels.ts';
import { isService } from '../../stack/service.ts';
import type { Prepared, StageContext } from '../context.ts';
import { leasesOf } from '../lease/find-leases.ts';
import type { LeaseRecord } from '../lease/lease-record.ts';
import { awaitDeletion } from './await-deletion.ts';
import { marked, mayBeDeleted, RUN_ANNOTATION } from './marks.ts';
import { makerOf, ownedByRun, removeMarked } from './ownership.ts';
import { prune } from './prune.ts';

/**
 * Deletes what the lease that was taken over had deployed, and Pattern 1 if it is there, and waits until their pods are gone
 * (they hold TPUs, and their routes compete on the gateway); then applies the manifests by server-side apply, rules of the
 * namespace first and all else in file order, then prunes what they no longer have. Runs while the nodes come up.
 */
export async function deploy(
  context: StageContext,
  prepared: Prepared,
  /** Awaited when the old pods are gone and before the new are made. */
  cleared: () => Promise<void> = async () => {},
): Promise<{ retired: number; applied: number; pruned: number }> {
  // Whose objects these are is known by the leases of all pools; that of this one is ours by now.
  const leases = await leasesOf(context.kube, context.inputs.leaseNamespace);
  const retired = (await removeLeftover(context, prepared)) + (await retire(context, prepared, leases));
  for (const manifest of prepared.manifests) await clearLeftover(context, manifest, leases);
  await cleared();
  for (const manifest of rulesFirst(prepared.manifests)) {
    context.signal.throwIfAborted();
    await applyOne(context, manifest, { service: prepared.service.name, leases });
  }
  const pruned = await prune(context, prepared, leases);
  return { retired, applied: prepared.manifests.length, pruned };
}

/** Kinds by which admission judges pods as they are made: one that came later would not hold for the first of them. */
const RULES: ReadonlySet<string> = new Set(['ResourceQuota', 'LimitRange']);

function rulesFirst(manifests: readonly Manifest[]): Manifest[] {
  const isRule = ({ object }: Manifest) => object.apiVersion === 'v1' && RULES.has(object.kind);
  return [...manifests.filter(isRule), ...manifests.filter((manifest) => !isRule(manifest))];
}

/**
 * Deletes what a run that is gone had deployed, or the stack that this one replaces: under another name it would go on to
 * hold its TPUs. Only what carries that run's mark; what the manifests have too is replaced as it is applied.
 */
async function removeLeftover(context: StageContext, { leftover, manifests, service }: Prepared): Promise<number> {
  if (!leftover) return 0;
  const { kube, emit } = context;
  const own = new Set(manifests.map(({ object }) => describe(withNamespace(refOf(object), service.namespace))));
  const removed: ObjectRef[] = [];
  for (const ref of leftover.workload.map((each) => withNamespace(each, leftover.namespace))) {
    context.signal.throwIfAborted();
    if (own.has(describe(ref)) || !mayBeDeleted(ref)) continue;
    if ((await removeMarked(kube, ref, leftover)) !== 'removed') continue;
    removed.push(ref);
    emit({ type: 'fact', stage: 'deploy', text: `removed ${describe(ref)}, which ${leftover.holder} had deployed` });
  }
  for (const ref of removed) {
    if (isService(ref)) await awaitServiceGone(context, ref);
  }
  return removed.length;
}

function withNamespace(ref: ObjectRef, namespace: string): ObjectRef {
  return { ...ref, namespace: ref.namespace ?? namespace };
}

async function retire(
  context: StageContext,
  { retire: refs, service }: Prepared,
  leases: readonly LeaseRecord[],
): Promise<number> {
  const { emit } = context;
  const removed: ObjectRef[] = [];
  for (const ref of refs) {
    context.signal.throwIfAborted();
    const isBeside = ref.namespace !== undefined && ref.namespace !== service.namespace;
    if (!(await (isBeside ? removeByName(context, ref) : removeRetired(context, ref, leases)))) continue;
    removed.push(ref);
    emit({ type: 'fact', stage: 'deploy', text: `retired ${describe(ref)}` });
  }
  for (const ref of removed) {
    if (isService(ref)) await awaitServiceGone(context, ref);
  }
  return removed.length;
}

/** False when it was not there. A refusal is a warning: Kubernetes refuses also what does not exist. */
async function removeRetired(context: StageContext, ref: ObjectRef, leases: readonly LeaseRecord[]): Promise<boolean> {
  const { kube } = context;
  return unlessRefused(context, ref, async () => {
    const existing = await kube.get(ref);
    if (!existing) return false;
    refuseLiving(context, existing, ref, leases);
    return kube.remove(ref, { uid: existing.metadata.uid });
  });
}

/** The same for what was recorded beside a stack, in a namespace where the gate may delete it by name and not read it. */
function removeByName(context: StageContext, ref: ObjectRef): Promise<boolean> {
  return unlessRefused(context, ref, () => context.kube.remove(ref));
}

async function unlessRefused({ emit }: StageContext, ref: ObjectRef, remove: () => Promise<boolean>): Promise<boolean> {
  try {
    return await remove();
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'kube-permission') throw error;
    emit({ type: 'warning', text: `${describe(ref)} was not retired, if it is there at all: ${error.message}` });
    return false;
  }
}

/** A service goes when it is deleted; its pods hold their TPUs for as long as they take to end. */
async function awaitServiceGone(context: StageContext, service: ObjectRef, uid?: string): Promise<void> {
  const namespace = service.namespace ?? context.inputs.namespace;
  const selectors = [workloadSelector(service.name), pickerSelector(service.name)];
  const remains = async () => {
    const lists = await Promise.all(
      selectors.map((labelSelector) => context.kube.list('v1', 'Pod', { namespace, labelSelector })),
    );
    const pods = lists.flatMap((list) => list ?? []).length;
    return pods === 0 ? null : `${pods} pods left`;
  };
  await awaitDeletion(context, 'deploy', service, { uid, remains });
}

/** A service that an earlier run left behind goes first: an update of it would need a spare TPU node for each new pod. */
async function clearLeftover(context: StageContext, manifest: Manifest, leases: readonly LeaseRecord[]): Promise<void> {
  const ref = refOf(manifest.object);
  if (!isService(ref)) return;
  context.signal.throwIfAborted();
  try {
    const existing = await context.kube.get(ref);
    if (!existing || refuseLiving(context, existing, ref, leases) !== 'ended-run') return;
    const { uid, annotations } = existing.metadata;
    const run = annotations?.[RUN_ANNOTATION];
    context.emit({ type: 'warning', text: `${describe(ref)} was left behind by run ${run} and is removed` });
    await context.kube.remove(ref, { uid });
    await awaitServiceGone(context, ref, uid);
  } catch (error) {
    throw atManifest(error, 'deploy', manifest);
  }
}

/** Who made an object. Throws a Failure (`owned-by-run`) when a living run of another pool did. */
function refuseLiving(
  { kube, runKey }: StageContext,
  object: KubeObject,
  ref: ObjectRef,
  leases: readonly LeaseRecord[],
): 'us' | 'others' | 'ended-run' {
  const maker = makerOf(object, runKey, leases, kube.serverTime());
  if (typeof maker === 'object') throw ownedByRun(ref, maker, 'deploy');
  return maker;
}

/** Applies an object, and records it in the lease where this run has made it. What others made is not labelled. */
async function applyOne(
  context: StageContext,
  manifest: Manifest,
  { service, leases }: { service: string; leases: readonly LeaseRecord[] },
): Promise<void> {
  const { object } = manifest;
  const ref = refOf(object);
  try {
    const { kube, runKey } = context;
    const existing = await kube.get(ref);
    const isOthers = existing !== null && refuseLiving(context, existing, ref, leases) === 'others';
    const applied = await kube.apply(isOthers ? object : marked(object, { runKey, service }), {
      force: context.inputs.forceConflicts,
    });
    const { uid } = applied.metadata;
    if (!isOthers && uid !== undefined) context.own?.(ref, uid);
  } catch (error) {
    throw atManifest(error, 'deploy', manifest);
  }
  context.emit({
    type: 'fact',
    stage: 'deploy',
    text: `applied ${describe(refOf(object))}`,
  });
}
