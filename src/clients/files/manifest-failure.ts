import { Failure, type FailureStage } from '../../lib/failure.ts';
import type { ManifestLocation } from '../../report/model.ts';
import { pathIn } from './field-line.ts';
import type { Manifest } from './manifests.ts';

/**
 * What a manifest's refusal is thrown as: the client's failure with file and line, of the field that was named where one
 * was; anything else unchanged.
 */
export function atManifest(error: unknown, stage: FailureStage, manifest: Manifest): unknown {
  if (!(error instanceof Failure)) return error;
  const { file } = manifest;
  const locations = placesIn(error, manifest);
  const line = locations[0]?.line ?? null;
  return new Failure({
    stage,
    code: error.code,
    message: `${file}${line === null ? '' : `:${line}`}: ${error.message}`,
    ...(error.hint ? { hint: error.hint } : {}),
    blame: error.blame,
    cause: error,
    evidence: { ...error.evidence, ...{ file, line }, ...(locations.length > 0 ? { locations } : {}) },
  });
}

/** A place for each field that was named; the document's own where none was. */
function placesIn({ message, evidence }: Failure, { object, file, line, lineOf }: Manifest): ManifestLocation[] {
  if (line === null) return [];
  const fields = Array.isArray(evidence.fields) ? evidence.fields.map(String) : [];
  const at = (field: string) => lineOf?.(pathIn(object, field)) ?? line;
  const [first, ...more] = fields;
  return [
    { file, line: first === undefined ? line : at(first), message },
    ...more.map((field) => ({ file, line: at(field), message: `${field}: refused with the same object` })),
  ];
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
