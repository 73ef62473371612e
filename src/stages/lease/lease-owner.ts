import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import type { Emit } from '../../progress/events.ts';
import type { LeaseState } from '../context.ts';
import type { Released } from '../release/release.ts';
import { LEASE_DURATION_S, SKEW_MS } from './lease-record.ts';
import { expirePool, returnPool, standing } from './pool-lease.ts';

const NOT_OURS = { nodesLeft: null, command: null, durationMs: 0 } as const;

/**
 * Whether the pool is this run's to resize, from the lease in the cluster. Null: it is. Otherwise what there is to say:
 * nothing was ever leased, or somebody has taken the pool over and is responsible for it now. Without the Kubernetes API
 * the run's own last sign of life decides: nobody can have taken over a lease that has not run out.
 */
export async function notOurs(
  kube: KubeClient | null,
  lease: LeaseState,
  nowMs: number,
  emit: Emit,
): Promise<Released | null> {
  const { nodePool, restingNodes, phase } = lease;
  const not = (message: string): Released => ({
    release: { outcome: 'not-needed', nodePool, restingNodes, message, ...NOT_OURS },
    billed: [],
  });
  try {
    if (!kube) throw new Error('the Kubernetes API does not answer');
    const whose = await standing(guardContext(kube, lease), nodePool);
    if (whose === 'ours') return null;
    if (whose === 'nobody') {
      return phase === 'held' ? null : not(`No TPU node was leased: node pool ${nodePool} was never this run's.`);
    }
    if (phase === 'acquiring')
      return not(`No TPU node was leased: node pool ${nodePool} is leased by ${whose.holder}.`);
    emit({ type: 'warning', text: `the lease of node pool ${nodePool} was taken over by ${whose.holder}` });
    return not(`Node pool ${nodePool} was taken over by ${whose.holder}, whose lease it is now; it was left alone.`);
  } catch (error) {
    if (phase === 'acquiring') {
      return not(`No TPU node was leased: node pool ${nodePool} was not this run's yet when it ended.`);
    }
    const endsMs = Date.parse(lease.renewedAt) + LEASE_DURATION_S * 1_000 - SKEW_MS;
    if (nowMs < endsMs) {
      emit({ type: 'warning', text: `whose the lease is cannot be read, but it has not run out: ${errorText(error)}` });
      return null;
    }
    throw new Failure({
      stage: 'release',
      code: 'lease-unknown',
      message: `its lease has run out, and whether another run has node pool ${nodePool} now cannot be read: ${errorText(error)}`,
      hint: 'Look who uses the pool before running the command.',
      blame: 'cluster',
    });
  }
}

/** The lease after the release: gone when the pool is at rest, expired for the sweeper when it is not. */
export async function settleLease(kube: KubeClient | null, lease: LeaseState, released: Released, emit: Emit) {
  if (!kube) return;
  const context = guardContext(kube, lease);
  try {
    if (released.release.outcome === 'failed') await expirePool(context, lease);
    else await returnPool(context, lease.nodePool);
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
