import type { ClusterInfo, GkeClient } from '../clients/google/gke.ts';
import type { KubeClient } from '../clients/kubernetes/client.ts';
import { runIdentity } from '../clients/runner/identity.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { errorText } from '../lib/failure.ts';
import { deadline, patient, poll } from '../lib/poll.ts';
import type { LeaseState } from '../stages/context.ts';
import { leasesOf } from '../stages/lease/find-leases.ts';
import { type Holder, isHeldBy, type LeaseRecord, poolOf } from '../stages/lease/lease-record.ts';
import { holderIdentity } from '../stages/lease/lease-state.ts';
import { cleanupCommand, handCommand } from '../stages/release/by-hand.ts';
import { countNodes } from '../stages/release/nodes-left.ts';
import { poolNamed } from '../tpu/pool-shape.ts';
import { type Connection, openCluster } from './connect.ts';
import { runKeyOf } from './first-report.ts';

/** What the cluster knows of this run's lease. */
export type FoundLease = { lease: LeaseState | null } | { problem: string; command: string };

/**
 * Finds this run's lease in the cluster, for a post step whose state was lost. Asks until the limit of the release. Never
 * throws: what cannot be read is a problem, with the command that releases the nodes. A lease that somebody overwrote may
 * have been this run's, so that nodes under it are a problem, too.
 */
export async function findLostLease(connection: Connection & { inputs: Inputs }): Promise<FoundLease> {
  const { inputs, env, clock, emit } = connection;
  const limitMs = inputs.releaseTimeoutMs;
  const signal = deadline(connection.signal, limitMs);
  const identity = runIdentity(env, { pullRequest: inputs.prNumber, headSha: inputs.headSha });
  const runKey = runKeyOf(identity, inputs);
  const holder = { identity: holderIdentity(identity, runKey), runKey };
  try {
    return await poll<FoundLease>({
      stage: 'release',
      what: "this run's lease",
      everyMs: Math.max(1_000, inputs.pollIntervalMs),
      limitMs,
      clock,
      signal,
      onWait: (status) => emit({ type: 'waiting', stage: 'release', ...status }),
      probe: patient(signal, async () => {
        const cluster = await openCluster({ ...connection, signal }, 'release');
        try {
          return { done: await look({ ...connection, ...cluster, signal }, holder) };
        } finally {
          await Promise.allSettled([cluster.gke.close(), cluster.kube.close()]);
        }
      }),
    });
  } catch (error) {
    const { projectId, location, cluster } = inputs;
    return {
      problem: errorText(error),
      command: cleanupCommand({ projectId, location, cluster }),
    };
  }
}

interface Looking extends Connection {
  inputs: Inputs;
  gke: GkeClient;
  kube: KubeClient;
  info: ClusterInfo;
}

/** The lease that is this run's by its holder, or by its record where somebody changed the rest of it. */
async function look(context: Looking, holder: Holder): Promise<FoundLease> {
  const { inputs, kube } = context;
  const leases = await leasesOf(kube, inputs.leaseNamespace);
  const isOwn = (each: LeaseRecord) => isHeldBy(each, holder) || isRecordOf(each, holder);
  const own = leases.find((each) => each.state !== null && isOwn(each));
  if (own) return { lease: own.state };
  for (const each of leases) {
    const pool = poolOf(each.object);
    if (each.state !== null || pool === null || (inputs.nodePool ?? pool) !== pool) continue;
    const lease = `the record of lease ${each.object.metadata.name} cannot be read`;
    const problem = await nodesLeft(context, pool, lease);
    if (problem) return problem;
  }
  const pool = poolNamed(context.info, inputs.nodePool);
  if (pool === null || leases.some((each) => poolOf(each.object) === pool)) return { lease: null };
  return (await nodesLeft(context, pool, 'this run has no lease in the cluster')) ?? { lease: null };
}

function isRecordOf({ state }: LeaseRecord, { identity, runKey }: Holder): boolean {
  return state?.holder === identity && state.runKey === runKey;
}

/**
 * The problem of nodes that no lease answers for, `lease` being why; null, with a warning, when none is left. They may be
 * of this run, whose lease somebody deleted, or of others.
 */
async function nodesLeft(context: Looking, nodePool: string, lease: string): Promise<FoundLease | null> {
  const { inputs, emit } = context;
  const { projectId, location, cluster, pollIntervalMs, releaseTimeoutMs: limitMs } = inputs;
  const restingNodes = inputs.restingNodes === 'before' ? 0 : inputs.restingNodes;
  const left = await countNodes({ ...context, pollIntervalMs, limitMs }, nodePool, restingNodes);
  if (left !== null && left <= restingNodes) {
    emit({ type: 'warning', text: `${lease}; no node is left in its pool` });
    return null;
  }
  const nodes = left === null ? 'its nodes cannot be counted' : `node pool ${nodePool} has ${left} nodes left`;
  const command = await handCommand(context, { projectId, location, cluster, nodePool, restingNodes });
  return { problem: `${lease}, and ${nodes}. Look who uses them before you run the command.`, command };
}
