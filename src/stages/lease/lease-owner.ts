import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { poll } from '../../lib/poll.ts';
import type { Emit } from '../../progress/events.ts';
import type { Release } from '../../report/model.ts';
import type { LeaseState } from '../context.ts';
import { handCommand } from '../release/by-hand.ts';
import { countNodes, leftText } from '../release/nodes-left.ts';
import type { Released } from '../release/released.ts';
import type { ResizeContext } from '../release/resize-to-rest.ts';
import { LEASE_DURATION_S, type LeaseRecord, SKEW_MS } from './lease-record.ts';
import { notTakenOver } from './overwritten.ts';
import { expirePool, returnPool, type Standing, standing } from './pool-lease.ts';
import { unnotePool } from './pool-note.ts';

export interface OwnerContext extends ResizeContext {
  /** The Kubernetes API; null while it cannot be reached. Called again for each try. */
  openKube: () => Promise<KubeClient | null>;
}

/**
 * Whether the pool is this run's to resize, from the lease in the cluster. Null: it is. Otherwise what there is to say:
 * nothing was ever leased; a living run has taken the pool over and is responsible for it; or the lease was overwritten.
 * Nodes that are left under an overwritten lease are a failed release, with the command.
 */
export async function notOurs(context: OwnerContext, lease: LeaseState): Promise<Released | null> {
  const { emit } = context;
  const { nodePool, phase } = lease;
  const found = await whose(context, lease);
  if (found === 'ours') return null;
  if (found === 'not-yet') return untouched(lease, `node pool ${nodePool} was not this run's yet when it ended.`);
  if (found === 'nobody') {
    return phase === 'held' ? null : untouched(lease, `node pool ${nodePool} was never this run's.`);
  }
  const { kube, record } = found;
  if (phase === 'acquiring') return untouched(lease, `node pool ${nodePool} is leased by ${record.holder}.`);
  const why = notTakenOver(record, lease.startedAt, kube.serverTime());
  if (why !== null) return foreign({ ...context, kube }, lease, why);
  emit({ type: 'warning', text: `the lease of node pool ${nodePool} was taken over by ${record.holder}` });
  const message = `Node pool ${nodePool} was taken over by ${record.holder}, whose lease it is now; it was left alone.`;
  return ended(lease, { outcome: 'not-needed', message });
}

type Whose = Exclude<Standing, LeaseRecord> | 'not-yet' | { kube: KubeClient; record: LeaseRecord };

/**
 * Reads whose the lease is. Without an answer the run's own last sign of life decides, since nobody can have taken over a
 * lease that has not run out. Once it may have, the question is asked until the limit.
 */
async function whose(context: OwnerContext, lease: LeaseState): Promise<Whose> {
  const { signal, emit, clock } = context;
  let seen = 'the Kubernetes API does not respond';
  const unknown = () =>
    new Failure({
      stage: 'release',
      code: 'lease-unknown',
      message: `its lease has run out, and whether another run has node pool ${lease.nodePool} now cannot be read: ${seen}`,
      hint: 'Look who uses the pool before running the command.',
    });
  try {
    return await poll<Whose>({
      stage: 'release',
      what: `the holder of node pool ${lease.nodePool}`,
      everyMs: context.pollIntervalMs,
      limitMs: context.limitMs,
      clock,
      signal,
      onWait: (status) => emit({ type: 'waiting', stage: 'release', ...status }),
      probe: async () => {
        try {
          const kube = await context.openKube();
          if (!kube) throw new Error('the Kubernetes API does not respond');
          const found = await standing(guardContext(kube, lease), lease.nodePool);
          return { done: typeof found === 'string' ? found : { kube, record: found } };
        } catch (error) {
          signal.throwIfAborted();
          if (lease.phase === 'acquiring') return { done: 'not-yet' };
          seen = errorText(error);
          if (mayHaveRunOut(lease, Date.now())) return { waiting: seen };
          emit({ type: 'warning', text: `whose the lease is cannot be read, but it has not run out: ${seen}` });
          return { done: 'ours' };
        }
      },
      onTimeout: unknown,
    });
  } catch (error) {
    throw signal.aborted ? unknown() : error;
  }
}

function mayHaveRunOut({ renewedAt }: LeaseState, nowMs: number): boolean {
  const endsMs = Date.parse(renewedAt) + LEASE_DURATION_S * 1_000 - SKEW_MS;
  return !(nowMs < endsMs);
}

/** A pool under a lease that no living run wrote: nobody's to resize, and a leak where nodes are left in it. */
async function foreign(
  context: OwnerContext & { kube: KubeClient },
  lease: LeaseState,
  why: string,
): Promise<Released> {
  const { nodePool, restingNodes } = lease;
  const started = context.clock.now();
  const nodesLeft = await countNodes(context, nodePool, restingNodes);
  const durationMs = Math.round(context.clock.now() - started);
  const about = `its lease in the cluster is not this run's any more: ${why}`;
  if (nodesLeft !== null && nodesLeft <= restingNodes) {
    context.emit({ type: 'warning', text: `node pool ${nodePool} is at rest, but ${about}` });
    const message = `Node pool ${nodePool} is at its resting size of ${restingNodes} nodes; ${about}.`;
    return ended(lease, { outcome: 'not-needed', message, nodesLeft, durationMs });
  }
  const command = await handCommand(context, lease);
  const message = `${leftText(nodePool, nodesLeft)}, and ${about}. It was left alone: look who uses it before you run the command.`;
  return ended(lease, { outcome: 'failed', message, nodesLeft, command, durationMs });
}

function untouched(lease: LeaseState, why: string): Released {
  return ended(lease, { outcome: 'not-needed', message: `No TPU node was leased: ${why}` });
}

function ended(
  { nodePool, restingNodes }: LeaseState,
  rest: Pick<Release, 'outcome' | 'message'> & Partial<Release>,
): Released {
  return { release: { nodePool, restingNodes, nodesLeft: null, command: null, durationMs: 0, ...rest }, billed: [] };
}

/** The lease after the release: gone when the pool is at rest, expired for the sweeper when it is not. */
export async function settleLease(kube: KubeClient | null, lease: LeaseState, released: Released, emit: Emit) {
  if (!kube) return;
  const context = guardContext(kube, lease);
  try {
    if (released.release.outcome === 'failed') return await expirePool(context, lease);
    await returnPool(context, lease.nodePool);
    await unnotePool({ ...context, emit }, lease.nodePool, lease.holder);
  } catch (error) {
    emit({
      type: 'warning',
      text: `the lease in the cluster was not updated and runs out by itself: ${errorText(error)}`,
    });
  }
}

function guardContext(kube: KubeClient, { leaseNamespace, holder, runKey }: LeaseState) {
  return { kube, namespace: leaseNamespace, holder: { identity: holder, runKey } };
}
