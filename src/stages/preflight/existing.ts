import { unlessForbidden } from '../../clients/kubernetes/forbidden.ts';
import { type KubeObject, type ObjectRef, type OwnedRef, refOf } from '../../clients/kubernetes/objects.ts';
import { Failure } from '../../lib/failure.ts';
import { NAME_LABEL } from '../../stack/labels.ts';
import { usesTpu } from '../../stack/pods.ts';
import type { ServiceRef } from '../../stack/refs.ts';
import { isService, readService } from '../../stack/service.ts';
import type { LeaseState, StageContext } from '../context.ts';
import { RUN_ANNOTATION } from '../deploy/marks.ts';
import { makerOf, ownedByRun } from '../deploy/ownership.ts';
import { leasesOf } from '../lease/find-leases.ts';
import { isExpired, type LeaseRecord, leaseRef, poolOf, readLease } from '../lease/lease-record.ts';
import type { TpuNode } from '../lease/nodes.ts';
import { outlasts, poolLeased, storyOf } from '../lease/pool-lease.ts';
import type { Look } from './table.ts';

/** Another run's lease of the pool that has not run out: a sentence, and the stack that it keeps, which may be replaced. */
export interface OtherLease {
  text: string;
  replaced: LeaseState | null;
}

/**
 * What another run has on the pool by its lease, and which is gone before this one deploys: the stack that is replaced, or
 * that of a run that is over by then. Empty where the lease may not be read.
 */
export async function goneBefore(context: StageContext, pool: string | null): Promise<OwnedRef[]> {
  if (pool === null) return [];
  const { inputs, kube, runKey } = context;
  const found = await unlessForbidden(() => kube.get(leaseRef(inputs.leaseNamespace, pool)));
  const record = found && readLease(found);
  if (!record?.state || record.runKey === runKey) return [];
  const { workload, namespace } = record.state;
  return workload.map((ref) => ({ ...ref, namespace: ref.namespace ?? namespace }));
}

/** Null where no other run has the pool. Fails where this one may not wait, or would wait for nothing. */
export async function otherLease(context: StageContext, pool: string): Promise<OtherLease | null> {
  const { inputs, kube } = context;
  const found = await kube.get(leaseRef(inputs.leaseNamespace, pool));
  const record = found && readLease(found);
  if (!record || record.runKey === context.runKey || isExpired(record, context.kube.serverTime())) return null;
  if (inputs.keep && record.state?.kept) return { text: storyOf(record), replaced: record.state };
  const failure = poolLeased(pool, record, null);
  if (inputs.onBusy === 'stop' || outlasts(record, context.kube.serverTime(), inputs.busyTimeoutMs)) throw failure;
  return { text: `${failure.message} The run waits for it.`, replaced: null };
}

/** Throws a Failure (`owned-by-run`) when a living run of another pool made the object. */
export type RefuseLiving = (object: KubeObject) => Promise<void>;

/**
 * Asks the leases of all pools but `pool` who made an object: one of that pool is the matter of the pool's own lease. The
 * leases are listed once, for the first object that carries the mark of another run.
 */
export function refuserOfLiving({ kube, inputs, runKey }: StageContext, pool: string | null): RefuseLiving {
  let listed: Promise<LeaseRecord[]> | undefined;
  return async (object) => {
    const run = object.metadata.annotations?.[RUN_ANNOTATION];
    if (run === undefined || run === runKey) return;
    listed ??= leasesOf(kube, inputs.leaseNamespace);
    const others = (await listed).filter((lease) => (lease.state?.nodePool ?? poolOf(lease.object)) !== pool);
    const maker = makerOf(object, runKey, others, kube.serverTime());
    if (typeof maker === 'object') throw ownedByRun(refOf(object), maker, 'preflight');
  };
}

/**
 * A service of the same name that somebody else runs is not the gate's to change, nor that of a living run of another
 * pool. One that a dead run left behind is.
 */
export async function checkExisting(
  context: StageContext,
  service: ServiceRef,
  { retired, refuseLiving, isNew }: { retired: ObjectRef[]; refuseLiving: RefuseLiving; isNew?: Promise<boolean> },
): Promise<Look> {
  const { name, namespace } = service;
  const existing = (await isNew) ? null : await readService(context.kube, service);
  if (!existing) return { seen: `${name} is new, so no update needs a spare node` };
  await refuseLiving({ ...existing, apiVersion: service.apiVersion, kind: 'LLMInferenceService' });
  if (existing.metadata.annotations?.[RUN_ANNOTATION] !== undefined) {
    return { seen: `${name} was left behind by a run, and is removed first: an update would need a spare node` };
  }
  if (retired.some((ref) => isService(ref) && ref.name === name && ref.namespace === namespace)) {
    return { seen: `${name} is retired first` };
  }
  throw new Failure({
    stage: 'preflight',
    code: 'service-exists',
    message: `LLMInferenceService ${name} in ${namespace} exists already, and no run of the gate made it.`,
    hint: 'Name it in the input "retire" if it may be deleted for the measurement, or give the one under test another name or namespace.',
  });
}

/** The nodes go at the end, so nobody else's TPU pods may run on them. Returns why that cannot be seen, where it cannot. */
export async function strangersOn(
  context: StageContext,
  nodes: TpuNode[],
  own: { name: string; namespace?: string | undefined }[],
): Promise<string | null> {
  const strangers: string[] = [];
  try {
    for (const node of nodes) {
      const pods = (await context.kube.list('v1', 'Pod', { fieldSelector: `spec.nodeName=${node.name}` })) ?? [];
      strangers.push(
        ...pods
          .filter((pod) => usesTpu(pod) && !isOurs(pod, own))
          .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      );
    }
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'kube-permission') throw error;
    return 'who else uses the pool cannot be seen: listing pods of all namespaces is refused';
  }
  if (strangers.length === 0) return null;
  throw new Failure({
    stage: 'preflight',
    code: 'pool-in-use',
    message: `The node pool serves others, and its nodes go when the run ends: ${strangers.slice(0, 3).join(', ')}${strangers.length > 3 ? ` and ${strangers.length - 3} more` : ''}.`,
    hint: 'Use another pool, or set "resting-nodes" to the number of nodes that must stay.',
  });
}

/** By the label that KServe puts on the pods of a service. */
function isOurs(pod: Pick<KubeObject, 'metadata'>, own: { name: string; namespace?: string | undefined }[]): boolean {
  const service = pod.metadata.labels?.[NAME_LABEL];
  return own.some(({ name, namespace }) => name === service && namespace === pod.metadata.namespace);
}
