import { Failure } from '../../lib/failure.ts';
import { googleRow } from './refusals.ts';

/** Whether GKE refused a change because another operation runs on the same cluster or pool, or too many run. */
export function isOperationConflict(error: unknown): boolean {
  if (error instanceof Failure) return error.code === 'gke-busy';
  return error instanceof Error && googleRow({ status: null, reasons: [], text: error.message })?.code === 'gke-busy';
}
