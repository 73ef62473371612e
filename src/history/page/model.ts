import type { Blame } from '../../lib/causes.ts';
import { isoMinute } from '../../lib/timestamp.ts';
import type { Verdict } from '../../report/model.ts';
import type { HistoryRecord } from '../record.ts';
import { newestTarget, speedupText } from '../speedup.ts';
import { watch } from '../watch.ts';
import { watchSentences } from '../watch-text.ts';
import { type ChangePoint, changePointsOf } from './changes.ts';
import { type Chart, chartsOf } from './charts.ts';
import { figureOf } from './figures.ts';
import { pullRequestOf, type Reference } from './repository.ts';
import { address, capital, day, targetRange } from './text.ts';
import { type Tile, tilesOf } from './tiles.ts';
import { numberText } from './values.ts';

/** Nights that the page shows, five years of them; older ones stay in the history. */
export const SHOWN = 2_000;

export interface Night {
  key: string;
  /** ISO 8601, and the same for people. */
  ts: string;
  time: string;
  verdict: Verdict;
  /** One text for each column of figures. */
  figures: string[];
  cause: string;
  runUrl: string | null;
  runNumber: number;
  sha: string | null;
  commitUrl: string | null;
  /** First line of the commit's message. */
  subject: string;
  pullRequest: Reference | null;
  /** What had changed before this night, of what is measured. */
  changed: string[];
}

export interface CauseRow {
  cause: string;
  blame: Blame | null;
  count: number;
  last: string;
}

/** All that the page shows of one series; a rendering of the history, as the comment is one of a report. */
export interface PageModel {
  series: string;
  /** The state in one line. */
  heading: string;
  state: Verdict | 'none';
  /** What else a reader needs before the figures: the last measurement, the judgement of the level. */
  sentences: string[];
  /** Issues that are open because of the newest night. */
  alerts: string[];
  tiles: Tile[];
  charts: Chart[];
  /** Oldest first. */
  changes: ChangePoint[];
  /** Heads of the columns of figures: those of the charts. */
  columns: string[];
  /** Newest first. */
  nights: Night[];
  causes: CauseRow[];
  /** Older nights that are not shown, and lines that could not be read. */
  leftOut: { older: number; unreadable: number };
  /** The records themselves, for the charts, a download and a comparison. */
  records: readonly HistoryRecord[];
}

/** The page of a series, from its records in order of time. `alerts`: addresses of issues about it. */
export function pageModel(
  series: string,
  all: readonly HistoryRecord[],
  { unreadable = 0, alerts = [] }: { unreadable?: number; alerts?: readonly string[] } = {},
): PageModel {
  const records = all.slice(-SHOWN);
  const newest = records.at(-1) ?? null;
  const charts = chartsOf(records);
  const changes = changePointsOf(records);
  const changedAt = new Map(changes.map(({ index, changed }) => [index, changed]));
  return {
    series,
    heading: newest ? headingOf(newest) : `No run of series ${series} is known yet`,
    state: newest?.verdict ?? 'none',
    sentences: newest ? sentencesOf(records, newest) : ['The page fills with the first run that is kept.'],
    alerts: alerts.flatMap((url) => address(url) ?? []),
    tiles: newest ? tilesOf(records) : [],
    charts,
    changes,
    columns: charts.flatMap(({ lines }) => lines.map(({ figure }) => figure.column)),
    nights: records.map((record, index) => nightOf(record, charts, changedAt.get(index) ?? [])).reverse(),
    causes: causesOf(records),
    leftOut: { older: all.length - records.length, unreadable },
    records,
  };
}

function headingOf(record: HistoryRecord): string {
  const on = `on ${day(record.ts)}`;
  const target = record.target ? `, target ${targetRange(...record.target)}` : '';
  const word = capital(record.verdict);
  if (record.m.speedup) return `${word}: ${speedupText(record)} ${on}${target}`;
  return `${word}: nothing was measured ${on}${record.cause ? `, ${record.cause}` : ''}`;
}

function sentencesOf(records: readonly HistoryRecord[], newest: HistoryRecord): string[] {
  const measured = records.findLast(({ m }) => m.speedup !== null);
  return [
    newest.m.speedup === null && measured
      ? `Last measured on ${day(measured.ts)}: ${speedupText(measured)}, ${measured.verdict}.`
      : null,
    ...(measured ? watchSentences(watch(records), newestTarget(records) ?? []) : []),
  ].filter((sentence) => sentence !== null);
}

function nightOf(record: HistoryRecord, charts: readonly Chart[], changed: string[]): Night {
  const { run } = record;
  const runUrl = address(run.url);
  return {
    key: record.key,
    ts: record.ts,
    time: isoMinute(record.ts),
    verdict: record.verdict,
    figures: charts.flatMap(({ id, unit, lines }) =>
      lines.map(({ figure }) => {
        if (id === 'speedup') return speedupText(record);
        const value = figureOf(figure.read, record);
        return value === null ? '–' : numberText(unit, value);
      }),
    ),
    cause: record.cause ?? '',
    runUrl,
    runNumber: run.number,
    sha: run.sha?.slice(0, 7) ?? null,
    commitUrl: commitUrl(runUrl, run.sha),
    subject: run.subject ?? '',
    pullRequest: pullRequestOf(run),
    changed,
  };
}

/** The commit beside the run; null for a run that has no page. */
function commitUrl(runUrl: string | null, sha: string | null): string | null {
  const [, repository] = /^(https?:\/\/.+)\/actions\/runs\/\d+/.exec(runUrl ?? '') ?? [];
  return repository && sha && /^[0-9a-f]{7,64}$/.test(sha) ? `${repository}/commit/${sha}` : null;
}

function causesOf(records: readonly HistoryRecord[]): CauseRow[] {
  const failed = records.filter(({ cause }) => cause !== null);
  return [...Map.groupBy(failed, ({ cause }) => cause ?? '')]
    .map(([cause, own]) => ({
      cause,
      blame: own.at(-1)?.blame ?? null,
      count: own.length,
      last: day(own.at(-1)?.ts ?? ''),
    }))
    .sort((a, b) => b.count - a.count || (a.cause < b.cause ? -1 : 1));
}
