import type { Manifest } from '../../clients/files/manifests.ts';
import type { Blame } from '../../lib/causes.ts';
import { Failure } from '../../lib/failure.ts';
import { evidenceAt } from '../../stack/service.ts';

/** One thing that is wrong with the manifests: a sentence without its place, and what to do. */
export interface PlacedFinding {
  manifest: Manifest;
  /** Way from the root of the object to the field, or to what is nearest above it. */
  path: readonly (string | number)[];
  /** What is there and what is allowed, without a full stop. */
  says: string;
  fix: string;
}

/** All of them as one failure: each with file and line, and each fix once. `facts` are for the diagnosis. */
export function findingsFailure(
  code: string,
  findings: readonly PlacedFinding[],
  { facts = {}, blame }: { facts?: Record<string, unknown>; blame?: Blame } = {},
): Failure {
  const placed = findings.map(({ manifest, path, says }) => {
    const evidence = evidenceAt(manifest, path, says);
    const { file, line } = evidence as { file: string; line: number | null };
    return { evidence, text: `${file}${line === null ? '' : `:${line}`}: ${says}` };
  });
  const fixes = [...new Set(findings.map(({ fix }) => fix))];
  return new Failure({
    stage: 'preflight',
    code,
    message: `${placed.map(({ text }) => text).join('; ')}.`,
    hint: fixes.join(' '),
    ...(blame === undefined ? {} : { blame }),
    evidence: {
      ...facts,
      ...placed[0]?.evidence,
      locations: placed.flatMap(({ evidence: { locations } }) => (Array.isArray(locations) ? locations : [])),
    },
  });
}
