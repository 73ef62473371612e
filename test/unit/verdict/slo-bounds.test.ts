import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chanceOfSoFew, chanceOfSoMany } from '../../../src/verdict/distributions.ts';
import {
  effectiveGaps,
  fewestWithin,
  moreNeeded,
  percentileBounds,
  shareBounds,
} from '../../../src/verdict/slo-bounds.ts';

/** P(Bin(n, q) ≤ k), term by term. */
function binomial(k: number, n: number, q: number): number {
  let term = (1 - q) ** n;
  let sum = 0;
  for (let i = 0; i <= Math.min(k, n); i += 1) {
    sum += term;
    term *= ((n - i) / (i + 1)) * (q / (1 - q));
  }
  return Math.min(1, sum);
}

const ALPHAS = { high: 0.05, low: 0.05 };

describe('the tails', () => {
  it.each([
    [0, 44, 0.1],
    [1, 64, 0.1],
    [3, 60, 0.05],
    [12, 200, 0.05],
    [5, 700, 0.01],
    [700, 700, 0.5],
  ])('of %i in %i at %f are sums of binomial terms', (over, samples, allowed) => {
    expect(chanceOfSoFew(over, samples, allowed)).toBeCloseTo(binomial(over, samples, allowed), 10);
    expect(chanceOfSoMany(over, samples, allowed)).toBeCloseTo(1 - binomial(over - 1, samples, allowed), 10);
  });
});

describe('the samples that a percentile needs', () => {
  // LoadGen prints "Processed at least 64 queries" for a p90, and 662 for a p99.
  it.each([
    [0.1, 64],
    [0.05, 130],
    [0.01, 662],
  ])('are those of LoadGen at its 99 %% and a share of %f', (allowed, samples) => {
    expect(fewestWithin(1, allowed, 0.01) + 1).toBe(samples);
    expect(binomial(1, samples, allowed)).toBeLessThanOrEqual(0.01);
    expect(binomial(1, samples - 1, allowed)).toBeGreaterThan(0.01);
  });

  it.each([
    [0.5, 5],
    [0.05, 59],
    [0.01, 299],
  ])('are ln 0.05 ÷ ln (1 − share) without one over the limit, at a share of %f', (allowed, samples) => {
    expect(fewestWithin(0, allowed, 0.05)).toBe(samples);
    expect(samples).toBe(Math.ceil(Math.log(0.05) / Math.log(1 - allowed)));
  });

  it('are what is missing, and not one less', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 500 }),
        fc.constantFrom(0.5, 0.05, 0.01),
        (over, within, allowed) => {
          const samples = over + within;
          const more = moreNeeded(over, samples, allowed, 0.05);
          expect(chanceOfSoFew(over, samples + more, allowed)).toBeLessThanOrEqual(0.05);
          if (more > 0) expect(chanceOfSoFew(over, samples + more - 1, allowed)).toBeGreaterThan(0.05);
        },
      ),
    );
  });
});

describe('the bounds of a percentile', () => {
  it('are missing where the values are too few', () => {
    const of = (n: number, p: number) =>
      percentileBounds(
        Float64Array.from({ length: n }, (_, i) => i),
        p,
        ALPHAS,
      );
    expect(of(298, 0.99).high).toBeNull();
    expect(of(299, 0.99).high).toBe(298);
    expect(of(1, 0.5)).toEqual({ value: 0, low: null, high: null });
    expect(() => of(0, 0.5)).toThrow(RangeError);
  });

  it('decide as the counts do, at any limit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 400 }),
        fc.constantFrom(0.5, 0.95, 0.99),
        fc.integer({ min: 0, max: 41 }),
        (values, p, limit) => {
          const { low, high } = percentileBounds(Float64Array.from(values).sort(), p, ALPHAS);
          const over = values.filter((value) => value > limit).length;
          expect(high !== null && high <= limit).toBe(chanceOfSoFew(over, values.length, 1 - p) <= 0.05);
          expect(low !== null && low > limit).toBe(chanceOfSoMany(over, values.length, 1 - p) <= 0.05);
        },
      ),
    );
  });
});

describe('the bounds of a share', () => {
  // Clopper and Pearson at 0 and at n: 0.05 ** (1 / n).
  it('are the closed forms at its ends', () => {
    expect(shareBounds(2_995, 2_995, ALPHAS).low).toBeCloseTo(0.05 ** (1 / 2_995), 12);
    expect(shareBounds(0, 60, ALPHAS)).toEqual({ low: 0, high: expect.closeTo(1 - 0.05 ** (1 / 60), 12) });
    expect(shareBounds(0, 0, ALPHAS)).toEqual({ low: 0, high: 1 });
  });

  // Both tails of 8 of 10 at 5 %: the published 90 % interval.
  it('are the published ones of 8 of 10', () => {
    const { low, high } = shareBounds(8, 10, ALPHAS);
    expect(low).toBeCloseTo(0.4931, 3);
    expect(high).toBeCloseTo(0.9632, 3);
  });
});

describe('gaps between tokens', () => {
  it('are worth their streams while few are over the limit, and all gaps where streams do not differ', () => {
    const calm = Array.from({ length: 50 }, () => ({ gaps: 15, over: 0 }));
    expect(effectiveGaps(calm)).toBe(50);
    expect(effectiveGaps(calm.map((stream) => ({ ...stream, over: 3 })))).toBe(750);
    expect(effectiveGaps([])).toBe(0);
  });

  it('are worth their streams where a stream is over the limit whole', () => {
    const streams = Array.from({ length: 200 }, (_, index) => ({ gaps: 15, over: index % 4 === 0 ? 15 : 0 }));
    expect(effectiveGaps(streams)).toBeCloseTo(200, -1);
  });
});
