import { describe, expect, it } from 'vitest';
import { normalQuantile } from '../../../src/verdict/distributions.ts';
import { spendingLimits } from '../../../src/verdict/sequential.ts';

describe('group-sequential limits', () => {
  // Pocock-type Lan–DeMets limits for equally spaced looks, as in the literature and in the usual packages.
  it.each([
    [2, 0.025, [2.157, 2.201]],
    [5, 0.025, [2.438, 2.4268, 2.4101, 2.3966, 2.3859]],
    [5, 0.05, [2.1762, 2.1437, 2.1132, 2.0895, 2.0709]],
  ])('agree with the published ones for %d looks at %d', (lastLook, alpha, published) => {
    const limits = spendingLimits({ firstLook: 1, lastLook, alpha });
    expect(limits).toHaveLength(published.length);
    limits.forEach((z, i) => {
      expect(Math.abs(z - published[i]!)).toBeLessThan(0.0002);
    });
  });

  it('begin with exactly what the first look may spend', () => {
    const [first] = spendingLimits({ firstLook: 6, lastLook: 15, alpha: 0.05 });
    expect(first).toBeCloseTo(normalQuantile(1 - 0.05 * Math.log(1 + (Math.E - 1) * 0.4)), 8);
  });

  // A second, coarser computation. At the first look it lies 0.0045 above the closed form, later up to 0.007 above.
  it.each([
    [6, 15, [1.945, 2.161, 2.196, 2.205, 2.205, 2.2, 2.194, 2.187, 2.18, 2.174]],
    [3, 12, [2.104, 2.266, 2.265, 2.251, 2.236, 2.222, 2.208, 2.195, 2.183, 2.172]],
    // biome-ignore lint/suspicious/noApproximativeNumericConstant: 2.303 is a limit here, not ln 10
    [4, 16, [2.104, 2.29, 2.303, 2.295, 2.285, 2.272, 2.259, 2.246, 2.233, 2.223, 2.213, 2.204, 2.196]],
  ])('for looks from pair %d to %d agree with a second computation', (firstLook, lastLook, second) => {
    const limits = spendingLimits({ firstLook, lastLook, alpha: 0.05 });
    expect(limits).toHaveLength(second.length);
    limits.forEach((z, i) => {
      expect(Math.abs(z - second[i]!)).toBeLessThan(0.007);
    });
  });

  it('for looks of three pairs each are those of as many looks of one', () => {
    const wide = spendingLimits({ firstLook: 6, lastLook: 15, alpha: 0.05, step: 3 });
    const narrow = spendingLimits({ firstLook: 2, lastLook: 5, alpha: 0.05 });
    expect(wide).toHaveLength(4);
    wide.forEach((z, i) => {
      expect(Math.abs(z - narrow[i]!)).toBeLessThan(0.001);
    });
    expect(() => spendingLimits({ firstLook: 6, lastLook: 14, alpha: 0.05, step: 3 })).toThrow('are not a plan');
  });

  it('reduce to the plain quantile for a single look', () => {
    expect(spendingLimits({ firstLook: 8, lastLook: 8, alpha: 0.05 })).toEqual([expect.closeTo(1.644854, 5)]);
  });

  it('refuse a plan that is none', () => {
    expect(() => spendingLimits({ firstLook: 5, lastLook: 4, alpha: 0.05 })).toThrow('looks from pair 5 to pair 4');
    expect(() => spendingLimits({ firstLook: 1, lastLook: 4, alpha: 0.6 })).toThrow('alpha 0.6');
  });
});
