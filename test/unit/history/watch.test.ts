import { describe, expect, it } from 'vitest';
import { mannWhitneyZ, median, watch } from '../../../src/history/watch.ts';
import { aNight, noise } from './records.ts';

/** Nights with small, regular noise around a level. */
const steady = (count: number, level = 2.7, from = 0) =>
  Array.from({ length: count }, (_, index) => aNight(from + index, level * (1 + 0.01 * ((index % 5) - 2))));

describe('the newest night', () => {
  it('is not judged before there are ten others to compare with', () => {
    expect(watch([])).toEqual({ state: 'building', have: 0, need: 12 });
    expect(watch(steady(11))).toEqual({ state: 'building', have: 11, need: 12 });
    expect(watch(steady(12)).state).toBe('steady');
  });

  it('that is odd alone is no alarm; the second in a row is', () => {
    const nights = [...steady(20), aNight(20, 2.3)];
    expect(watch(nights)).toMatchObject({ state: 'odd', nights: 19 });
    expect(watch([...nights, aNight(21, 2.31)])).toMatchObject({ state: 'worse', by: 'two-nights', nights: 20 });
    expect(watch([...nights, aNight(21, 2.7)]).state).toBe('steady');
  });

  it('that is better is a new level, not an alarm', () => {
    expect(watch([...steady(20), aNight(20, 3.1), aNight(21, 3.1)])).toMatchObject({ state: 'better' });
  });

  it('of a small shift that stays is found by ranks', () => {
    const shifted = [...steady(30), ...steady(7, 2.7 * 0.955, 30)];
    expect(watch(shifted)).toMatchObject({ state: 'worse', by: 'rank', nights: 30 });
    const { shift } = watch(shifted) as { shift: number };
    expect([shift > -0.06, shift < -0.03]).toEqual([true, true]);
  });

  it('of another fingerprint begins anew', () => {
    const { env } = aNight(0, 1);
    const changed = (index: number) => aNight(index, 2.3, { env: { ...env, fp: 'bbbbbbbb' } });
    expect(watch([...steady(20), changed(20), changed(21)])).toEqual({ state: 'building', have: 2, need: 12 });
  });

  it('is compared with nights that measured something', () => {
    const nights = steady(20).flatMap((night, index) => [night, aNight(100 + index, null)]);
    expect(watch([...nights, aNight(300, null)])).toMatchObject({ state: 'steady', nights: 18 });
  });
});

describe('by simulation of 40 years of nights with 3 % of noise, 3 % of them slow for reasons outside', () => {
  const night = (next: () => number, level: number) => {
    const outside = Math.abs(next()) > 2.17 ? 0.86 : 1;
    return level * outside * (1 + 0.03 * next());
  };

  it('there is less than one false alarm a year', () => {
    let alarms = 0;
    for (let year = 0; year < 40; year += 1) {
      const next = noise(year + 1);
      const nights = Array.from({ length: 365 }, (_, index) => aNight(index, night(next, 2.7)));
      let raised = false;
      for (let end = 40; end <= 365; end += 1) {
        const worse = watch(nights.slice(end - 40, end)).state === 'worse';
        if (worse && !raised) alarms += 1;
        raised = worse;
      }
    }
    expect(alarms / 40).toBeLessThan(1);
  });

  it('a drop of 15 % is found within three nights, nearly always', () => {
    let found = 0;
    for (let trial = 0; trial < 200; trial += 1) {
      const next = noise(1_000 + trial);
      const nights = Array.from({ length: 40 }, (_, index) => aNight(index, night(next, 2.7)));
      for (let after = 1; after <= 3; after += 1) {
        nights.push(aNight(40 + after, night(next, 2.7 * 0.85)));
        if (watch(nights).state !== 'worse') continue;
        found += 1;
        break;
      }
    }
    expect(found / 200).toBeGreaterThan(0.9);
  });
});

it('the median and the rank test are those of the textbook', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  // Three below three: U = 0, its mean 4.5, its variance 3 · 3 · 7 / 12.
  expect(mannWhitneyZ([1, 2, 3], [4, 5, 6])).toBeCloseTo(-4.5 / Math.sqrt(5.25), 10);
  expect(mannWhitneyZ([1, 1], [1, 1])).toBe(0);
  expect(mannWhitneyZ([1, 4], [2, 3])).toBe(0);
});
