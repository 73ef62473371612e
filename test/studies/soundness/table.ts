import type { Row } from './study.ts';

export const COLUMNS = [
  'day',
  'true',
  'pass',
  'fail',
  'inconclusive',
  'invalid',
  'pass in 8 min',
  'mean s',
  'runbook: parallel',
  'recorded',
  'summary',
];

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** Cells of a line of a Markdown table as one line. */
export function tableLine(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** A row of the study as docs/method.md has it. */
export function rowLine(day: string, speedup: number, row: Row): string {
  const { parallel, recorded, summary } = row.runbook;
  return tableLine([
    ...[day, `${speedup}×`, percent(row.pass), percent(row.fail), percent(row.inconclusive), percent(row.invalid)],
    ...[percent(row.passInTime)],
    ...[row.meanSeconds.toFixed(0), percent(parallel), percent(recorded), percent(summary)],
  ]);
}
