import { ACTION_GROUPS, RUN_GROUPS } from './groups.ts';
import { type Parsed, parseGroups, unknownNames } from './parse.ts';
import type { Place } from './parsers/place.ts';
import { readGroups, readingOf } from './reading.ts';
import type { InputSource } from './source.ts';
import { type InputsOf, namesIn, spellingsIn } from './spec.ts';

/** Every choice of a run, parsed and checked. Durations are milliseconds, shares 0..1. */
export type Inputs = InputsOf<(typeof RUN_GROUPS)[number]>;

/** Parses the inputs of a mode that runs the stages. */
export function parseInputs(source: InputSource): Parsed<Inputs> {
  return parseGroups(source, RUN_GROUPS, unknownToAction(source));
}

/** The inputs of a run for which nothing was given, except the cluster, which has no default. */
export function defaultInputs(env: InputSource['env']): Omit<Inputs, keyof Place> {
  const groups = RUN_GROUPS.filter((group) => group !== 'place');
  const nothing: InputSource = { get: () => undefined, given: [], env };
  return readGroups(groups, readingOf(nothing, groups, new Set())) as Omit<Inputs, keyof Place>;
}

/** A sentence for each name that `action.yml` does not have. */
export function unknownToAction({ given }: InputSource): string[] {
  return unknownNames(given, { spellings: spellingsIn(ACTION_GROUPS), names: namesIn(ACTION_GROUPS) });
}
