import type { WarmUp } from './warm-up.ts';

/** Requests in flight on one replica, and what it served then. */
export interface Rung {
  concurrency: number;
  requestsPerSecond: number;
}

export interface Climb {
  /** Requests in flight for each replica. */
  chosen: number;
  rungs: Rung[];
  /** Of the chosen rung. */
  warm: WarmUp;
  /** The last rung still gained: the knee lies above it. */
  topReached: boolean;
}

export const RUNGS: readonly number[] = [4, 8, 16, 32, 64];
/** A doubled load that adds less than this has met the replica's limit. */
export const SMALLEST_GAIN = 0.1;

/**
 * Finds the load at which one replica is busy: doubles the requests in flight until that adds less than a tenth, and
 * takes that rung. Below it a replica has time to spare, and several would show less than they can; far above it
 * everything waits. `run` loads one replica until it is steady, so that a compilation is not taken for a limit. It is
 * given the latency of the rung below, in milliseconds.
 */
export async function climb(
  run: (concurrency: number, latencyMs: number | null) => Promise<WarmUp>,
  rungs: readonly number[] = RUNGS,
): Promise<Climb> {
  const done: Rung[] = [];
  let latencyMs: number | null = null;
  for (const [index, concurrency] of rungs.entries()) {
    const warm = await run(concurrency, latencyMs);
    latencyMs = warm.medianLatencyMs;
    const requestsPerSecond = warm.bins.at(-1) ?? 0;
    const before = done.at(-1)?.requestsPerSecond;
    done.push({ concurrency, requestsPerSecond });
    const isFlat = before !== undefined && requestsPerSecond < (1 + SMALLEST_GAIN) * before;
    const isTop = index === rungs.length - 1;
    // Nothing was answered: a higher rung would wait for its deadlines for nothing.
    const isDead = requestsPerSecond === 0;
    if (isFlat || isTop || isDead) return { chosen: concurrency, rungs: done, warm, topReached: isTop && !isFlat };
  }
  throw new RangeError('a ladder needs a rung');
}
