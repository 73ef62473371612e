import { describe, expect, it } from 'vitest';
import {
  betaQuantile,
  incompleteBeta,
  logGamma,
  normalQuantile,
  normalUpperTail,
  studentQuantile,
  studentUpperTail,
} from '../../../src/verdict/distributions.ts';

describe('normal distribution', () => {
  it.each([
    [0.9, 1.281551565545],
    [0.95, 1.644853626951],
    [0.975, 1.95996398454],
    [0.99, 2.326347874041],
    [0.995, 2.575829303549],
    [0.999, 3.090232306168],
  ])('has the published quantile of %d', (p, z) => {
    expect(normalQuantile(p)).toBeCloseTo(z, 10);
    expect(normalQuantile(1 - p)).toBeCloseTo(-z, 9);
    expect(normalUpperTail(-z)).toBeCloseTo(p, 12);
  });

  it('keeps its precision in the far tail', () => {
    expect(normalUpperTail(6) / 9.865876450377e-10).toBeCloseTo(1, 9);
    expect(normalQuantile(1e-10)).toBeCloseTo(-6.361340902404, 8);
  });

  it('refuses what is not a probability', () => {
    expect(() => normalQuantile(1)).toThrow(RangeError);
    expect(() => normalQuantile(Number.NaN)).toThrow(RangeError);
  });
});

describe("Student's t distribution", () => {
  // Rows of the usual printed table: one-sided 0.95, 0.975, 0.99, 0.995.
  it.each([
    [1, 6.314, 12.706, 31.821, 63.657],
    [2, 2.92, 4.303, 6.965, 9.925],
    [3, 2.353, 3.182, 4.541, 5.841],
    [5, 2.015, 2.571, 3.365, 4.032],
    [7, 1.895, 2.365, 2.998, 3.499],
    [10, 1.812, 2.228, 2.764, 3.169],
    [14, 1.761, 2.145, 2.624, 2.977],
    [30, 1.697, 2.042, 2.457, 2.75],
    [120, 1.658, 1.98, 2.358, 2.617],
  ])('has the published quantiles for %d degrees of freedom', (df, ...row) => {
    const computed = [0.95, 0.975, 0.99, 0.995].map((p) => studentQuantile(p, df));
    computed.forEach((t, i) => {
      expect(Math.abs(t - (row[i] as number))).toBeLessThanOrEqual(0.0005001);
    });
  });

  it('is symmetric, and its distribution function inverts its quantile', () => {
    for (const df of [1, 4, 9, 50]) {
      for (const p of [0.001, 0.2, 0.5, 0.97]) {
        expect(studentUpperTail(-studentQuantile(p, df), df)).toBeCloseTo(p, 12);
        expect(studentQuantile(p, df)).toBeCloseTo(-studentQuantile(1 - p, df), 9);
      }
    }
  });

  it('refuses no degrees of freedom', () => {
    expect(() => studentQuantile(0.95, 0)).toThrow(RangeError);
  });
});

describe('beta and gamma functions', () => {
  it('agree with closed forms', () => {
    expect(Math.exp(logGamma(6))).toBeCloseTo(120, 9);
    expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 12);
    // I_x(2, 3) = x²(6 − 8x + 3x²)
    for (const x of [0.05, 0.3, 0.5, 0.9]) {
      expect(incompleteBeta(x, 2, 3)).toBeCloseTo(x * x * (6 - 8 * x + 3 * x * x), 13);
    }
    expect(betaQuantile(0.05, 30, 1)).toBeCloseTo(0.05 ** (1 / 30), 12);
    expect([incompleteBeta(0, 2, 3), incompleteBeta(1, 2, 3)]).toEqual([0, 1]);
  });
});
