import { renderMarker } from '../../lib/marker.ts';
import { times } from '../../lib/speedup.ts';
import { VERDICTS } from '../../lib/verdicts.ts';
import { inline, prose } from '../escape.ts';
import { utcMinute } from '../format.ts';
import { heading, leadSentence } from '../headline.ts';
import type { Report } from '../model.ts';
import { linksLine, type ReportLinks } from '../money.ts';
import { compactRecord, type EarlierResult, renderData } from '../record.ts';
import { targetLimits } from '../speedup.ts';
import { shortSha } from '../wording.ts';
import { againLine } from './again.ts';
import { assemble, type Parts } from './assemble.ts';
import { causeBox } from './cause-box.ts';
import { nightsLine } from './nights.ts';
import { resultTable, showsStages } from './result-table.ts';
import { change } from './sections/change.ts';
import { checks } from './sections/checks.ts';
import { environment, pods } from './sections/environment.ts';
import { evidence } from './sections/evidence.ts';
import { measures, pairs } from './sections/measures.ts';
import { preflight } from './sections/preflight.ts';
import { quality } from './sections/quality.ts';
import { runbook } from './sections/runbook.ts';
import type { Detail, Section } from './sections/section.ts';
import { slo } from './sections/slo.ts';
import { timeline } from './sections/timeline.ts';

/** GitHub refuses bodies over 65,536 characters; the budget is in bytes and leaves room. */
export const COMMENT_BUDGET_BYTES = 60_000;

export interface CommentOptions {
  /** Which comment on the pull request is ours: by default workflow and job. */
  id: string;
  budgetBytes?: number;
  reportLinks: ReportLinks;
  /** Of commits before this one, from the comment that is replaced. */
  earlier?: readonly EarlierResult[];
}

/**
 * The pull-request comment of a finished run. First line: the marker; last line: the record as JSON. Verdict, cause and
 * table come first; all else is folded under summaries that state results.
 */
export function renderComment(report: Report, options: CommentOptions): string {
  const { run } = report;
  const marker = renderMarker({
    id: options.id,
    run: run.id,
    attempt: run.attempt,
    number: run.number,
    state: 'final',
  });
  const body = bodyParts(report, 'comment', options.reportLinks);
  const { earlier = [] } = options;
  const record = { ...compactRecord(report), ...(earlier.length > 0 ? { earlier: [...earlier] } : {}) };
  const parts = {
    ...body,
    head: [`${marker}\n${body.head[0]}`, ...body.head.slice(1)],
    tail: [
      `${[earlierLine(earlier, targetLimits(report.target)), ...body.tail].filter((part) => part !== null).join('\n\n')}\n${renderData(record)}`,
    ],
  };
  return assemble(parts, options.budgetBytes ?? COMMENT_BUDGET_BYTES, options.reportLinks.summary ?? run.url);
}

/** Everything between the two technical lines; shared with the job summary. */
export function bodyParts(report: Report, detail: Detail, links: ReportLinks): Parts {
  return {
    head: [`### ${heading(report)}`, leadSentence(report)],
    core: [
      ...[note(report), causeBox(report), resultTable(report)],
      ...[nightsLine(report), linksLine(report, links), againLine(report)],
    ],
    sections: sectionsOf(report, detail),
    tail: [footer(report)],
  };
}

function sectionsOf(report: Report, detail: Detail): Section[] {
  const all = [
    evidence(report, detail),
    change(report),
    slo(report),
    quality(report),
    preflight(report, detail),
    measures(report),
    pairs(report),
    checks(report),
    runbook(report),
    showsStages(report) ? null : timeline(report),
    pods(report, detail),
    environment(report),
  ];
  return all.filter((section) => section !== null);
}

/** A warning deserves a line of its own on a pass: nothing else on the first screen would show it. */
function note(report: Report): string | null {
  const warnings = report.benchmark?.warnings ?? [];
  const first = warnings[0];
  if (report.verdict !== 'pass' || !first) return null;
  const more = warnings.length > 1 ? ` (${warnings.length - 1} more under “All measures”)` : '';
  return `Note: ${prose(first.message, 300)}${more}`;
}

/** An edited comment must not lose its earlier content: the verdicts of the commits before this one. */
function earlierLine(earlier: readonly EarlierResult[], limits: readonly number[]): string | null {
  const shown = earlier.flatMap(({ sha, verdict, speedup }) => {
    const short = shortSha(sha);
    const word = VERDICTS[verdict]?.word;
    if (!short || !word) return [];
    return [`${short} ${word}${typeof speedup === 'number' ? ` ${times(speedup, limits)}` : ''}`];
  });
  return shown.length > 0 ? `<sub>Earlier commits: ${shown.join(', ')}.</sub>` : null;
}

function footer(report: Report): string {
  const { run, tool } = report;
  const sha = shortSha(run.sha);
  const when = report.finishedAt ?? report.startedAt;
  const attempt = run.attempt > 1 ? `, attempt ${run.attempt}` : '';
  const written = report.finishedAt === null ? 'Started' : 'Finished';
  return `<sub>${written} ${inline(utcMinute(when), 40)}${sha ? ` for ${sha}` : ''} (run ${run.number}${attempt}) by tpu-serving-gate ${inline(tool.version, 20)}.</sub>`;
}
