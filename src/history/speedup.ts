import { timesWithRange } from '../lib/speedup.ts';
import type { HistoryRecord } from './record.ts';

/** The speedup of a run, `2.68× (2.60–2.76)`, or a dash. */
export function speedupText({ m, target }: Pick<HistoryRecord, 'm' | 'target'>): string {
  if (!m.speedup) return '–';
  const [value, low, high] = m.speedup;
  return timesWithRange({ value, low, high }, target ?? []);
}

/** The target of the newest record that has one, or null. */
export function newestTarget(records: readonly HistoryRecord[]): NonNullable<HistoryRecord['target']> | null {
  return records.findLast(({ target }) => target)?.target ?? null;
}
