import { MODE_GROUPS } from './groups.ts';
import { unknownToAction } from './inputs.ts';
import { type Parsed, parseGroups } from './parse.ts';
import type { InputSource } from './source.ts';
import type { InputsOf } from './spec.ts';

/** The inputs of `mode: command`. Nothing in them concerns Google Cloud. */
export type CommandInputs = InputsOf<(typeof MODE_GROUPS.command)[number]>;

/** Parses the inputs of `mode: command`. */
export function parseCommandInputs(source: InputSource): Parsed<CommandInputs> {
  return parseGroups(source, MODE_GROUPS.command, unknownToAction(source));
}
