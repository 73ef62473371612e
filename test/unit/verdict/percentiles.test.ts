import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/load/prompts.ts';
import { percentilesOf, percentilesOverBlocks, percentileWithLimits } from '../../../src/verdict/statistics.ts';

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

describe('percentiles over blocks', () => {
  /** Answers of blocks whose speeds differ by some percent, as those of a cluster do from minute to minute. */
  function blocksOf(random: () => number, count: number, size: number): number[][] {
    return Array.from({ length: count }, () => {
      const speed = Math.exp(0.05 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
      return Array.from({ length: size }, () => speed * (1 + 0.1 * random()));
    });
  }

  it('cover the true value where answers of a block go together, which limits for independent values do not', () => {
    const random = createRandom('blocks');
    const truth = percentilesOverBlocks(blocksOf(random, 20_000, 20))!.p95.value;
    const within = ({ low, high }: { low: number | null; high: number | null }) =>
      (low ?? 0) <= truth && truth <= (high ?? Number.POSITIVE_INFINITY);
    let [covered, naive] = [0, 0];
    for (let run = 0; run < 400; run += 1) {
      const blocks = blocksOf(random, 8, 150);
      if (within(percentilesOverBlocks(blocks)!.p95)) covered += 1;
      if (within(percentilesOf(blocks.flat())!.p95)) naive += 1;
    }
    expect(covered / 400).toBeGreaterThan(0.85);
    expect(naive / 400).toBeLessThan(0.7);
  });

  it('are those of all values together, without limits where blocks are few or values do not reach', () => {
    const block = Array.from({ length: 50 }, (_, index) => index + 1);
    expect(percentilesOverBlocks([block, block, []])).toMatchObject({ mean: 25.5, p50: { value: 25, low: null } });
    const three = percentilesOverBlocks([block, block, block])!;
    expect(three.p50).toMatchObject({ value: 25, low: 17, high: 34 });
    expect(three.p99).toMatchObject({ value: 50, high: null });
    expect(percentilesOverBlocks([[], []])).toBeNull();
  });
});
