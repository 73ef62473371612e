import { RELEASE_GROUPS } from './groups.ts';
import type { Place } from './parsers/place.ts';
import { fieldsOf, readingOf } from './reading.ts';
import type { InputSource } from './source.ts';
import { type InputsOf, rowsIn } from './spec.ts';

/** What the post step needs of the inputs, and the place of the lease. */
export type ReleaseInputs = InputsOf<(typeof RELEASE_GROUPS)[number]> & Place;

/**
 * Inputs for releasing the nodes. The release must be tried even when an input went wrong after the lease was taken. An
 * input that is wrong has its default, and its problem is returned. The place of the nodes comes from the lease.
 */
export function parseReleaseInputs(
  source: InputSource,
  { projectId, location, cluster }: Place,
): { inputs: ReleaseInputs; problems: string[] } {
  const all: string[] = [];
  const fields = rowsIn(RELEASE_GROUPS).map(([name, row]) => {
    const problems = new Set<string>();
    const given = fieldsOf(name, row, readingOf(source, RELEASE_GROUPS, problems));
    if (problems.size === 0) return given;
    all.push(...problems);
    return fieldsOf(name, row, readingOf({ ...source, get: () => undefined }, RELEASE_GROUPS, new Set()));
  });
  const inputs = Object.assign({ projectId, location, cluster }, ...fields) as ReleaseInputs;
  return { inputs, problems: all };
}
