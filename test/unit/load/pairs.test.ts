import { describe, expect, it } from 'vitest';
import { changeTimings } from '../../../src/load/change-pairs.ts';
import { type PairTimings, pairTimings } from '../../../src/load/pairs.ts';

const LATENCIES_MS = [0, 1, 50, 335, 1_000, 2_000, 2_100, 4_000, 8_000, 30_000, 120_000];
const PAIRS_MS = [1_000, 4_000, 32_000, 600_000];

/** Requests one after another in the shorter window of a pair. */
const held = ({ oneMs, allMs, trimMs }: PairTimings, latencyMs: number) =>
  (Math.min(oneMs, allMs) - trimMs) / latencyMs;

describe('the lengths of a pair', () => {
  it('are those that were asked for, where requests are short', () => {
    const timings = pairTimings({ pairMs: 32_000, expectedSpeedup: 2.65, medianLatencyMs: 1_800 });
    expect(timings.oneMs + timings.allMs).toBe(32_000);
    expect(timings).toMatchObject({ trimMs: 5_400, rampMs: 1_800, longer: null });
  });

  it.each([1, 1.5, 2.65, 8])(
    'leave a window of three requests one after another at a speedup of %d',
    (expectedSpeedup) => {
      for (const medianLatencyMs of LATENCIES_MS) {
        for (const pairMs of PAIRS_MS) {
          const timings = pairTimings({ pairMs, expectedSpeedup, medianLatencyMs });
          expect(held(timings, medianLatencyMs)).toBeGreaterThanOrEqual(3 - 1e-9);
          const takesMs = timings.oneMs + timings.allMs;
          expect(takesMs).toBeGreaterThanOrEqual(pairMs - 1e-6);
          expect(timings.longer === null).toBe(takesMs < pairMs + 1);
        }
      }
    },
  );

  it('say why they are longer than was asked for', () => {
    const { longer } = pairTimings({ pairMs: 32_000, expectedSpeedup: 2.65, medianLatencyMs: 8_000 });
    expect(longer).toBe(
      'a pair takes 126 s, not the 32 s of "pair-duration", so that half of its shorter block holds three requests of 8.0 s one after another',
    );
  });

  it('leave as much to a comparison of two stacks', () => {
    for (const medianLatencyMs of LATENCIES_MS) {
      for (const pairMs of PAIRS_MS) {
        const scaling = pairTimings({ pairMs, expectedSpeedup: 2.65, medianLatencyMs });
        const timings = changeTimings({ mostMs: scaling.oneMs + scaling.allMs, medianLatencyMs });
        expect(held(timings, medianLatencyMs)).toBeGreaterThanOrEqual(3 - 1e-9);
        expect(timings.oneMs + timings.allMs).toBeLessThanOrEqual(scaling.oneMs + scaling.allMs + 1e-6);
      }
    }
  });
});
