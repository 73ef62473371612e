import { setTimeout as sleep } from 'node:timers/promises';

/** Cluster time: seconds that pass `timeScale` times faster than the wall clock, and the seeded draws that vary them. */
export interface ClusterClock {
  /** Resolves after `seconds` of cluster time (at once while booting); rejects with an AbortError. */
  wait(seconds: number, signal: AbortSignal): Promise<void>;
  /** As `wait`, but takes its time while booting too: for loops that repeat until something else changes. */
  pause(seconds: number, signal: AbortSignal): Promise<void>;
  /** `seconds` give or take a tenth. */
  jitter(seconds: number): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** While booting, what the cluster did before the run is done without waiting. */
  setBooting(booting: boolean): void;
}

export function createClock(options: { timeScale: number; seed: number }): ClusterClock {
  const random = createRandom(options.seed);
  let booting = false;
  const pause = (seconds: number, signal: AbortSignal) =>
    sleep((seconds * 1_000) / options.timeScale, undefined, { signal });
  return {
    pause,
    async wait(seconds, signal) {
      signal.throwIfAborted();
      if (!booting) await pause(seconds, signal);
    },
    jitter: (seconds) => seconds * (0.9 + 0.2 * random()),
    random,
    setBooting(value) {
      booting = value;
    },
  };
}

/** Mulberry32 (Tommy Ettinger, public domain algorithm): small, seedable, good enough for jitter and names. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
