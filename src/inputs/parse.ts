import { nearest } from '../lib/suggest.ts';
import type { InputGroup } from './groups.ts';
import { readGroups, readingOf } from './reading.ts';
import type { InputSource } from './source.ts';
import type { InputsOf } from './spec.ts';

/** The parsed inputs, or every problem at once. Each problem names the input, the value, what is allowed, the likely fix. */
export type Parsed<I> = { inputs: I } | { problems: string[] };

/** Parses the inputs of some groups. `problems` are what is wrong already. */
export function parseGroups<G extends InputGroup>(
  source: InputSource,
  groups: readonly G[],
  problems: readonly string[],
): Parsed<InputsOf<G>> {
  const all = new Set(problems);
  // The types of the rows make this type; the loop over them cannot show it.
  const inputs = readGroups(groups, readingOf(source, groups, all)) as InputsOf<G>;
  return all.size > 0 ? { problems: [...all] } : { inputs };
}

/** A sentence for each name that is not among the spellings; the nearest of `names` is suggested. */
export function unknownNames(
  given: readonly string[],
  { spellings, names, whom = '' }: { spellings: readonly string[]; names: readonly string[]; whom?: string },
): string[] {
  return given
    .filter((name) => !spellings.includes(name))
    .map((name) => {
      const near = nearest(name.replaceAll('_', '-'), names);
      return `Input "${name}" is not known${whom}${near ? `; did you mean "${near}"?` : '.'}`;
    });
}
