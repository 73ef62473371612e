import { Failure, type FailureStage } from '../../lib/failure.ts';
import type { Manifest } from './manifests.ts';

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
    evidence: {
      ...error.evidence,
      ...{ file, line },
      ...(line === null ? {} : { locations: [{ file, line, message: error.message }] }),
    },
  });
}

/** All refusals as one, so that a change is corrected in one go: of the first one's kind, with each one's sentence. */
export function allAtManifests(failures: readonly Failure[]): Failure {
  const [first, ...more] = failures;
  if (!first || more.length === 0) return first as Failure;
  return new Failure({
    stage: first.stage,
    code: first.code,
    message: failures
      .map(({ message }) => message.replace(/\.$/, ''))
      .join('; ')
      .concat('.'),
    ...(first.hint ? { hint: first.hint } : {}),
    blame: first.blame,
    cause: first,
    evidence: {
      ...first.evidence,
      locations: failures.flatMap(({ evidence }) => (evidence.locations as unknown[] | undefined) ?? []),
    },
  });
}
