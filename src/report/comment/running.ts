import { renderMarker } from '../../lib/marker.ts';
import { times } from '../../lib/speedup.ts';
import { VERDICTS } from '../../lib/verdicts.ts';
import { inline, link, prose } from '../escape.ts';
import { duration, plain, usd, utcMinute } from '../format.ts';
import type { Report } from '../model.ts';
import type { ReportLinks } from '../money.ts';
import { type CompactRecord, renderData } from '../record.ts';
import { targetLimits } from '../speedup.ts';
import { hasEnded, isRunning, serves, shortSha, stagePosition, USUAL_MS } from '../wording.ts';
import { details } from './markdown.ts';
import { stagesTable } from './stages-table.ts';

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
  const rest = restText(report, options.at);
  const position = current ? stagePosition(current.stage) : null;
  const sha = shortSha(run.sha);
  const spent = report.cost?.usd == null ? '' : ` **≈ ${usd(report.cost.usd)}** so far.`;
  const blocks = [
    `${renderMarker({ id: options.id, run: run.id, attempt: run.attempt, number: run.number, state: 'running' })}\n` +
      `### ⏳ Running — ${current ? current.stage : 'starting'}${position ? ` (${position})` : ''}${so}`,
    [
      `Nothing is decided yet${serves(report) ? '' : `: the speedup must exceed ${plain(report.target.minSpeedup)}×`}.${rest}${spent}`,
      link('Live log', options.reportLinks.run ?? run.url),
    ].join(' '),
    report.stages.length > 0 ? stagesTable(timed(report, options.at), 'waiting') : null,
    options.previous ? previousResult(options.previous, targetLimits(report.target)) : null,
    `<sub>Updated ${inline(utcMinute(options.at), 40)} at each change of stage${sha ? ` for ${sha}` : ''} (run ${run.number}). ` +
      'Cancelling the run releases the TPU nodes too.</sub>',
  ];
  const text = blocks.filter((block) => block !== null).join('\n\n');
  return options.previous ? `${text}\n${renderData(options.previous)}` : text;
}

/** ` About 19 min to the verdict.`, by what the stages take as a rule; a stage that takes longer is named, never shown as negative time. */
function restText(report: Report, at: string): string {
  const left = report.stages.map((stage) => {
    const usual =
      STAGES_LEFT_OUT.has(stage.stage) || (serves(report) && stage.stage === 'benchmark') ? 0 : USUAL_MS[stage.stage];
    if (isRunning(stage)) return usual - Math.max(0, Date.parse(at) - Date.parse(stage.startedAt ?? ''));
    return hasEnded(stage) ? 0 : usual;
  });
  const late = report.stages.some((stage, index) => isRunning(stage) && (left[index] ?? 0) < 0);
  const ms = left.reduce((sum, each) => sum + Math.max(0, each), 0);
  if (!Number.isFinite(ms) || ms < 60_000) return late ? ' It takes longer than usual.' : '';
  return ` About ${duration(Math.round(ms / 60_000) * 60_000)} to the verdict${late ? ', if what is late ends now' : ''}.`;
}

/** What runs beside the lease, which is longer, and what comes after the verdict. */
const STAGES_LEFT_OUT: ReadonlySet<string> = new Set(['deploy', 'release']);

/** The running stage with its time so far. */
function timed(report: Report, at: string): Report['stages'] {
  return report.stages.map((stage) => {
    if (!isRunning(stage)) return stage;
    const ms = Date.parse(at) - Date.parse(stage.startedAt ?? '');
    return { ...stage, durationMs: Number.isFinite(ms) && ms >= 0 ? ms : null };
  });
}

function previousResult(previous: CompactRecord, limits: readonly number[]): string {
  const sha = shortSha(previous.sha);
  const verdict = VERDICTS[previous.verdict]?.word ?? 'unknown';
  const speed = previous.speedup ? `, ${times(previous.speedup.value, limits)}` : ', speedup not measured';
  const when = previous.finishedAt ? `Finished ${prose(utcMinute(previous.finishedAt), 40)}. ` : '';
  return details(
    `Previous result${sha ? `, commit ${sha}` : ''}: ${verdict}${speed}`,
    `${when}Kept until this run ends, so that the last known figures are not lost.`,
  );
}
