import { percentUpTo } from '../lib/number.ts';
import { times } from '../lib/speedup.ts';
import { oneLine } from '../report/escape.ts';
import type { AlertMark } from './alert-mark.ts';
import { changes, code, dropBody, type Figure, GOOD, measured, nights } from './alert-text.ts';
import type { HistoryRecord } from './record.ts';
import { newestTarget } from './speedup.ts';
import { watch } from './watch.ts';

export interface KnownIssue {
  number: number;
  open: boolean;
  /** Closed as not planned: what it says is the new normal. */
  accepted: boolean;
  closedAt: string | null;
  mark: AlertMark;
}

export interface IssueText {
  mark: AlertMark;
  title: string;
  body: string;
}

export type Step =
  | ({ do: 'open' } & IssueText)
  | ({ do: 'update' | 'reopen' | 'close'; number: number; comment: string | null } & IssueText);

/** A further comment needs the loss to have grown by so much of the level. */
const WORSE_BY = 0.03;
/** An issue that was closed less long ago is opened again, in place of a second one. */
const REOPEN_MS = 14 * 86_400_000;
/**
 * What to do with the issues of a series after its newest night; one issue for each subject. `records` in order of time,
 * `known` the issues with a mark of this series, newest first; `compare` makes the link between two commits.
 */
export function alertSteps(
  series: string,
  records: readonly HistoryRecord[],
  known: readonly KnownIssue[],
  compare: (from: string, to: string) => string | null,
): Step[] {
  const newest = records.at(-1);
  if (!newest) return [];
  const causes = new Set(known.filter(({ open }) => open).map(({ mark }) => mark.subject));
  const cause = causeTwice(records);
  if (cause) causes.add(cause);
  causes.delete('speed-up');
  const about = (subject: string) => known.filter(({ mark }) => mark.subject === subject);
  return [
    speedUpStep(series, records, about('speed-up'), compare),
    ...[...causes].map((subject) => causeStep(series, subject, records, about(subject))),
  ].filter((step) => step !== null);
}

/** `cause ID` when the last two nights ended in the same error: one alone may pass, a stock-out does. */
function causeTwice(records: readonly HistoryRecord[]): string | null {
  const [previous, last] = records.slice(-2);
  const same = previous && last && last.cause !== null && last.cause === previous.cause;
  return same && last.verdict === 'error' && previous.verdict === 'error' ? `cause ${last.cause}` : null;
}

function causeStep(
  series: string,
  subject: string,
  records: readonly HistoryRecord[],
  known: readonly KnownIssue[],
): Step | null {
  const newest = records.at(-1);
  if (!newest) return null;
  const issue = usable(known, newest);
  if (issue && issue.mark.ts >= newest.ts) return null;
  const name = subject.slice('cause '.length);
  const had = (record: HistoryRecord | undefined) => record?.cause === name;
  const text = {
    mark: { series, subject, ts: newest.ts, level: null, fp: null, told: null },
    title: `${series}: nights end with ${oneLine(name, 80)}`,
    body: `The nightly measurement of ${code(series)} ended with ${code(name)} in ${lengthOf(records, had)} nights in a row; there is no figure for them.\n\n${nights(records)}`,
  };
  if (!issue?.open) {
    if (causeTwice(records) !== subject) return null;
    return issue ? { do: 'reopen', number: issue.number, comment: 'It is back.', ...text } : { do: 'open', ...text };
  }
  if (records.slice(-2).some(had)) return { do: 'update', number: issue.number, comment: null, ...text };
  const body = `The last two nights of ${code(series)} did not end with ${code(name)}.\n\n${nights(records)}`;
  return { do: 'close', number: issue.number, comment: 'Two nights in a row without it.', ...text, body };
}

function speedUpStep(
  series: string,
  records: readonly HistoryRecord[],
  known: readonly KnownIssue[],
  compare: (from: string, to: string) => string | null,
): Step | null {
  const newest = records.at(-1);
  if (!newest) return null;
  const issue = usable(known, newest);
  if (issue && issue.mark.ts >= newest.ts) return null;
  const title = `${series}: the speed-up has dropped`;
  const base = { series, subject: 'speed-up', ts: newest.ts };
  if (issue?.open && issue.mark.level !== null) {
    const { told = issue.mark.told, ...step } = goOn(
      series,
      records,
      newest,
      { ...issue.mark, level: issue.mark.level },
      compare,
    );
    return { ...step, number: issue.number, title, mark: { ...issue.mark, ...base, told } };
  }

  // What was accepted is where the series begins anew.
  const since = known.find(({ accepted }) => accepted)?.closedAt ?? '';
  const own = records.filter(({ ts }) => ts > since);
  const limits = newestTarget(records) ?? [];
  const found = watch(own);
  // Told on the night that shows it: a night without a figure says nothing new.
  if (found.state !== 'worse' || newest.m.speedup === null) return null;
  const text = {
    mark: { ...base, level: found.reference, fp: newest.env.fp, told: -found.shift },
    title,
    body: dropBody(series, own, found.reference, compare),
  };
  return issue
    ? {
        do: 'reopen',
        number: issue.number,
        comment: `Again ${percentUpTo(-found.shift)} below ${times(found.reference, limits)}.`,
        ...text,
      }
    : { do: 'open', ...text };
}

/** What becomes of an open issue about a level; `told` where the loss that was last told is another one now. */
function goOn(
  series: string,
  records: readonly HistoryRecord[],
  newest: HistoryRecord,
  { level, fp, told }: { level: number; fp: string | null; told: number | null },
  compare: (from: string, to: string) => string | null,
): { do: 'update' | 'close'; comment: string | null; body: string; told?: number } {
  const limits = newestTarget(records) ?? [];
  if (newest.env.fp !== fp) {
    const body = `What was measured has changed, so that the old level is no measure any more: ${changes(records, fp)}.\n\n${nights(records)}`;
    return { do: 'close', comment: 'What is measured has changed; a new level begins.', body };
  }
  const body = dropBody(series, records, level, compare);
  const [previous, last] = measured(records.filter(({ env }) => env.fp === fp)).slice(-2);
  if (!last || newest.m.speedup === null) return { do: 'update', comment: null, body };
  const isGood = ({ value }: Figure) => value >= level * (1 - GOOD);
  if (previous && isGood(previous) && isGood(last)) {
    const back = `The last two nights of ${code(series)} are back within ${percentUpTo(GOOD)} of ${times(level, limits)}.\n\n${nights(records)}`;
    return { do: 'close', comment: `Back at ${times(last.value, limits)}, two nights in a row.`, body: back };
  }
  const loss = 1 - last.value / level;
  if (loss < (told ?? 0) + WORSE_BY) return { do: 'update', comment: null, body };
  const comment = `Now ${times(last.value, limits)}, ${percentUpTo(loss)} below ${times(level, limits)}.`;
  return { do: 'update', comment, body, told: loss };
}

/** The issue to go on with: the open one, else one that was closed not long ago and not as accepted. */
function usable(known: readonly KnownIssue[], newest: HistoryRecord): KnownIssue | undefined {
  const recent = ({ accepted, closedAt }: KnownIssue) =>
    !accepted && closedAt !== null && Date.parse(newest.ts) - Date.parse(closedAt) < REOPEN_MS;
  return known.find(({ open }) => open) ?? known.find(recent);
}

/** How many of the newest nights in a row hold. */
function lengthOf(records: readonly HistoryRecord[], holds: (record: HistoryRecord) => boolean): number {
  const last = records.findLastIndex((record) => !holds(record));
  return records.length - 1 - last;
}
