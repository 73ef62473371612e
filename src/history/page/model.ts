import type { Blame } from '../../lib/causes.ts';
import { isoMinute } from '../../lib/timestamp.ts';
import type { Verdict } from '../../report/model.ts';
import { median } from '../ranks.ts';
import type { HistoryRecord } from '../record.ts';
import { newestTarget, speedupText } from '../speedup.ts';
import { watch } from '../watch.ts';
import { watchSentences } from '../watch-text.ts';
import { type Chart, chartsOf } from './charts.ts';
import { ENVIRONMENT } from './facts.ts';
import { address, capital, day, decimal, percent, significant, targetRange, usd } from './text.ts';
import { type Unit, valueText } from './values.ts';

/** Nights that the page shows; with ten years of them it would still open at once, and older ones stay in the history. */
export const SHOWN = 1_000;

export interface Tile {
  label: string;
  value: string;
  note: string;
}

export interface Night {
  key: string;
  /** ISO 8601, and the same for people. */
  ts: string;
  time: string;
  verdict: Verdict;
  speedup: string;
  all: string;
  one: string;
  p95: string;
  hitRate: string;
  cost: string;
  cause: string;
  runUrl: string | null;
  runNumber: number;
  sha: string | null;
  commitUrl: string | null;
  /** The first night of an epoch: what makes figures comparable had changed before it. */
  changed: string[];
}

export interface CauseRow {
  cause: string;
  blame: Blame | null;
  count: number;
  last: string;
}

/** All that the page says; a rendering of the history, as the comment is one of a report. */
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
  /** Seconds since the epoch, for each night of the charts. */
  times: number[];
  /** Indices of `times` at which an epoch begins, with what had changed. */
  epochs: { index: number; changed: string[] }[];
  /** Newest first. */
  nights: Night[];
  causes: CauseRow[];
  /** Address of each night's run, in the order of `times`. */
  runs: (string | null)[];
  /** Older nights that are not shown, and lines that could not be read. */
  leftOut: { older: number; unreadable: number };
  /** The records themselves, for a download and a comparison. */
  records: readonly HistoryRecord[];
}

/** Recent nights that a tile sums up. */
const RECENT = { level: 7, cost: 30 } as const;

/** The page of a series, from its records in order of time. `alerts`: addresses of issues about it. */
export function pageModel(
  series: string,
  all: readonly HistoryRecord[],
  { unreadable = 0, alerts = [] }: { unreadable?: number; alerts?: readonly string[] } = {},
): PageModel {
  const records = all.slice(-SHOWN);
  const newest = records.at(-1) ?? null;
  const epochs = epochsOf(records);
  const changedAt = new Map(epochs.map(({ index, changed }) => [index, changed]));
  return {
    series,
    heading: newest ? headingOf(newest) : `No run of series ${series} is known yet`,
    state: newest?.verdict ?? 'none',
    sentences: newest ? sentencesOf(records, newest) : ['The page fills with the first run that is kept.'],
    alerts: alerts.flatMap((url) => address(url) ?? []),
    tiles: newest ? tilesOf(records) : [],
    charts: chartsOf(records),
    times: records.map(({ ts }) => Math.round(Date.parse(ts) / 1_000)),
    epochs,
    nights: records.map((record, index) => nightOf(record, changedAt.get(index) ?? [])).reverse(),
    causes: causesOf(records),
    runs: records.map(({ run }) => address(run.url)),
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
  const level = records.filter(({ m }) => m.speedup !== null);
  return [
    newest.m.speedup === null && measured
      ? `Last measured on ${day(measured.ts)}: ${speedupText(measured)}, ${measured.verdict}.`
      : null,
    ...(level.length > 0 ? watchSentences(watch(records), newestTarget(records) ?? []) : []),
  ].filter((sentence) => sentence !== null);
}

function tilesOf(records: readonly HistoryRecord[]): Tile[] {
  const recent = (read: (record: HistoryRecord) => number | null | undefined) =>
    records.flatMap((record) => read(record) ?? []).slice(-RECENT.level);
  const level = (
    label: string,
    unit: Unit,
    read: Parameters<typeof recent>[0],
    limits: readonly number[] = [],
  ): Tile => {
    const values = recent(read);
    const note = values.length === 1 ? 'the only run that has it' : `median of the last ${values.length}`;
    return values.length === 0
      ? { label, value: '–', note: 'not measured' }
      : { label, value: valueText(unit, median(values), limits), note };
  };
  const bills = records.slice(-RECENT.cost).map(({ cost }) => cost.usd);
  const known = bills.filter((usd_) => usd_ !== null);
  return [
    level('Speedup', 'ratio', ({ m }) => m.speedup?.[0], newestTarget(records) ?? []),
    level('Throughput, all replicas', 'rate', ({ m }) => m.all),
    level('Latency p95', 'ms', ({ m }) => m.p95Ms),
    level('Cache hit rate', 'share', ({ m }) => m.hitRate),
    {
      label: `Cost of the last ${bills.length === 1 ? 'run' : `${bills.length} runs`}`,
      value: known.length === 0 ? '–' : usd(known.reduce((sum, each) => sum + each, 0)),
      note:
        known.length === bills.length
          ? 'at list price'
          : `at list price; ${bills.length - known.length} without a bill`,
    },
  ];
}

function nightOf(record: HistoryRecord, changed: string[]): Night {
  const { m, run } = record;
  const runUrl = address(run.url);
  const text = (value: number | null | undefined, as: (value: number) => string) => (value == null ? '–' : as(value));
  return {
    key: record.key,
    ts: record.ts,
    time: isoMinute(record.ts),
    verdict: record.verdict,
    speedup: speedupText(record),
    all: text(m.all, significant),
    one: text(m.one, significant),
    p95: text(m.p95Ms, (value) => decimal(value, 0)),
    hitRate: text(m.hitRate, (value) => percent(value)),
    cost: text(record.cost.usd, usd),
    cause: record.cause ?? '',
    runUrl,
    runNumber: run.number,
    sha: run.sha?.slice(0, 7) ?? null,
    commitUrl: commitUrl(runUrl, run.sha),
    changed,
  };
}

/** The commit beside the run; null for a run that has no page. */
function commitUrl(runUrl: string | null, sha: string | null): string | null {
  const [, repository] = /^(https?:\/\/.+)\/actions\/runs\/\d+/.exec(runUrl ?? '') ?? [];
  return repository && sha && /^[0-9a-f]{7,64}$/.test(sha) ? `${repository}/commit/${sha}` : null;
}

/**
 * Where an epoch begins: the first night that measured something else than the one that measured before it. A run that
 * died early knows little of its cluster, which is no change of it.
 */
function epochsOf(records: readonly HistoryRecord[]): { index: number; changed: string[] }[] {
  const measured = records.flatMap((record, index) => (record.m.speedup ? [{ record, index }] : []));
  return measured.flatMap(({ record, index }, at) => {
    const before = measured[at - 1]?.record;
    if (!before || before.env.fp === record.env.fp) return [];
    const changed = ENVIRONMENT.flatMap(([name, label]) =>
      before.env[name] === record.env[name]
        ? []
        : [`${label}: ${before.env[name] ?? '–'} → ${record.env[name] ?? '–'}`],
    );
    return [{ index, changed: changed.length > 0 ? changed : ['the flags of vLLM'] }];
  });
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
