import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/load/prompts.ts';
import { percentilesOf, percentileWithLimits } from '../../src/verdict/statistics.ts';

const upTo = (n: number) => Float64Array.from({ length: n }, (_, index) => index + 1);

describe('a percentile with limits', () => {
  it('has the limits of the tables for a median', () => {
    // Hahn & Meeker, table A.15: 95 % limits of the median of 20 values are the 6th and the 15th.
    expect(percentileWithLimits(upTo(20), 0.5)).toEqual({ value: 10, low: 6, high: 15 });
  });

  it('has none where the values do not reach', () => {
    expect(percentileWithLimits(upTo(5), 0.5)).toMatchObject({ low: null, high: null });
    expect(percentileWithLimits(upTo(200), 0.99).high).toBeNull();
    expect(percentileWithLimits(upTo(1_000), 0.99).high).not.toBeNull();
    expect(percentilesOf([])).toBeNull();
  });

  it('covers the true value in 95 % of many samples, whatever the distribution', () => {
    const random = createRandom('coverage');
    const truth = -Math.log(0.05);
    let covered = 0;
    for (let run = 0; run < 2_000; run += 1) {
      const sample = Float64Array.from({ length: 200 }, () => -Math.log(1 - random())).sort();
      const { low, high } = percentileWithLimits(sample, 0.95);
      if ((low ?? 0) <= truth && truth <= (high ?? Number.POSITIVE_INFINITY)) covered += 1;
    }
    expect(covered / 2_000).toBeGreaterThan(0.94);
    expect(covered / 2_000).toBeLessThan(0.985);
  });
});
