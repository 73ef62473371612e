import { percentUpTo } from '../../lib/number.ts';
import { arrowOf, CHANGE_WORDS, changeOf, changeText, isSlowerWithin } from '../change.ts';
import { code } from '../escape.ts';
import { plain } from '../format.ts';
import type { Report } from '../model.ts';
import { QUALITY_WORDS, qualityOf, qualityText } from '../quality.ts';
import { type Row, withNeeded } from './row.ts';

/** The comparison with the base stack, where one was asked for: an arrow, the ratio and its limits. */
export function changeRow(report: Report): Row[] {
  const change = changeOf(report);
  if (!change) return [];
  const text = change.verdict === 'invalid' ? null : changeText(change);
  const seen = text && change.ratio ? `${arrowOf(change.ratio)}\u00a0**${text.value}** (${text.range})` : '–';
  const result = isSlowerWithin(change) ? '✅\u00a0slower, allowed' : CHANGE_WORDS[change.verdict];
  const needed = `>\u00a0${plain(change.limit)}×`;
  return [[result, `**Against ${baseName(report)}**`, change.verdict === 'same' ? '–' : withNeeded(seen, needed)]];
}

/** `main`, the branch of the base where the event names it. */
function baseName({ run }: Report): string {
  return run.baseRef ? code(run.baseRef, 60) : 'the base';
}

/** The answers of both stacks to the same tasks, where they were compared. */
export function qualityRow(report: Report): Row[] {
  const quality = qualityOf(report);
  if (!quality) return [];
  const text = qualityText(quality);
  const needed = `a drop ≤\u00a0${percentUpTo(quality.maxDrop, 2)}`;
  const seen =
    text && quality.figures
      ? `${arrowOf(quality.figures.difference, 0)}\u00a0**${text.head}**, base ${text.base} (${text.difference}: ${text.range})`
      : '–';
  return [[QUALITY_WORDS[quality.verdict], '**Quality**', withNeeded(seen, needed)]];
}
