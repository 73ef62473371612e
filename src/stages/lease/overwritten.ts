import { isExpired, LEASE_DURATION_S, type LeaseRecord, poolOf, SKEW_MS } from './lease-record.ts';

/** Run keys of sweepers begin with it. A sweeper that takes a lease over leaves the dead run's record in it. */
export const SWEEPER_KEY = 'sweep-';

/**
 * What of a lease cannot be the gate's own writing, as a clause; null when all of it can be. A lease like that protects
 * nobody: neither is its holder known, nor how to release the pool.
 */
export function overwritten(record: LeaseRecord, nowMs: number): string | null {
  const { state, holder, runKey, renewedAtMs, durationS, object } = record;
  if (!state) return 'its record cannot be read';
  if (poolOf(object) !== state.nodePool) return 'its record names another pool';
  if (holder === 'nobody') return 'it names no holder';
  const isRecorded = state.holder === holder && state.runKey === runKey;
  if (!isRecorded && !runKey?.startsWith(SWEEPER_KEY)) return `it names ${holder}, and its record ${state.holder}`;
  if (renewedAtMs === null || durationS === null) return 'it has no end';
  if (!state.kept && durationS > LEASE_DURATION_S) return `it lasts ${durationS} s, and no run writes that`;
  if (renewedAtMs > nowMs + LEASE_DURATION_S * 1_000) return 'its last renewal is in the future';
  return null;
}

/**
 * Why a lease is not that of a living run or sweeper which took the pool over after `startedAt`, as a clause; null when it
 * is. A living holder wrote the whole lease, after the run that lost it began, and still renews it.
 */
export function notTakenOver(record: LeaseRecord, startedAt: string, nowMs: number): string | null {
  const wrong = overwritten(record, nowMs);
  if (wrong !== null) return wrong;
  const acquiredMs = Date.parse(record.acquiredAt ?? '');
  if (!(acquiredMs >= Date.parse(startedAt) - SKEW_MS)) return `${record.holder} had it before this run began`;
  if (isExpired(record, nowMs)) return `${record.holder}, which took it over, no longer renews it`;
  return null;
}
