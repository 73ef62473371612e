import type { ChangeRow } from './change-study.ts';
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

export const CHANGE_COLUMNS = ['day', 'true change', 'allowed loss', 'no worse', 'regressed', 'undecided', 'mean s'];

/** A row of the study of the change as docs/method.md has it. */
export function changeRowLine({
  day,
  effect,
  maxSlowdown,
  noWorse,
  regressed,
  undecided,
  meanSeconds,
}: ChangeRow): string {
  const shown = effect === 0 ? 'none' : `−${(-100 * effect).toFixed(0)} %`;
  return tableLine([
    ...[day, shown, `${(100 * maxSlowdown).toFixed(0)} %`],
    ...[percent(noWorse), percent(regressed), percent(undecided), meanSeconds.toFixed(0)],
  ]);
}
