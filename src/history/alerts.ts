import { oneLine } from '../report/escape.ts';
import { figuresStep } from './alert-figures.ts';
import type { KnownIssue, Step } from './alert-step.ts';
import { type Compare, nights } from './alert-text.ts';
import { code } from './code.ts';
import type { HistoryRecord } from './record.ts';

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
  compare: Compare,
): Step[] {
  const newest = records.at(-1);
  if (!newest) return [];
  const causes = new Set(known.filter(({ open }) => open).map(({ mark }) => mark.subject));
  const cause = causeTwice(records);
  if (cause) causes.add(cause);
  causes.delete('figures');
  const about = (subject: string) => known.filter(({ mark }) => mark.subject === subject);
  const figures = about('figures');
  return [
    figuresStep(series, records, { known: figures, issue: usable(figures, newest) }, compare),
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
    mark: { series, subject, ts: newest.ts, cond: null, levels: [] },
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
