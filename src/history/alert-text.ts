import { percentUpTo } from '../lib/number.ts';
import { times } from '../lib/speedup.ts';
import { oneLine } from '../report/escape.ts';
import type { HistoryRecord } from './record.ts';
import { newestTarget, speedupText } from './speedup.ts';

/** Nights in the table of an issue. */
const SHOWN = 14;
/** A night within this share of the level is a good one. */
export const GOOD = 0.05;

/** A night with its speed-up. */
export interface Figure {
  record: HistoryRecord;
  value: number;
}

/** The nights that measured a speed-up. */
export function measured(records: readonly HistoryRecord[]): Figure[] {
  return records.flatMap((record) => (record.m.speedup ? [{ record, value: record.m.speedup[0] }] : []));
}

/** The issue of a drop below `level`; `compare` makes the link between two commits. */
export function dropBody(
  series: string,
  records: readonly HistoryRecord[],
  level: number,
  compare: (from: string, to: string) => string | null,
): string {
  const figures = measured(records);
  const limits = newestTarget(records) ?? [];
  const good = figures.findLastIndex(({ value }) => value >= level * (1 - GOOD));
  const before = figures[good]?.record;
  const first = figures[good + 1]?.record;
  const bad = figures.slice(good + 1);
  const last = bad.at(-1) ?? figures.at(-1);
  return [
    `The speed-up of ${code(series)} was ${times(level, limits)}, and is ${last ? `${times(last.value, limits)}, ${percentUpTo(1 - last.value / level)} lower` : 'not measured'}.`,
    before && first ? suspects(before, first, compare) : '',
    nights(records),
    'It closes after two good nights. Closed as not planned, the new level is taken for normal.',
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** What differs between the last good night and the first bad one. */
function suspects(
  before: HistoryRecord,
  first: HistoryRecord,
  compare: (from: string, to: string) => string | null,
): string {
  const from = before.run.sha;
  const to = first.run.sha;
  const link = from && to && from !== to && isCommit(from) && isCommit(to) ? compare(from, to) : null;
  const commits =
    from && to && from === to
      ? 'no commit of this repository'
      : link
        ? `[the commits between them](${link})`
        : 'commits that are not known';
  const versions = differences(before, first);
  return `Between the last good night, ${day(before)}, and the first bad one, ${day(first)}: ${[commits, ...versions].join('; ')}.`;
}

const VERSIONS = [
  ['machine', 'machine'],
  ['replicas', 'replicas'],
  ['model', 'model'],
  ['vllm', 'vLLM'],
  ['picker', 'endpoint picker'],
  ['scorers', 'scorers'],
  ['gke', 'GKE'],
  ['istio', 'Istio'],
  ['kserve', 'KServe'],
  ['gate', 'gate'],
] as const;

function differences(before: HistoryRecord, after: HistoryRecord): string[] {
  return VERSIONS.flatMap(([key, name]) => {
    const [from, to] = [before.env[key], after.env[key]];
    return from === to ? [] : [`${name} ${code(String(from ?? 'not known'))} → ${code(String(to ?? 'not known'))}`];
  });
}

/** What makes the newest night's figures another series than those of fingerprint `fp`. */
export function changes(records: readonly HistoryRecord[], fp: string | null): string {
  const before = records.findLast(({ env }) => env.fp === fp);
  const newest = records.at(-1);
  const found = before && newest ? differences(before, newest) : [];
  return found.join('; ') || 'flags of the model server';
}

/** The newest nights as a table, newest first. */
export function nights(records: readonly HistoryRecord[]): string {
  const rows = records
    .slice(-SHOWN)
    .reverse()
    .map((record) => {
      const { ts, verdict, cause, run } = record;
      const link =
        run.url && /^https:\/\/[^\s()<>|]+$/.test(run.url) ? `[${ts.slice(0, 10)}](${run.url})` : ts.slice(0, 10);
      return `| ${link} | ${verdict} | ${speedupText(record)} | ${cause ? code(cause) : ''} | ${run.sha ? code(run.sha.slice(0, 7)) : ''} |`;
    });
  return ['| Night | Verdict | Speed-up | Cause | Commit |', '|:--|:--|--:|:--|:--|', ...rows].join('\n');
}

const isCommit = (text: string) => /^[0-9a-f]{7,64}$/.test(text);
const day = ({ ts }: HistoryRecord) => ts.slice(0, 10);

/** Any text of a record as inline code, which nothing in it can end. */
export function code(text: string): string {
  return `\`${oneLine(text.replaceAll(/[`|]+/g, ' '), 200) || '?'}\``;
}
