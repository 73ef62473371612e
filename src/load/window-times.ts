import { performance } from 'node:perf_hooks';
import type { LoadWindow } from '../report/model.ts';
import type { WindowBounds } from './window.ts';

/**
 * When load was measured, from its windows in monotonic milliseconds: from the first to the last moment, and the seconds
 * that lie inside. Null without a window.
 */
export function windowTimes(windows: readonly WindowBounds[]): LoadWindow | null {
  if (windows.length === 0) return null;
  const iso = (ms: number) => new Date(performance.timeOrigin + ms).toISOString();
  return {
    startedAt: iso(Math.min(...windows.map(({ startMs }) => startMs))),
    endedAt: iso(Math.max(...windows.map(({ endMs }) => endMs))),
    seconds: windows.reduce((sum, { startMs, endMs }) => sum + Math.max(0, endMs - startMs), 0) / 1_000,
  };
}
