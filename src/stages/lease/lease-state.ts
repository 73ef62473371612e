import { keyOf, type ObjectRef, refOf } from '../../clients/kubernetes/objects.ts';
import { loadJobRef, mayLoadInCluster } from '../benchmark/cluster/job.ts';
import { armObjects } from '../benchmark/way-objects.ts';
import type { LeaseState, Prepared, StageContext } from '../context.ts';
import { mayBeDeleted } from '../deploy/marks.ts';
import { holdRef, requestRef } from './demand/holders.ts';
import type { Holder } from './lease-record.ts';

/** What must be known to release the nodes, whatever happens next. Pure. */
export function leaseState(
  context: StageContext,
  prepared: Prepared,
  startedAt: string,
  phase: LeaseState['phase'] = 'held',
): LeaseState {
  const { inputs } = context;
  return {
    v: 1,
    projectId: inputs.projectId,
    location: inputs.location,
    cluster: inputs.cluster,
    nodePool: prepared.pool.name,
    sizeBefore: prepared.sizeBefore,
    sizeAsked: prepared.nodes,
    restingNodes: prepared.restingNodes,
    machineType: prepared.pool.machineType,
    spot: prepared.pool.spot,
    reserved: prepared.pool.reserved,
    ...(prepared.pool.flexStart ? { flexStart: true } : {}),
    ...(prepared.demand ? { demand: { scaleDownMs: prepared.demand.scaleDownMs } } : {}),
    startedAt,
    run: `${context.run.id}/${context.run.attempt}`,
    runKey: context.runKey,
    holder: holderOf(context).identity,
    leaseNamespace: inputs.leaseNamespace,
    phase,
    renewedAt: new Date().toISOString(),
    namespace: prepared.service.namespace,
    workload: [
      ...workloadOf(context, prepared),
      ...(prepared.base?.state === 'ready' ? workloadOf(context, prepared.base.prepared) : []),
      // The last is removed first.
      ...(mayLoadInCluster(inputs) ? [loadJobRef(prepared.service.namespace)] : []),
      ...holdersOf(context, prepared),
    ],
  };
}

/** What a stack is made of, and what is made to measure it. */
function workloadOf({ runKey }: StageContext, prepared: Prepared): ObjectRef[] {
  return [
    ...prepared.manifests.map(({ object }) => refOf(object)).filter(mayBeDeleted),
    ...armObjects(prepared, runKey),
  ];
}

/** What holds nodes of a pool that come by demand. Nothing may ask for nodes once the release has begun, so it goes first. */
function holdersOf({ runKey }: StageContext, { demand, service: { namespace } }: Prepared): ObjectRef[] {
  if (!demand) return [];
  return [holdRef(namespace, runKey), ...(demand.queued ? [requestRef(namespace, runKey)] : [])];
}

/** How long the nodes of the base stack are waited for once those of the stack under test are there. */
export const BASE_NODES_LIMIT_MS = 5 * 60_000;

/** Nodes that are leased for the base stack. */
export function nodesOfBase({ base }: Pick<Prepared, 'base'>): number {
  return base?.state === 'ready' ? base.prepared.nodes : 0;
}

/** Records the UID of an object that the run has made; an object that the lease does not name is not of its workload. */
export function recordOwned({ workload, namespace }: LeaseState, ref: ObjectRef, uid: string): void {
  const owned = workload.find((each) => keyOf(each, namespace) === keyOf(ref, namespace));
  if (owned) owned.uid = uid;
}

/** Who this run is to others: its page where it has one. */
export function holderOf({ run, runKey }: Pick<StageContext, 'run' | 'runKey'>): Holder {
  return { identity: holderIdentity(run, runKey), runKey };
}

export function holderIdentity({ url, attempt }: { url: string | null; attempt: number }, runKey: string): string {
  return url ? `${url}/attempts/${attempt}` : `cli/${runKey}`;
}
