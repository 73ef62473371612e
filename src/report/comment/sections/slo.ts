import { code, prose } from '../../escape.ts';
import { integer, percent } from '../../format.ts';
import type { LimitResult, Report } from '../../model.ts';
import { LIMIT_WORDS, measuredText, wantedText, worstLimit } from '../../slo.ts';
import { bullets, paragraphs, table } from '../markdown.ts';
import type { Section } from './section.ts';

/** Every limit with what was measured; null where none was set. */
export function slo(report: Report): Section | null {
  const found = report.slo;
  if (!found) return null;
  const open = found.limits.filter(({ outcome }) => outcome !== 'met');
  return {
    name: 'limits',
    summary: `Limits: ${found.limits.length - open.length} of ${found.limits.length} met`,
    body: paragraphs([
      table(
        ['Result', 'Limit', 'Measured (bounds)', 'Needed', 'Samples', 'Beyond', 'At'],
        ['left', 'left', 'right', 'right', 'right', 'right', 'left'],
        found.limits.map(row),
      ),
      open.length > 0 ? bullets(open.map(({ reason }) => prose(reason, 400))) : null,
      `Bounds are one-sided, at ${percent(found.confidence)} for a limit that is met, and at that level together for those that are missed. A request that failed is beyond every limit of latency.`,
    ]),
    open: worstLimit(report) === 'missed',
  };
}

function row(result: LimitResult): string[] {
  const { name, samples, over, load, outcome } = result;
  return [
    LIMIT_WORDS[outcome],
    code(name, 40),
    measuredText(result) ?? '–',
    wantedText(result),
    samples === null ? '–' : integer(samples),
    over === null ? '–' : integer(over),
    load === null ? '–' : prose(load, 120),
  ];
}
