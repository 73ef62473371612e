import type { HistoryRecord } from './record.ts';

/** A verdict counts for so many days: what the gate does not see of a cluster changes as well. */
export const REUSE_DAYS = 30;

const DAY_MS = 86_400_000;
/** Clocks of two machines. */
const AHEAD_MS = 5 * 60_000;
/** Events of the repository itself. A pull request measures what somebody proposes, with a workflow that it may change. */
export const OWN_EVENTS: readonly string[] = ['schedule', 'workflow_dispatch', 'push'];

/** A record with a verdict that may count again. */
export type Reusable = HistoryRecord & {
  verdict: 'pass' | 'fail';
  m: { speedup: NonNullable<HistoryRecord['m']['speedup']> };
};

/**
 * The newest verdict of a basis, or why it cannot be reused: one sentence. Only a whole measurement that ended as pass or
 * fail counts. Verdicts of one basis that contradict each other decide nothing, and neither does one with a later
 * measurement that is undecided. Pure.
 */
export function reusableVerdict(
  records: readonly HistoryRecord[],
  { hash, nowMs }: { hash: string; nowMs: number },
): { record: Reusable } | { reason: string } {
  const same = records.filter(({ basis }) => basis === hash);
  if (same.length === 0) return { reason: 'The history has no verdict of this stack as it is measured today.' };
  const own = same.filter(({ run }) => run.event !== null && OWN_EVENTS.includes(run.event) && run.url !== null);
  if (own.length === 0) return { reason: 'No run of the repository itself has measured this stack.' };
  const recent = own.filter(({ ts }) => {
    const age = nowMs - Date.parse(ts);
    return age >= -AHEAD_MS && age <= REUSE_DAYS * DAY_MS;
  });
  const [newest] = recent.toSorted((a, b) => Date.parse(b.ts) - Date.parse(a.ts)).filter(isMeasured);
  if (!newest) return { reason: `This stack was not measured in the last ${REUSE_DAYS} days.` };
  if (!isConclusive(newest)) return { reason: `The newest measurement of this stack is ${newest.verdict}.` };
  const other = recent.filter(isConclusive).find(({ verdict }) => verdict !== newest.verdict);
  if (other)
    return { reason: `Runs ${other.run.number} and ${newest.run.number} of this stack contradict each other.` };
  return { record: newest };
}

/** A run that ended early shows nothing about the stack. */
const isMeasured = ({ verdict }: HistoryRecord) => verdict !== 'error';

function isConclusive(record: HistoryRecord): record is Reusable {
  return (record.verdict === 'pass' || record.verdict === 'fail') && record.m.speedup !== null;
}
