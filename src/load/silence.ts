import type { RequestRecord } from './types.ts';

/** Watches for the time in which a system answers nothing at all. */
export interface Silence {
  /** Takes the record of a request that ended. One that was broken off by the silence counts as timed out. */
  take(record: RequestRecord): void;
  /** Whether it came so far. */
  isSilent(): boolean;
  stop(): void;
}

/**
 * Calls `onSilent` once no valid answer came for `ms` milliseconds. Requests that wait for the deadline of their client
 * one after another would hold the nodes for much longer. Never calls it without `ms`.
 */
export function watchSilence(ms: number | undefined, onSilent: () => void): Silence {
  let silent = false;
  const timer =
    ms === undefined
      ? undefined
      : setTimeout(() => {
          silent = true;
          onSilent();
        }, ms);
  return {
    take(record) {
      if (record.valid) timer?.refresh();
      else if (silent && record.errorKind === 'cancelled') {
        // The server owes this answer, so it counts against it, as a cancelled request would not.
        record.errorKind = 'timeout';
        record.errorText = `broken off: nothing answered for ${Math.round((ms ?? 0) / 1_000)} s`;
      }
    },
    isSilent: () => silent,
    stop: () => clearTimeout(timer),
  };
}

const LEAST_SILENT_MS = 30_000;

/** A slow engine takes as long for one token. */
export const SLOW_TOKEN_MS = 50;

/**
 * How long a system that has answered before may answer nothing: 30 s, and at least three times the latency or ten times
 * the gap between requests that is usual for it, or what the ordered tokens of one answer may take, milliseconds.
 */
export function silenceLimitMs(usual: { latencyMs?: number; gapMs?: number; tokens?: number }): number {
  const { latencyMs = 0, gapMs = 0, tokens = 0 } = usual;
  return Math.max(LEAST_SILENT_MS, 3 * latencyMs, 10 * gapMs, SLOW_TOKEN_MS * tokens);
}

/** The same for an open loop, whose first answers come when all of their tokens are there. */
export function openSilenceMs(ratePerSecond: number, { maxTokens }: { maxTokens: number }): number {
  return silenceLimitMs({ gapMs: 1_000 / ratePerSecond, tokens: maxTokens });
}
