import { Failure } from '../../lib/failure.ts';
import type { Finding } from '../../report/model.ts';

const CODE = 'stopped-answering';

/** A service that fell silent after the pairs, while something beside the verdict was measured. */
export function stoppedAnswering(during: string): Failure {
  return new Failure({
    stage: 'benchmark',
    code: CODE,
    message: `The service stopped answering while ${during}.`,
  });
}

/** The veto of such a failure; null for any other error. */
export function vetoOfSilence(error: unknown): Finding | null {
  return error instanceof Failure && error.code === CODE ? { id: CODE, message: error.message } : null;
}
