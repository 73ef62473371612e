import { renderMarker } from '../lib/marker.ts';
import { inline, link, prose } from './escape.ts';
import { duration, plain, ratio, usd, utcMinute } from './format.ts';
import { details } from './markdown.ts';
import type { Report } from './model.ts';
import type { ReportLinks } from './money.ts';
import { stagesTable } from './overview.ts';
import { type CompactRecord, renderData } from './record.ts';
import { isRunning, shortSha, stagePosition, VERDICT_WORDS } from './wording.ts';

export interface RunningOptions {
  id: string;
  /** Time of writing, ISO 8601. */
  at: string;
  reportLinks: ReportLinks;
  /** The last finished run's record, from the comment that this one replaces; kept until a new result exists. */
  previous?: CompactRecord | null;
}

/** The comment while the run is under way, from a report whose later stages are pending. */
export function renderRunningComment(report: Report, options: RunningOptions): string {
  const { run } = report;
  const current = report.stages.find(isRunning) ?? report.stages.find(({ outcome }) => outcome === 'pending');
  const sinceStart = Date.parse(options.at) - Date.parse(report.startedAt);
  const so = Number.isFinite(sinceStart) && sinceStart >= 0 ? `, ${duration(sinceStart)} so far` : '';
  const position = current ? stagePosition(current.stage) : null;
  const sha = shortSha(run.sha);
  const spent = report.cost?.usd == null ? '' : ` **≈ ${usd(report.cost.usd)}** so far.`;
  const blocks = [
    `${renderMarker({ id: options.id, run: run.id, attempt: run.attempt, number: run.number, state: 'running' })}\n` +
      `### ⏳ Running — ${current ? current.stage : 'starting'}${position ? ` (${position})` : ''}${so}`,
    [
      `Nothing is decided yet: the speed-up must exceed ${plain(report.target.minSpeedup)}×.${spent}`,
      link('Live log', options.reportLinks.run ?? run.url),
    ].join(' '),
    report.stages.length > 0 ? stagesTable(timed(report, options.at), 'waiting') : null,
    options.previous ? previousResult(options.previous) : null,
    `<sub>Updated ${inline(utcMinute(options.at), 40)} at each change of stage${sha ? ` for ${sha}` : ''} (run ${run.number}). ` +
      'Cancelling the run gives the TPU nodes back too.</sub>',
  ];
  const text = blocks.filter((block) => block !== null).join('\n\n');
  return options.previous ? `${text}\n${renderData(options.previous)}` : text;
}

/** The running stage with its time so far. */
function timed(report: Report, at: string): Report['stages'] {
  return report.stages.map((stage) => {
    if (!isRunning(stage)) return stage;
    const ms = Date.parse(at) - Date.parse(stage.startedAt as string);
    return { ...stage, durationMs: Number.isFinite(ms) && ms >= 0 ? ms : null };
  });
}

function previousResult(previous: CompactRecord): string {
  const sha = shortSha(previous.sha);
  const verdict = VERDICT_WORDS[previous.verdict] ?? 'unknown';
  const speed = previous.speedup ? `, ${ratio(previous.speedup.value)}` : ', speed-up not measured';
  const when = previous.finishedAt ? `Finished ${prose(utcMinute(previous.finishedAt), 40)}. ` : '';
  return details(
    `Previous result${sha ? `, commit ${sha}` : ''}: ${verdict}${speed}`,
    `${when}Kept until this run ends, so that the last known figures are not lost.`,
  );
}
