import type { Report } from '../model.ts';
import type { ReportLinks } from '../money.ts';
import { assemble } from './assemble.ts';
import { bodyParts } from './comment.ts';

/** The runner drops a step's summary whole above 1 MiB. */
export const SUMMARY_BUDGET_BYTES = 900_000;

/** The job summary: the comment's text with every pod, pair, finding and line of evidence. */
export function renderSummary(report: Report, options: { budgetBytes?: number; reportLinks: ReportLinks }): string {
  const parts = bodyParts(report, 'summary', { ...options.reportLinks, summary: null });
  return `${assemble(parts, options.budgetBytes ?? SUMMARY_BUDGET_BYTES, options.reportLinks.results ?? null)}\n`;
}
