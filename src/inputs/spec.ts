import type { InputGroup } from './groups.ts';
import type { InputRow, Parser } from './row.ts';
import { ACCESS } from './spec/access.ts';
import { CAPACITY } from './spec/capacity.ts';
import { COMMAND } from './spec/command.ts';
import { HISTORY } from './spec/history.ts';
import { LIMITS } from './spec/limits.ts';
import { LOAD } from './spec/load.ts';
import { MODE } from './spec/mode.ts';
import { PLACE } from './spec/place.ts';
import { PUBLISH } from './spec/publish.ts';
import { STACK } from './spec/stack.ts';
import { SWEEP } from './spec/sweep.ts';
import { TARGET } from './spec/target.ts';

/**
 * Every input, in the order in which they are read and their problems reported. The types of the parsed inputs, the flags
 * of the command line, `action.yml`, `sweep/action.yml` and the table of docs/reference.md derive from it.
 */
const SPEC = {
  ...SWEEP,
  ...MODE,
  ...PLACE,
  ...TARGET,
  ...STACK,
  ...ACCESS,
  ...LOAD,
  ...LIMITS,
  ...CAPACITY,
  ...PUBLISH,
  ...COMMAND,
  ...HISTORY,
};

type Spec = typeof SPEC;
type Rows<G extends InputGroup> = { [N in keyof Spec]: Spec[N]['group'] extends G ? Spec[N] : never }[keyof Spec];
type Keyed<R> = R extends { key: string; parse: Parser<unknown> } ? R : never;
type Composed<R> = R extends { fields: Parser<infer F> } ? F : never;
type Intersection<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void ? I : never;
type Flat<T> = { [K in keyof T]: T[K] };

/** The parsed inputs of some groups. Durations are milliseconds, shares 0..1. */
export type InputsOf<G extends InputGroup> = Flat<
  { [R in Keyed<Rows<G>> as R['key']]: R extends { parse: Parser<infer T> } ? T : never } & ([
    Composed<Rows<G>>,
  ] extends [never]
    ? unknown
    : Intersection<Composed<Rows<G>>>)
>;

/** The table as pairs of name and row, in its order. */
export const INPUTS: readonly (readonly [name: string, row: InputRow])[] = Object.entries(SPEC);

const BY_NAME = new Map(INPUTS);

/** The row of an input. Throws a TypeError for a name that the table does not have: a parser misspelt it. */
export function rowOf(name: string): InputRow {
  const row = BY_NAME.get(name);
  if (!row) throw new TypeError(`there is no input "${name}"`);
  return row;
}

/** The rows of some groups, in the order of the table. */
export function rowsIn(groups: readonly InputGroup[]): (readonly [name: string, row: InputRow])[] {
  return INPUTS.filter(([, { group }]) => groups.includes(group));
}

/** The names of the inputs of some groups. */
export function namesIn(groups: readonly InputGroup[]): string[] {
  return rowsIn(groups).map(([name]) => name);
}

/** The names of the inputs of some groups, each followed by its other spellings. */
export function spellingsIn(groups: readonly InputGroup[]): string[] {
  return rowsIn(groups).flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
}
