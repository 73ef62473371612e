import type { InputGroup } from './groups.ts';
import type { InputRow, Reading } from './row.ts';
import { shorten } from './shorten.ts';
import type { InputSource } from './source.ts';
import { rowOf, rowsIn } from './spec.ts';

/** Reads texts from a source. Inputs outside of `groups` have their defaults. Problems are collected in their order. */
export function readingOf(source: InputSource, groups: readonly InputGroup[], problems: Set<string>): Reading {
  const problem = (sentence: string): void => {
    problems.add(sentence);
  };
  return {
    text: (name) => {
      const row = rowOf(name);
      return groups.includes(row.group) ? textOf(source, name, row, problem) : (row.default ?? '');
    },
    env: source.env,
    reads: (group) => groups.includes(group),
    problem,
    bad: (name, value, allowed) => problem(`Input "${name}" is "${shorten(value)}"; allowed: ${allowed}.`),
  };
}

function textOf(
  source: InputSource,
  name: string,
  { aliases = [], default: byDefault = '' }: InputRow,
  problem: (sentence: string) => void,
): string {
  const values = [name, ...aliases]
    .map((spelling) => ({ spelling, value: source.get(spelling)?.trim() ?? '' }))
    .filter(({ value }) => value !== '');
  const distinct = new Set(values.map(({ value }) => value));
  // A default that the runner filled in is not a contradiction with an alias that the user wrote.
  const chosen = values.find(({ spelling, value }) => spelling !== name || value !== byDefault) ?? values[0];
  if (distinct.size > 1 && !distinct.has(byDefault)) {
    problem(
      `Inputs ${values.map(({ spelling }) => `"${spelling}"`).join(' and ')} contradict each other; give only "${name}".`,
    );
  }
  return chosen?.value ?? byDefault;
}

/** The fields that one row gives: one, several, or none for a part of another input. */
export function fieldsOf(name: string, row: InputRow, reading: Reading): object {
  if ('fields' in row) return row.fields(reading, name);
  return 'key' in row ? { [row.key]: row.parse(reading, name) } : {};
}

/** The fields of all rows of some groups. */
export function readGroups(groups: readonly InputGroup[], reading: Reading): object {
  return Object.assign({}, ...rowsIn(groups).map(([name, row]) => fieldsOf(name, row, reading))) as object;
}
