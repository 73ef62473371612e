import type { GkeOperation } from '../../clients/google/gke.ts';
import { isOperationConflict } from '../../clients/google/operation-conflict.ts';
import { Failure } from '../../lib/failure.ts';
import { OUTAGE_MS, poll } from '../../lib/poll.ts';
import { comesByDemand } from '../../tpu/pool-shape.ts';
import type { LeaseState, Prepared, StageContext } from '../context.ts';
import { BASE_NODES_LIMIT_MS, holderOf, leaseState, nodesOfBase } from './lease-state.ts';
import { poolNodes, type TpuNode } from './nodes.ts';
import { acquirePool, type LeaseContext, storyOf } from './pool-lease.ts';
import { notePool } from './pool-note.ts';
import { resizeFailure } from './resize-failure.ts';
import type { Taking } from './taking.ts';

/** What the lease in the cluster is kept by. */
export function leaseContext(context: StageContext): LeaseContext {
  const { kube, clock, signal, emit, inputs } = context;
  return { kube, clock, signal, emit, namespace: inputs.leaseNamespace, holder: holderOf(context) };
}

/**
 * Takes the pool for this run, in the cluster and in the runner's state, before anything is asked of it. The state is
 * saved right before the first write: whatever happens from then on, the release finds out by the cluster's lease whether
 * the pool is ours. What was read of the pool while somebody else had it is read again. Returns what is true now.
 */
export async function takePool(
  context: StageContext,
  prepared: Prepared,
  saveLease: (state: LeaseState) => void,
  around?: Taking,
): Promise<{ prepared: Prepared; state: LeaseState }> {
  const { inputs, emit } = context;
  const startedAt = new Date(context.kube.serverTime()).toISOString();
  const wanted = leaseState(context, prepared, startedAt, 'acquiring');
  const taking: Taking = {
    before: async () => {
      await around?.before();
      saveLease(wanted);
    },
    refused: () => around?.refused(),
  };
  const { onBusy, busyTimeoutMs: limitMs, pollIntervalMs } = inputs;
  const waiting = { onBusy, limitMs, pollIntervalMs, takesKept: inputs.keep !== null, taking };
  const { story, waited } = await acquirePool(leaseContext(context), wanted, waiting);
  if (story) emit({ type: 'warning', text: storyOf(story) });
  const now = waited ? await readAgain(context, prepared, story?.state ?? null) : prepared;
  const state = leaseState(context, now, waited ? new Date(context.kube.serverTime()).toISOString() : startedAt);
  saveLease(state);
  emit({ type: 'fact', stage: 'lease', text: `node pool ${now.pool.name} is leased to ${state.holder}` });
  const { nodePool, restingNodes, holder } = state;
  await notePool(leaseContext(context), { nodePool, restingNodes, holder, seenAt: state.startedAt });
  return { prepared: now, state };
}

/** The pool as it is now. A run that died left its own size behind; the one before it is what the pool rests at. */
async function readAgain(context: StageContext, prepared: Prepared, dead: LeaseState | null): Promise<Prepared> {
  const { inputs, gke, kube } = context;
  const pool = await gke.getNodePool(prepared.pool.name);
  if ((prepared.demand !== undefined) !== comesByDemand(pool)) throw changedPool(pool.name);
  const sizeNow = prepared.demand ? (await poolNodes(kube, pool.name)).length : pool.initialNodeCount;
  const sizeBefore = dead?.sizeBefore ?? sizeNow;
  const restingNodes = inputs.restingNodes === 'before' ? sizeBefore : inputs.restingNodes;
  return { ...prepared, pool, sizeBefore, restingNodes, leftover: dead };
}

/** The way to its nodes is not the one that preflight checked. */
function changedPool(pool: string): Failure {
  return new Failure({
    stage: 'lease',
    code: 'pool-changed',
    message: `The autoscaling of node pool ${pool} was changed while another run had the pool.`,
    hint: 'Run again: preflight then checks the pool as it is now.',
  });
}

/** What holds the pool, by name: other operations of the pool and of its cluster. Empty when that cannot be listed. */
async function blockersOf({ gke, signal }: StageContext, pool: string): Promise<string> {
  try {
    return (await gke.listOperations())
      .filter(({ status, targetLink }) => status !== 'DONE' && blocks(targetLink, gke.cluster, pool))
      .map(({ name, type, startTime }) => `${name}, ${type}${startTime ? ` since ${startTime}` : ''}`)
      .join('; ');
  } catch {
    signal.throwIfAborted();
    return '';
  }
}

function blocks(targetLink: string, cluster: string, pool: string): boolean {
  const [, name, rest = ''] = /\/clusters\/([^/]+)(\/.*)?$/.exec(targetLink) ?? [];
  return name === cluster && (rest === '' || rest === `/nodePools/${pool}`);
}

/** Whether a stack that stays needs fewer nodes than the pool has: what nobody uses is not kept. */
export function isSmaller({ inputs }: Pick<StageContext, 'inputs'>, { pool, nodes }: Prepared): boolean {
  return inputs.keep !== null && pool.autoscaling === null && pool.initialNodeCount > nodes;
}

/** Whether the nodes are asked for once the pods of the stack before this one are gone, and waited for before the next deploys. */
export function isAfterClearing(context: Pick<StageContext, 'inputs'>, prepared: Prepared): boolean {
  return prepared.demand !== undefined || isSmaller(context, prepared);
}

/** Whether the nodes are there: a pool that was autoscaled keeps the size that was last asked for. False where it cannot be read. */
async function haveCome({ kube, signal }: StageContext, { pool, nodes }: Prepared): Promise<boolean> {
  try {
    return (await poolNodes(kube, pool.name)).length >= nodes;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** Asks for the nodes. Waits while another operation holds the pool. Null when the pool already has the nodes. */
export async function requestNodes(
  context: StageContext,
  prepared: Prepared,
  limitMs: number,
): Promise<GkeOperation | null> {
  const { gke, inputs, emit } = context;
  const { pool, nodes } = prepared;
  const isSet = pool.initialNodeCount >= nodes && !isSmaller(context, prepared);
  if (isSet && (await haveCome(context, prepared))) {
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
        const blockers = await blockersOf(context, pool.name);
        return { waiting: `another operation runs (${blockers || (error as Error).message})` };
      }
    },
    onTimeout: (seen) =>
      new Failure({
        stage: 'lease',
        code: 'pool-busy',
        message: `Node pool ${pool.name} was not free in time; last seen: ${seen}.`,
        hint: 'Let one run at a time use the pool (a concurrency group of the workflow), or wait for the operation that is named.',
      }),
  });
  emit({ type: 'fact', stage: 'lease', text: `resize to ${nodes} requested, operation ${operation.name}` });
  return operation;
}

/**
 * Follows the operation, then trusts nodes and not `DONE`: returns when enough nodes are Ready with allocatable TPU
 * chips. An operation that ends in an error ends the wait with its cause. Where the nodes of the stack under test are
 * there and those of the base stack do not come, `onShort` gets the reason, and what is there is returned.
 */
export async function awaitNodes(
  context: StageContext,
  prepared: Prepared,
  operation: GkeOperation | null,
  limitMs: number,
  onShort: (reason: string) => void = () => {},
): Promise<TpuNode[]> {
  const { gke, kube, inputs, emit, clock } = context;
  const { pool, nodes: wanted } = prepared;
  const enough = wanted - nodesOfBase(prepared);
  let enoughSince: number | null = null;
  const announced = new Set<string>();
  let running = operation;
  let registered = 0;
  return poll({
    stage: 'lease',
    what: `${wanted} Ready nodes`,
    everyMs: inputs.pollIntervalMs,
    limitMs,
    bearsMs: OUTAGE_MS,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => emit({ type: 'waiting', stage: 'lease', ...status }),
    probe: async () => {
      const nodes = await poolNodes(kube, pool.name);
      registered = nodes.length;
      const usable = nodes.filter(({ ready, chips }) => ready && chips > 0);
      for (const node of usable) {
        if (announced.has(node.name)) continue;
        announced.add(node.name);
        emit({ type: 'fact', stage: 'lease', text: `node ${node.name} Ready, ${node.chips} chips` });
      }
      // Of a pool that becomes smaller, a node may still be Ready that is about to go.
      const settled = !isSmaller(context, prepared) || (nodes.length <= wanted && running?.status === 'DONE');
      if (usable.length >= wanted && settled) return { done: usable };
      if (usable.length < enough) enoughSince = null;
      else enoughSince ??= clock.now();
      let state = 'no operation running';
      if (running && running.status !== 'DONE') {
        try {
          running = await gke.getOperation(running.name);
        } catch (error) {
          // An outage of the Container API ends neither the operation nor the wait for its nodes.
          if (
            !(error instanceof Failure) ||
            !['gke-api', 'gke-answer', 'gcp-rate-limit', 'gcp-auth-unavailable'].includes(error.code)
          )
            throw error;
          state = `operation unknown (${error.message})`;
          return { waiting: countText(usable.length, wanted, nodes.length, state) };
        }
      }
      if (running?.status === 'DONE' && running.error) {
        const { projectId: project, location, cluster } = inputs;
        const place = { project, location, cluster };
        const failure = resizeFailure(running.error, wanted, usable.length, pool.name, place);
        if (enoughSince === null) throw failure;
        onShort(failure.message);
        return { done: usable };
      }
      if (enoughSince !== null && clock.now() - enoughSince >= Math.min(BASE_NODES_LIMIT_MS, limitMs)) {
        onShort(`${usable.length} of ${wanted} nodes of ${pool.name} are Ready, and the others did not come in time.`);
        return { done: usable };
      }
      if (running) state = `operation ${running.status}`;
      // A node that has registered is Ready in a moment; one that is to go takes its time.
      const soon = nodes.length >= wanted && !isSmaller(context, prepared);
      return { waiting: countText(usable.length, wanted, nodes.length, state), soon };
    },
    onTimeout: (seen) =>
      new Failure({
        stage: 'lease',
        code: registered > 0 && registered < wanted ? 'gke-partial' : 'nodes-timeout',
        message: `Node pool ${pool.name} did not reach ${wanted} Ready nodes in time; last seen: ${seen}.`,
        hint: 'Look at the operation and the pool: gcloud container operations list; raise "lease-timeout" if nodes were still arriving.',
        evidence: { seen, asked: wanted, got: registered },
      }),
  });
}

function countText(ready: number, wanted: number, registered: number, operation: string): string {
  return `${ready} of ${wanted} nodes Ready, ${registered} registered, ${operation}`;
}
