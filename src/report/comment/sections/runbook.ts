import { prose } from '../../escape.ts';
import { count, integer, plain, requestsPerSecond } from '../../format.ts';
import type { Report, RunbookRow } from '../../model.ts';
import { paragraphs, table } from '../markdown.ts';
import type { Section } from './section.ts';

/** The runbook's own two loads beside its recorded figures: shown for comparison, never part of the verdict. */
export function runbook(report: Report): Section | null {
  const figures = report.runbook;
  if (!figures) return null;
  const { serial, parallel } = figures;
  const brief = (row: RunbookRow, name: string) =>
    `${requestsPerSecond(row.requestsPerSecond)} ${name} (recorded ${plain(row.recordedOneReplica)})`;
  return {
    name: 'runbook figures',
    summary: `Runbook figures: ${brief(serial, 'serial')}, ${brief(parallel, 'parallel')}`,
    body: paragraphs([
      table(
        ['Load', 'Measured', 'Answered', 'Recorded, 1 replica', 'Runbook’s target, 3 replicas'],
        ['left', 'right', 'right', 'right', 'right'],
        [row('Serial', serial), row('Parallel', parallel)],
      ),
      prose(figures.note, 800),
    ]),
    open: false,
  };
}

function row(name: string, figures: RunbookRow): string[] {
  const load = figures.concurrency === 1 ? 'one at a time' : `${integer(figures.concurrency)} in flight`;
  return [
    `${name}: ${count(figures.requests, 'request')}, ${load}`,
    requestsPerSecond(figures.requestsPerSecond),
    `${integer(figures.completed)} in ${plain(Math.round(figures.seconds * 10) / 10)} s`,
    `${plain(figures.recordedOneReplica)} req/s`,
    `${prose(figures.recordedTarget, 40)}`,
  ];
}
