import type { BlockEvidence, BlockRule, PodEdges } from './evidence.ts';
import { LIMITS } from './limits.ts';

/**
 * What the gateway's own counters say about each block. Istiod gives each route two retries on other hosts after a
 * connection that failed or a stream that was refused (pilot/pkg/networking/core/route/retry, DefaultPolicy); a route may
 * ask for more. So clients do not see a replica that is gone while others are there. The all-replicas arm then ran on
 * fewer replicas than it is compared for.
 */
export const GATEWAY_RULES: readonly BlockRule[] = [
  { id: 'replica-refused', kind: 'veto', judge: refused },
  { id: 'replica-errors', kind: 'veto', judge: (block) => unseenErrors(block, 'many') },
  { id: 'replica-retries', kind: 'warning', judge: (block) => unseenErrors(block, 'few') },
  { id: 'gateway-unobserved', kind: 'warning', judge: unobserved },
];

/** One refused connection is enough: a replica that serves accepts each of them. */
function refused(block: BlockEvidence): string | null {
  const refusing = block.gateway.pods.filter(({ connectFailures }) => connectFailures > 0);
  if (refusing.length === 0) return null;
  const others =
    block.arm === 'all' || (block.arm !== 'one' && block.baseline === null) ? ', which tried other replicas' : '';
  return refusing
    .map(({ pod, connectFailures }) => {
      const own = block.pods.find((edges) => edges.pod === pod);
      return `${pod} refused ${connectFailures} connections of the gateway${others}; ${ownAccount(own)}`;
    })
    .join('; ');
}

/** What a replica's own counters show beside those of the gateway. */
function ownAccount(edges: PodEdges | undefined): string {
  const count = edges ? served(edges) : null;
  if (count === null) return 'its own counters could not be read';
  if (count < 0) return 'its own counters started again';
  return `by its own counters it served ${count} requests`;
}

/**
 * Errors without a refused connection, less those that clients saw: the gateway repeated the request elsewhere. The limit
 * is that of the errors which clients may see.
 */
function unseenErrors(block: BlockEvidence, kind: 'few' | 'many'): string | null {
  const failing = block.gateway.pods.filter(({ errors, connectFailures }) => errors > 0 && connectFailures === 0);
  const unseen = failing.reduce((sum, { errors }) => sum + errors, 0) - block.unanswered;
  const worst = failing.toSorted((one, other) => other.errors - one.errors)[0];
  if (unseen <= 0 || !worst) return null;
  if (unseen > LIMITS.errorRate * block.sent !== (kind === 'many')) return null;
  return `The gateway counts ${unseen} errors of the replicas that no client saw, ${worst.errors} of them of ${worst.pod}`;
}

function unobserved({ gateway }: BlockEvidence): string | null {
  return gateway.problem && `A replica that refuses the gateway could not be observed: ${gateway.problem}`;
}

/** Requests that the pod finished during the block; null when either reading is missing. */
export function served({ before, after }: PodEdges): number | null {
  return before && after ? after.finished - before.finished : null;
}
