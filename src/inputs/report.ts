import { MODE_GROUPS } from './groups.ts';
import { unknownToAction } from './inputs.ts';
import { type Parsed, parseGroups } from './parse.ts';
import type { InputSource } from './source.ts';
import type { InputsOf } from './spec.ts';

/** The inputs of `mode: report`. Nothing in them concerns Google Cloud. */
export type ReportInputs = InputsOf<(typeof MODE_GROUPS.report)[number]>;

/** Parses the inputs of `mode: report`. */
export function parseReportInputs(source: InputSource): Parsed<ReportInputs> {
  return parseGroups(source, MODE_GROUPS.report, unknownToAction(source));
}
