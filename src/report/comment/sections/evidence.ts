import { knownCause } from '../../cause.ts';
import { code, fenced, html, prose } from '../../escape.ts';
import { count, integer } from '../../format.ts';
import type { Diagnosis, PodSummary, Report } from '../../model.ts';
import { CHECK_WORDS } from '../../wording.ts';
import { paragraphs, table } from '../markdown.ts';
import type { Detail, Section } from './section.ts';

const LIMITS: Record<Detail, { maxLines: number; maxColumns: number; pods: number }> = {
  comment: { maxLines: 24, maxColumns: 300, pods: 6 },
  summary: { maxLines: 2_000, maxColumns: 2_000, pods: 100 },
};

/** What shows that the cause is right: failed checks, pods that are not ready, raw lines. The one fold that opens. */
export function evidence(report: Report, detail: Detail): Section | null {
  if (report.verdict === 'pass') return null;
  const failed = report.checks.filter(({ outcome }) => outcome === 'fail');
  const unready = report.pods.filter((pod) => pod.readyContainers < pod.totalContainers);
  const { evidence: all = [], considered = [], explanation } = report.diagnosis ?? {};
  // What explains stands on the first screen already.
  const lines = all.filter((line) => line !== explanation);
  const stated = [
    failed.length > 0 ? count(failed.length, 'failed check') : null,
    unready.length > 0 ? `${count(unready.length, 'pod')} not ready` : null,
    lines.length > 0 ? count(lines.length, 'line') : null,
  ].filter((part) => part !== null);
  if (stated.length === 0) return null;
  const limits = LIMITS[detail];
  const known = knownCause(report);
  const rule = known ? ` (rule <code>${html(known.cause, 80)}</code>, ${known.confidence})` : '';
  return {
    name: 'evidence',
    summary: `Evidence: ${stated.join(', ')}${rule}`,
    body: paragraphs([
      failed.length > 0 ? failedChecks(failed) : null,
      unready.length > 0 ? podTable(unready.slice(0, limits.pods)) : null,
      unready.length > limits.pods ? `${integer(unready.length - limits.pods)} more not shown.` : null,
      lines.length > 0 ? fenced(lines, limits) : null,
      considered.length > 0 ? ruledOut(considered) : null,
    ]),
    open: report.verdict === 'fail' || report.verdict === 'error',
  };
}

/** Pods with what each waits for. */
export function podTable(pods: PodSummary[]): string {
  return table(
    ['State', 'Pod', 'Ready', 'Restarts', 'Node'],
    ['left', 'left', 'right', 'right', 'left'],
    pods.map((pod) => [
      code(pod.state, 120),
      code(pod.name, 100),
      `${pod.readyContainers}/${pod.totalContainers}`,
      integer(pod.restarts),
      pod.node === null ? '–' : code(pod.node, 100),
    ]),
  );
}

function ruledOut(considered: Diagnosis['considered']): string {
  const rows = considered.map(({ cause, because }) => [prose(cause, 80), prose(because, 200)]);
  return table(['Also considered', 'Ruled out, because'], ['left', 'left'], rows);
}

function failedChecks(checks: Report['checks']): string {
  return table(
    ['Result', 'Check', 'Seen', 'Expected'],
    ['left', 'left', 'left', 'left'],
    checks.map((check) => [
      CHECK_WORDS.fail,
      prose(check.title, 120),
      prose(check.seen, 300),
      prose(check.expected, 200),
    ]),
  );
}
