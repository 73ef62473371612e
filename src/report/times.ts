import type { Report, StageName } from './model.ts';

/** The slowest replica, from the creation of its pod until it was Ready, milliseconds; null where none was. */
export function readyMs({ pods }: Pick<Report, 'pods'>): number | null {
  const ready = pods.flatMap(({ role, readyAfterMs }) => (role === 'replica' ? (readyAfterMs ?? []) : []));
  return ready.length > 0 ? Math.max(...ready) : null;
}

/** From the start of the lease to the end of the ready stage, milliseconds; null where one of them was not completed. */
export function upMs({ stages }: Pick<Report, 'stages'>): number | null {
  const done = (name: StageName) => stages.find(({ stage, outcome }) => stage === name && outcome === 'done');
  const [lease, ready] = [done('lease'), done('ready')];
  if (!lease?.startedAt || !ready?.startedAt || ready.durationMs === null) return null;
  const ms = Date.parse(ready.startedAt) + ready.durationMs - Date.parse(lease.startedAt);
  return Number.isFinite(ms) && ms >= 0 ? ms : null;
}
