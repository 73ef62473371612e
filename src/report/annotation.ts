import { VERDICTS } from '../lib/verdicts.ts';
import { knownCause } from './cause.ts';
import { logLine } from './escape.ts';
import { headlineText } from './headline.ts';
import type { Report } from './model.ts';
import { sentence } from './wording.ts';

export interface Annotation {
  level: 'error' | 'warning' | 'notice';
  title: string;
  /** One line of plain text; the runner cuts at 4,096 characters. */
  message: string;
}

/** The verdict as an annotation; nodes that were not released make an error of any verdict. */
export function annotationOf(report: Report): Annotation {
  const { failure, release, verdict } = report;
  const known = knownCause(report);
  const leftover = release?.outcome === 'failed';
  const cause = known
    ? `${sentence(known.title)} ${known.remedy}`
    : [failure?.message ?? report.reasons[0], failure?.hint].filter((part) => part != null).join(' ');
  const money = leftover ? `TPU nodes are still running: ${release.message} Run by hand: ${release.command ?? ''}` : '';
  const outcome = verdict === 'pass' ? (report.reasons[0] ?? '') : cause;
  return {
    level: leftover ? 'error' : VERDICTS[verdict].level,
    title: logLine(
      `${leftover ? 'TPU nodes are still running; verdict ' : ''}${verdict}: ${headlineText(report).replaceAll('`', '')}`,
      200,
    ),
    message: logLine([money, outcome].filter((part) => part !== '').join(' '), 1_500),
  };
}
