import { Failure } from '../../lib/failure.ts';

/** GKE refuses a change while another operation runs on the same cluster or pool. */
export function isOperationConflict(error: unknown): boolean {
  const text = error instanceof Error ? error.message : '';
  return (
    (error instanceof Failure && error.evidence.reason === 'CLUSTER_ALREADY_HAS_OPERATION') ||
    /incompatible operation|is currently being created, deleted, updated or repaired|is currently (?:\w+ing|ACTIONING) cluster/i.test(
      text,
    )
  );
}
