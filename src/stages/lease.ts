import type { GkeOperation } from '../clients/gke.ts';
import { refOf } from '../clients/objects.ts';
import { isOperationConflict } from '../clients/operation-conflict.ts';
import { Failure } from '../lib/failure.ts';
import { poll } from '../lib/poll.ts';
import type { LeaseState, Prepared, StageContext } from './context.ts';
import { poolNodes, type TpuNode } from './nodes.ts';
import { armObjects } from './one-replica.ts';
import { mayBeDeleted } from './ownership.ts';

export const USUAL_LEASE_MS = 10 * 60_000;

/** What must be known to give the nodes back, whatever happens next. Pure. */
export function leaseState(context: StageContext, prepared: Prepared, startedAt: string): LeaseState {
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
    startedAt,
    run: `${context.report.run.id}/${context.report.run.attempt}`,
    runKey: context.runKey,
    namespace: prepared.service.namespace,
    workload: [
      ...prepared.manifests.map(({ object }) => refOf(object)).filter(mayBeDeleted),
      ...armObjects(prepared, context.runKey),
    ],
  };
}

/**
 * Asks for the nodes; the lease is saved before the call. Waits while another operation holds the pool. Null when the
 * pool already has the nodes.
 */
export async function requestNodes(
  context: StageContext,
  prepared: Prepared,
  saveLease: (state: LeaseState) => void,
  limitMs: number,
): Promise<GkeOperation | null> {
  const { gke, inputs, emit } = context;
  const { pool, nodes } = prepared;
  saveLease(leaseState(context, prepared, new Date().toISOString()));
  if (pool.initialNodeCount >= nodes) {
    emit({ type: 'fact', stage: 'lease', text: `${pool.name} is set to ${pool.initialNodeCount} nodes already` });
    return null;
  }
  const operation = await poll({
    stage: 'lease',
    what: `a free node pool ${pool.name}`,
    everyMs: inputs.pollIntervalMs,
    limitMs,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => emit({ type: 'waiting', stage: 'lease', ...status }),
    probe: async () => {
      try {
        return { done: await gke.setNodePoolSize(pool.name, nodes) };
      } catch (error) {
        if (!isOperationConflict(error)) throw error;
        return { waiting: `another operation runs (${(error as Error).message})` };
      }
    },
    onTimeout: (seen) =>
      new Failure({
        stage: 'lease',
        code: 'pool-busy',
        message: `Node pool ${pool.name} was not free in time; last seen: ${seen}.`,
        hint: 'Let one run at a time use the pool (a concurrency group of the workflow), or wait for the operation that is named.',
        blame: 'cluster',
      }),
  });
  emit({ type: 'fact', stage: 'lease', text: `resize to ${nodes} requested, operation ${operation.name}` });
  return operation;
}

/**
 * Follows the operation, then trusts nodes and not `DONE`: returns when enough nodes are Ready with allocatable TPU
 * chips. An operation that ends in an error ends the wait with its cause.
 */
export async function awaitNodes(
  context: StageContext,
  prepared: Prepared,
  operation: GkeOperation | null,
  limitMs: number,
): Promise<TpuNode[]> {
  const { gke, kube, inputs, emit } = context;
  const { pool, nodes: wanted } = prepared;
  const announced = new Set<string>();
  let running = operation;
  return poll({
    stage: 'lease',
    what: `${wanted} Ready nodes`,
    everyMs: inputs.pollIntervalMs,
    limitMs,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => emit({ type: 'waiting', stage: 'lease', ...status }),
    probe: async () => {
      const nodes = await poolNodes(kube, pool.name);
      const usable = nodes.filter(({ ready, chips }) => ready && chips > 0);
      for (const node of usable) {
        if (announced.has(node.name)) continue;
        announced.add(node.name);
        emit({ type: 'fact', stage: 'lease', text: `node ${node.name} Ready, ${node.chips} chips` });
      }
      if (usable.length >= wanted) return { done: usable };
      if (running && running.status !== 'DONE') running = await gke.getOperation(running.name);
      if (running?.status === 'DONE' && running.error) {
        throw resizeFailure(running.error, wanted, usable.length, pool.name);
      }
      const state = running ? `operation ${running.status}` : 'no operation running';
      return { waiting: `${usable.length} of ${wanted} nodes Ready, ${nodes.length} registered, ${state}` };
    },
    onTimeout: (seen) =>
      new Failure({
        stage: 'lease',
        code: 'nodes-timeout',
        message: `Node pool ${pool.name} did not reach ${wanted} Ready nodes in time; last seen: ${seen}.`,
        hint: 'Look at the operation and the pool: gcloud container operations list; raise "lease-timeout" if nodes were still arriving.',
        blame: 'cloud',
        evidence: { seen },
      }),
  });
}

/** The error text of a failed resize as a cause; the texts are GKE's (field names in the operation's error). */
export function resizeFailure(text: string, asked: number, got: number, pool: string): Failure {
  const evidence = { text, asked, got };
  const base = { stage: 'lease', evidence } as const;
  const arrived = got > 0 ? `; ${got} of ${asked} nodes arrived` : '';
  if (/stockout|resource_pool_exhausted|resource pool exhausted|does not have enough resources/i.test(text)) {
    return new Failure({
      ...base,
      code: 'gke-stockout',
      message: `The zone has no TPU capacity for ${asked} nodes of ${pool}${arrived}.`,
      hint: 'Run again later, or use a reservation or another zone. The change under review is not at fault.',
      blame: 'cloud',
    });
  }
  if (/quota/i.test(text)) {
    return new Failure({
      ...base,
      code: 'gke-quota',
      message: `The project's TPU quota does not allow ${asked} nodes of ${pool}${arrived}.`,
      hint: 'Ask for more of the quota named in the evidence (compute.googleapis.com), or lease fewer nodes.',
      blame: 'config',
    });
  }
  if (/permission|forbidden|service account/i.test(text)) {
    return new Failure({
      ...base,
      code: 'gke-node-permission',
      message: `GKE could not create the nodes of ${pool} for want of a permission${arrived}.`,
      hint: 'Check the service account of the node pool.',
      blame: 'config',
    });
  }
  return new Failure({
    ...base,
    code: 'gke-resize-failed',
    message: `The resize of ${pool} to ${asked} nodes failed${arrived}: ${text}`,
    blame: 'cloud',
  });
}
