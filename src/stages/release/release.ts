import { errorText, Failure } from '../../lib/failure.ts';
import { deadline, orAbort, patient, poll } from '../../lib/poll.ts';
import type { Release } from '../../report/model.ts';
import type { BilledNode } from '../../verdict/cost.ts';
import type { LeaseState } from '../context.ts';
import { observe, removeWorkload } from './clear-cluster.ts';
import { releaseDemand } from './release-demand.ts';
import { type ReleaseContext, type Released, releaseFailed } from './released.ts';
import { resizeToRest } from './resize-to-rest.ts';

/** What Kubernetes may cost before the resize is asked for: after a cancel all post steps share less than five minutes. */
const KUBE_BUDGET_MS = 20_000;

/**
 * Releases the nodes, from the saved lease alone: workload away first (nothing is evicted then), pool to its resting
 * size, verified by the nodes that are left. Idempotent. Never throws: a failure is the result, with the command to run.
 */
export async function release(context: ReleaseContext, lease: LeaseState): Promise<Released> {
  if (lease.demand) return releaseDemand(context, lease, lease.demand);
  const { clock } = context;
  const started = clock.now();
  const remainingMs = () => Math.max(context.pollIntervalMs, context.limitMs - (clock.now() - started));
  const leased = new Map<string, BilledNode>();
  const end = (rest: Pick<Release, 'outcome' | 'nodesLeft' | 'message'>): Released => ({
    release: {
      nodePool: lease.nodePool,
      restingNodes: lease.restingNodes,
      command: null,
      durationMs: Math.round(clock.now() - started),
      ...rest,
    },
    billed: [...leased.values()],
  });
  try {
    const counted = await clearCluster(context, lease, leased);
    if (lease.sizeBefore >= lease.sizeAsked && lease.restingNodes >= lease.sizeBefore) {
      const message = `Node pool ${lease.nodePool} had ${lease.sizeBefore} nodes before the run and keeps them.`;
      return end({ outcome: 'not-needed', nodesLeft: counted, message });
    }
    await resizeToRest({ ...context, limitMs: remainingMs() }, lease);
    const kube = context.kube ?? (await context.kubeAgain?.()) ?? null;
    if (kube !== context.kube) await clearCluster({ ...context, kube }, lease, leased);
    const nodesLeft = await awaitResting({ ...context, kube, limitMs: remainingMs() }, lease, leased);
    const message =
      nodesLeft === null
        ? `Node pool ${lease.nodePool} is set to its resting size of ${lease.restingNodes} nodes; its nodes could not be counted.`
        : `Node pool ${lease.nodePool} is back at its resting size of ${lease.restingNodes} nodes.`;
    return end({ outcome: 'released', nodesLeft, message });
  } catch (error) {
    const failed = releaseFailed(lease, error, Math.round(clock.now() - started));
    return { ...failed, billed: [...leased.values()] };
  }
}

/** Counts the nodes and removes what the run applied, within a budget: the resize must not wait for a hung control plane. */
async function clearCluster(
  context: ReleaseContext,
  lease: LeaseState,
  leased: Map<string, BilledNode>,
): Promise<number | null> {
  const { kube, emit } = context;
  if (!kube) return null;
  let counted: number | null = null;
  const work = async () => {
    counted = await observe(kube, lease, leased).catch((error: unknown) => {
      emit({ type: 'warning', text: `the nodes could not be counted: ${errorText(error)}` });
      return null;
    });
    await removeWorkload(kube, emit, lease);
  };
  await orAbort(work(), deadline(context.signal, KUBE_BUDGET_MS)).catch((error: unknown) => {
    context.signal.throwIfAborted();
    emit({ type: 'warning', text: `the workload was not removed in time: ${errorText(error)}` });
  });
  return counted;
}

/** How long odd answers of the Kubernetes API may go on before the pool itself is asked. */
const ODD_LIMIT_MS = 60_000;

/** Waits until the nodes have gone. Whatever else the Kubernetes API answers is waited for, and says nothing of the pool. */
async function awaitResting(
  context: ReleaseContext,
  lease: LeaseState,
  leased: Map<string, BilledNode>,
): Promise<number | null> {
  const { kube, clock } = context;
  if (!kube) return askPool(context, lease);
  const started = clock.now();
  let lastCountMs = started;
  const uncounted = (error: unknown) => {
    context.emit({ type: 'warning', text: `the nodes could not be counted: ${errorText(error)}` });
    return askPool({ ...context, limitMs: Math.max(0, context.limitMs - (clock.now() - started)) }, lease);
  };
  const counted = await poll<number | { error: unknown }>({
    stage: 'release',
    what: `${lease.restingNodes} nodes in ${lease.nodePool}`,
    everyMs: context.pollIntervalMs,
    limitMs: context.limitMs,
    clock,
    signal: context.signal,
    onWait: (status) => context.emit({ type: 'waiting', stage: 'release', ...status }),
    probe: async () => {
      try {
        const left = await observe(kube, lease, leased);
        lastCountMs = clock.now();
        return left <= lease.restingNodes ? { done: left } : { waiting: `${left} nodes left` };
      } catch (error) {
        context.signal.throwIfAborted();
        const isDown = error instanceof Failure && error.code === 'kube-unreachable';
        if (isDown || clock.now() - lastCountMs >= Math.min(ODD_LIMIT_MS, context.limitMs / 2)) {
          return { done: { error } };
        }
        return { waiting: `the nodes could not be counted: ${errorText(error)}` };
      }
    },
  });
  return typeof counted === 'number' ? counted : uncounted(counted.error);
}

/** What can be known without Kubernetes: that the pool is set to its resting size. Never how many nodes are left. */
async function askPool(context: ReleaseContext, lease: LeaseState): Promise<null> {
  let size: number | null = null;
  return poll({
    stage: 'release',
    what: `node pool ${lease.nodePool} to be at ${lease.restingNodes}`,
    everyMs: context.pollIntervalMs,
    limitMs: context.limitMs,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => context.emit({ type: 'waiting', stage: 'release', ...status }),
    probe: patient(context.signal, async () => {
      const pool = await context.gke.getNodePool(lease.nodePool);
      size = pool.initialNodeCount;
      return size === lease.restingNodes ? { done: null } : { waiting: `it is set to ${size} nodes` };
    }),
    onTimeout: (seen) =>
      new Failure({
        stage: 'release',
        code: 'release-not-seen',
        message:
          size === null
            ? `the pool could not be read: ${seen}`
            : `the pool is set to ${size} nodes, not ${lease.restingNodes}`,
        hint: 'Somebody else resized it meanwhile, or the resize was lost.',
      }),
  });
}
