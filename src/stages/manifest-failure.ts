import type { Manifest } from '../clients/manifests.ts';
import { Failure, type FailureStage } from '../lib/failure.ts';

/** What a manifest's refusal is thrown as: the client's failure with the file and line; anything else unchanged. */
export function atManifest(error: unknown, stage: FailureStage, { file, line }: Manifest): unknown {
  if (!(error instanceof Failure)) return error;
  return new Failure({
    stage,
    code: error.code,
    message: `${file}${line === null ? '' : `:${line}`}: ${error.message}`,
    ...(error.hint ? { hint: error.hint } : {}),
    blame: error.blame,
    cause: error,
    evidence: { ...error.evidence, file, line },
  });
}
