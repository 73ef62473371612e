import { code } from './code.ts';
import type { Shift } from './detect.ts';
import { differencesOf } from './identity.ts';
import type { HistoryRecord } from './record.ts';
import { newestTarget, speedupText } from './speedup.ts';
import type { FigureWatch } from './watch.ts';
import { shiftSentence, sidesOf } from './watch-text.ts';

/** Nights in the table of an issue. */
const SHOWN = 14;
/** A night within this share of the level is a good one. */
export const GOOD = 0.05;

/** A figure that an issue is about, with the shift as the nights show it now. */
export interface Drop {
  watched: FigureWatch;
  shift: Pick<Shift, 'shift' | 'interval' | 'now' | 'since' | 'nights' | 'level'>;
}

/** Makes the link between two commits; null without one. */
export type Compare = (from: string, to: string) => string | null;

/** The issue of figures that are worse. */
export function dropBody(
  series: string,
  records: readonly HistoryRecord[],
  drops: readonly Drop[],
  compare: Compare,
): string {
  const limits = newestTarget(records) ?? [];
  const sentences = drops.map(
    ({ watched: { figure, nights: own }, shift }) => `- ${capital(shiftSentence(figure, own, shift, limits))}`,
  );
  return [
    `In the nightly measurement of ${code(series)}:`,
    sentences.join('\n'),
    ...suspects(drops, compare),
    nights(records),
    'It closes after two good nights of each figure. Closed as not planned, the new level is taken for normal.',
  ].join('\n\n');
}

/** What differs between the last good night and the first bad one, once for figures that fell together. */
function suspects(drops: readonly Drop[], compare: Compare): string[] {
  const sides = drops.flatMap(({ watched, shift }) => {
    const found = sidesOf(watched.nights, shift.since);
    return found ? [found] : [];
  });
  return [...new Set(sides.map(([before, first]) => suspectsBetween(before, first, compare)))];
}

function suspectsBetween(before: HistoryRecord, first: HistoryRecord, compare: Compare): string {
  const from = before.run.sha;
  const to = first.run.sha;
  const link = from && to && from !== to && isCommit(from) && isCommit(to) ? compare(from, to) : null;
  const commits =
    from && to && from === to
      ? 'no commit of this repository'
      : link
        ? `[the commits between them](${link})`
        : 'commits that are not known';
  const versions = differencesText(before, first);
  return `Between the last good night, ${day(before)}, and the first bad one, ${day(first)}: ${[commits, ...versions].join('; ')}.`;
}

/** `` GKE `a` → `b` `` for each difference. */
function differencesText(before: HistoryRecord, after: HistoryRecord): string[] {
  return differencesOf(before, after).map(({ name, from, to }) => `${name} ${code(from)} → ${code(to)}`);
}

/** What makes the newest night's figures another series than those before it. */
export function changes(before: HistoryRecord | undefined, newest: HistoryRecord): string {
  return (before ? differencesText(before, newest).join('; ') : '') || 'hardware, workload or method';
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
  return ['| Night | Verdict | Speedup | Cause | Commit |', '|:--|:--|--:|:--|:--|', ...rows].join('\n');
}

const isCommit = (text: string) => /^[0-9a-f]{7,64}$/.test(text);
const day = ({ ts }: HistoryRecord) => ts.slice(0, 10);
const capital = (text: string) => text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
