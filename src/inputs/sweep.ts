import { SWEEP_GROUPS } from './groups.ts';
import { type Parsed, parseGroups, unknownNames } from './parse.ts';
import type { InputSource } from './source.ts';
import { type InputsOf, spellingsIn } from './spec.ts';

/** The inputs of the sweeper and of `mode: cleanup`. */
export type SweepInputs = InputsOf<(typeof SWEEP_GROUPS)[number]>;

/** Parses the inputs of a sweep. A name that only the gate knows is as wrong there as one that nobody knows. */
export function parseSweepInputs(source: InputSource): Parsed<SweepInputs> {
  const spellings = spellingsIn(SWEEP_GROUPS);
  const problems = unknownNames(source.given, { spellings, names: spellings, whom: ' to the sweeper' });
  return parseGroups(source, SWEEP_GROUPS, problems);
}
