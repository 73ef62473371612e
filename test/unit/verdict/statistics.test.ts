import { describe, expect, it } from 'vitest';
import {
  clopperPearsonLower,
  mean,
  percentile,
  standardDeviation,
  wilsonLimits,
} from '../../../src/verdict/statistics.ts';

describe('descriptive statistics', () => {
  it('gives mean and sample deviation', () => {
    expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12);
  });

  it('gives percentiles that were measured', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect([0.5, 0.95, 0.99, 1].map((p) => percentile(values, p))).toEqual([50, 95, 99, 100]);
    expect(percentile([3, 1, 2], 0.5)).toBe(2);
    expect(percentile([7], 0.99)).toBe(7);
    expect(
      percentile(
        Array.from({ length: 20 }, (_, i) => i + 1),
        0.95,
      ),
    ).toBe(19);
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });
});

describe('limits of a share', () => {
  it.each([
    [30, 30, 0.905],
    [48, 48, 0.939],
    [60, 60, 0.951],
    [57, 60, 0.876],
    [9, 9, 0.717],
  ])('has the exact one-sided lower limit of %d of %d', (successes, trials, limit) => {
    expect(clopperPearsonLower(successes, trials)).toBeCloseTo(limit, 3);
  });

  it('mirrors the upper limit and ends at 0 and 1', () => {
    expect(clopperPearsonLower(0, 5)).toBe(0);
  });

  it('gives Wilson limits as published (Newcombe 1998: 81 of 263, 15 of 148)', () => {
    const first = wilsonLimits(81, 263, 0.95);
    expect([first.low, first.high].map((x) => x.toFixed(4))).toEqual(['0.2553', '0.3662']);
    const second = wilsonLimits(15, 148, 0.95);
    expect([second.low, second.high].map((x) => x.toFixed(4))).toEqual(['0.0624', '0.1605']);
    expect(wilsonLimits(0, 0, 0.95)).toEqual({ low: 0, high: 1 });
  });
});
