import type { GkeClient } from '../clients/gke.ts';
import type { KubeClient } from '../clients/kube.ts';
import { describe } from '../clients/objects.ts';
import { isOperationConflict } from '../clients/operation-conflict.ts';
import { errorText, Failure } from '../lib/failure.ts';
import { type Clock, poll } from '../lib/poll.ts';
import type { Emit } from '../progress/events.ts';
import type { Release } from '../report/model.ts';
import type { BilledNode } from '../verdict/cost.ts';
import type { LeaseState } from './context.ts';
import { poolNodes } from './nodes.ts';

export interface ReleaseContext {
  gke: GkeClient;
  /** Null when the Kubernetes API could not be reached: the nodes are given back all the same. */
  kube: KubeClient | null;
  clock: Clock;
  signal: AbortSignal;
  emit: Emit;
  pollIntervalMs: number;
  limitMs: number;
}

export interface Released {
  release: Release;
  /** The pool's TPU nodes with their own times, for the bill; empty when Kubernetes could not be asked. */
  billed: BilledNode[];
}

/**
 * Gives the nodes back, from the saved lease alone: workload away first (nothing is evicted then), pool to its resting
 * size, verified by the nodes that are left. Idempotent. Never throws: a failure is the result, with the command to run.
 */
export async function release(context: ReleaseContext, lease: LeaseState): Promise<Released> {
  const started = context.clock.now();
  const took = () => Math.round(context.clock.now() - started);
  const leased = new Map<string, BilledNode>();
  try {
    await observe(context, lease, leased).catch((error: unknown) => {
      context.emit({ type: 'warning', text: `the nodes could not be counted: ${errorText(error)}` });
    });
    await removeWorkload(context, lease);
    if (lease.sizeBefore >= lease.sizeAsked && lease.restingNodes >= lease.sizeBefore) {
      const message = `Node pool ${lease.nodePool} had ${lease.sizeBefore} nodes before the run and keeps them.`;
      return {
        release: {
          ...base(lease),
          outcome: 'not-needed',
          nodesLeft: lease.sizeBefore,
          message,
          command: null,
          durationMs: took(),
        },
        billed: [...leased.values()],
      };
    }
    await shrink(context, lease);
    const nodesLeft = await awaitResting(context, lease, leased);
    const message = `Node pool ${lease.nodePool} is back at its resting size of ${lease.restingNodes} nodes.`;
    return {
      release: { ...base(lease), outcome: 'released', nodesLeft, message, command: null, durationMs: took() },
      billed: [...leased.values()],
    };
  } catch (error) {
    return { ...releaseFailed(lease, error, took()), billed: [...leased.values()] };
  }
}

/** The result when the nodes could not be given back, or not even tried. */
export function releaseFailed(lease: LeaseState, error: unknown, durationMs = 0): Released {
  const message = `Node pool ${lease.nodePool} could not be given back: ${errorText(error)}`;
  return {
    release: { ...base(lease), outcome: 'failed', nodesLeft: null, message, command: resizeCommand(lease), durationMs },
    billed: [],
  };
}

function base(lease: LeaseState): Pick<Release, 'nodePool' | 'restingNodes'> {
  return { nodePool: lease.nodePool, restingNodes: lease.restingNodes };
}

/** Notes the nodes that exist now, and the end of those that have gone since the last look. */
async function observe(context: ReleaseContext, lease: LeaseState, leased: Map<string, BilledNode>): Promise<number> {
  if (!context.kube) return 0;
  const present = await poolNodes(context.kube, lease.nodePool);
  const names = new Set(present.map(({ name }) => name));
  for (const { name, createdAt, chips } of present) {
    if (!leased.has(name)) leased.set(name, { createdAt, deletedAt: null, chips });
  }
  for (const [name, node] of leased) {
    if (!names.has(name) && node.deletedAt === null) leased.set(name, { ...node, deletedAt: new Date().toISOString() });
  }
  return present.length;
}

/** The line to run by hand. Every part was checked against a strict pattern when it came in. */
export function resizeCommand(lease: LeaseState): string {
  return `gcloud container clusters resize ${lease.cluster} --node-pool ${lease.nodePool} --num-nodes ${lease.restingNodes} --location ${lease.location} --project ${lease.projectId} --quiet`;
}

async function removeWorkload(context: ReleaseContext, lease: LeaseState): Promise<void> {
  if (!context.kube) return;
  for (const ref of [...lease.workload].reverse()) {
    try {
      if (await context.kube.remove(ref)) {
        context.emit({ type: 'fact', stage: 'release', text: `removed ${describe(ref)}` });
      }
    } catch (error) {
      // What stays behind costs nothing; the nodes do.
      context.emit({ type: 'warning', text: `${describe(ref)} was not removed: ${errorText(error)}` });
      // Each further try would take minutes of the time that the nodes need.
      if (error instanceof Failure && error.code === 'kube-unreachable') return;
    }
  }
}

async function shrink(context: ReleaseContext, lease: LeaseState): Promise<void> {
  const operation = await poll({
    stage: 'release',
    what: `node pool ${lease.nodePool} to accept the resize to ${lease.restingNodes}`,
    everyMs: context.pollIntervalMs,
    limitMs: context.limitMs,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => context.emit({ type: 'waiting', stage: 'release', ...status }),
    probe: async () => {
      try {
        return { done: await context.gke.setNodePoolSize(lease.nodePool, lease.restingNodes) };
      } catch (error) {
        // A scale-up that still runs refuses the scale-down until it ends.
        if (!isOperationConflict(error)) throw error;
        return { waiting: (error as Error).message };
      }
    },
  });
  context.emit({
    type: 'fact',
    stage: 'release',
    text: `resize to ${lease.restingNodes} requested, operation ${operation.name}`,
  });
  await poll({
    stage: 'release',
    what: `operation ${operation.name}`,
    everyMs: context.pollIntervalMs,
    limitMs: context.limitMs,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => context.emit({ type: 'waiting', stage: 'release', ...status }),
    probe: async () => {
      const current = await context.gke.getOperation(operation.name);
      if (current.status !== 'DONE') return { waiting: current.status };
      if (current.error) {
        throw new Failure({ stage: 'release', code: 'release-refused', message: current.error, blame: 'cloud' });
      }
      return { done: true };
    },
  });
}

async function awaitResting(
  context: ReleaseContext,
  lease: LeaseState,
  leased: Map<string, BilledNode>,
): Promise<number | null> {
  if (!context.kube) return askPool(context, lease);
  try {
    return await nodesGone(context, lease, leased);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'kube-unreachable') throw error;
    context.emit({ type: 'warning', text: `the nodes could not be counted: ${error.message}` });
    return askPool(context, lease);
  }
}

/** What can be known without Kubernetes: that the pool is set to its resting size. Never how many nodes are left. */
async function askPool(context: ReleaseContext, lease: LeaseState): Promise<null> {
  const pool = await context.gke.getNodePool(lease.nodePool);
  if (pool.initialNodeCount === lease.restingNodes) return null;
  throw new Failure({
    stage: 'release',
    code: 'release-not-seen',
    message: `the pool is set to ${pool.initialNodeCount} nodes, not ${lease.restingNodes}`,
    blame: 'cloud',
  });
}

function nodesGone(context: ReleaseContext, lease: LeaseState, leased: Map<string, BilledNode>): Promise<number> {
  return poll({
    stage: 'release',
    what: `${lease.restingNodes} nodes in ${lease.nodePool}`,
    everyMs: context.pollIntervalMs,
    limitMs: context.limitMs,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => context.emit({ type: 'waiting', stage: 'release', ...status }),
    probe: async () => {
      const left = await observe(context, lease, leased);
      return left <= lease.restingNodes ? { done: left } : { waiting: `${left} nodes left` };
    },
  });
}
