import { describe, expect, it } from 'vitest';
import type { PairTimings } from '../../../../src/load/pairs.ts';
import { announcePlan, extrasMs, leftOut } from '../../../../src/stages/benchmark/text.ts';
import { prepared, stageContext, texts } from '../fakes.ts';

const PLAN = { minPairs: 6, maxPairs: 15, minSpeedup: 2.5, alpha: 0.05 };
const WARM = { bins: [100], settled: true, medianLatencyMs: 500 };
const TIMINGS: PairTimings = {
  oneMs: 19_000,
  allMs: 13_000,
  trimMs: 4_000,
  rampMs: 500,
  latencyMs: 500,
  silentMs: 30_000,
  longer: null,
};

function announce(
  plan: typeof PLAN,
  timings: PairTimings,
  rates: [one: number, all: number],
  msLeft = Number.POSITIVE_INFINITY,
): string[] {
  const { context: given, said } = stageContext({});
  const context = { ...given, endsMs: given.clock.now() + msLeft };
  const warm = { one: { ...WARM, bins: [rates[0]] }, all: { ...WARM, bins: [rates[1]] } };
  announcePlan({ context, one: { description: 'a pod', isPickerShared: true } }, plan, timings, warm, prepared());
  return texts(said);
}

describe('the plan, before money is spent', () => {
  it('says what it can prove', () => {
    expect(announce(PLAN, TIMINGS, [7.5, 20])).toContainEqual(
      expect.stringMatching(
        /a true 2\.6\d× or more can be proven against 2\.5× with this budget of 8 min and \$\d\.\d\d$/,
      ),
    );
  });

  it('is refused when it can prove nothing that is expected', () => {
    const short = { ...TIMINGS, oneMs: 3_000, allMs: 2_000, trimMs: 1_000 };
    expect(() => announce({ ...PLAN, minPairs: 3, maxPairs: 3 }, short, [7.5, 20])).toThrow(
      /^With 3 pairs of 5 s only a true speedup of \d\.\d\d× or more can be proven to exceed 2\.5×, and 2\.8× is the most/,
    );
  });

  describe('of requests for which a pair must be longer', () => {
    const long = {
      ...TIMINGS,
      oneMs: 78_000,
      allMs: 48_000,
      trimMs: 24_000,
      latencyMs: 8_000,
      longer: 'a pair takes 126 s in place of 32 s',
    };

    it('says so', () => {
      expect(announce(PLAN, long, [2, 5])).toContain(long.longer);
    });

    it('is refused when the run ends before the first look', () => {
      expect(() => announce(PLAN, long, [2, 5], 14 * 60_000)).toThrow(
        'A pair takes 126 s in place of 32 s. The first look at the speedup comes after 6 pairs, which take 14 min. "timeout" and "max-cost" leave 14 min.',
      );
      expect(announce(PLAN, long, [2, 5], 15 * 60_000)).toHaveLength(3);
    });
  });

  it('is not refused for an arm that answers nothing: its blocks shall show that', () => {
    expect(announce(PLAN, TIMINGS, [0, 20])).toHaveLength(2);
  });
});

describe('what stands beside the verdict', () => {
  it('takes what its inputs ask for, and nothing when none is wanted', () => {
    expect(extrasMs({ latencyDurationMs: 20_000, goodputSloMs: 'auto', runbook: true })).toBe(320_000);
    expect(extrasMs({ latencyDurationMs: 20_000, goodputSloMs: 'off', runbook: true })).toBe(80_000);
    expect(extrasMs({ latencyDurationMs: 0, goodputSloMs: 'auto', runbook: true })).toBe(60_000);
    expect(extrasMs({ latencyDurationMs: 0, goodputSloMs: 'auto', runbook: false })).toBe(0);
  });

  it('that was left out is said to be', () => {
    expect(leftOut(320_000).message).toMatch(
      /were left out\. They take up to 5 min\b.*, and the run did not have that much time or money/,
    );
  });
});
