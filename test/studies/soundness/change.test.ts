import { describe, expect, it } from 'vitest';
import { CHANGE_DAYS, changeStudy } from './change-study.ts';

/** A small part of `npm run test:soundness:change`, with fixed seeds: the same runs each time. */
const RUNS = 20;
const SEED = 20_261_129;
const of = (day: string, effect: number, maxSlowdown: number) =>
  changeStudy(day, { effect, maxSlowdown, runs: RUNS, seed: SEED });

describe('the comparison of two stacks whose ratio is known', () => {
  it.each(['usual', 'order effects'])(
    'on a day with %s claims no loss that is not there, and finds one of three per cent',
    (day) => {
      expect(CHANGE_DAYS[day]).toBeDefined();
      expect(of(day, 0, 0.03).regressed).toBe(0);
      const slower = of(day, -0.03, 0);
      expect(slower.noWorse).toBe(0);
      expect(slower.regressed).toBeGreaterThanOrEqual(0.85);
      expect(slower.mostSeconds).toBeLessThanOrEqual(480.001);
    },
    60_000,
  );

  it('finds a third at the first look', () => {
    expect(of('usual', -0.3, 0.03)).toMatchObject({ regressed: 1, noWorse: 0 });
  }, 60_000);
});
