import type { ModeName } from '../lib/modes.ts';
import type { InputGroup } from './groups.ts';

/** What a parser may look at. A problem that is noted twice is reported once. */
export interface Reading {
  /** Text of any input: trimmed, and its default where it is not given or not read. */
  text(name: string): string;
  env: Readonly<Record<string, string | undefined>>;
  /** Whether the inputs of a group are read. */
  reads(group: InputGroup): boolean;
  /** Notes a problem as a whole sentence. */
  problem(sentence: string): void;
  /** Notes a value that is not allowed, and what is. */
  bad(name: string, value: string, allowed: string): void;
}

/** Turns the text of an input into its value. Notes a problem and returns any value when the text is wrong. */
export type Parser<T> = (reading: Reading, name: string) => T;

interface Described {
  group: InputGroup;
  /** Empty when left out. */
  default?: string;
  /** Other spellings. */
  aliases?: readonly string[];
  /** Every value that is allowed, where they are few; for help and completion. */
  choices?: readonly string[];
  /** Modes that the input changes anything in, where these are not all that read its group. For the documentation. */
  modes?: readonly ModeName[];
  /** Text in `action.yml` and in the help of the command line. */
  description: string;
  /** Text in `sweep/action.yml`, where it differs. */
  sweepDescription?: string;
  /** Default in the action files, where only the runner can fill it in. */
  actionDefault?: string;
}

/** One input: a field of the parsed inputs, several fields, or a part of what another input is read with. */
export type InputRow = Described &
  ({ key: string; parse: Parser<unknown> } | { fields: Parser<object> } | { partOf: string });
