import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../lab/serving/random.ts';
import { changeTimings } from '../../../src/load/change-pairs.ts';
import { measureBlock } from '../../../src/load/summary.ts';
import { aloneReplica } from './alone.ts';
import { CHANGE_DAYS, type ChangeRow, changeStudy, ROUGH_DAYS } from './change-study.ts';
import { playStack, startMachine } from './queue.ts';

/** A small part of `npm run test:soundness:change`, with fixed seeds: the same runs each time. */
const RUNS = 20;
const SEED = 20_261_129;
const of = (day: string, effect: number, maxSlowdown: number) =>
  changeStudy(day, { effect, allowed: [maxSlowdown], runs: RUNS, seed: SEED })[0] as ChangeRow;

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

describe('a replica that is played without a queue', () => {
  const timings = changeTimings({ mostMs: 32_000, medianLatencyMs: 529 });
  const block = { arm: 'base', pair: 0, block: 0, concurrency: 32, durationMs: timings.oneMs } as const;
  const how = { later: true, speed: 0.9 };
  /** Mean and deviation of the logarithm of the rates of many blocks, each on a machine of its own. */
  const seen = (rate: (seed: number) => number) => {
    const logs = Array.from({ length: 400 }, (_, seed) => Math.log(rate(seed)));
    const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
    return { mean, deviation: Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1)) };
  };

  it.each(['usual', 'order effects', 'cold caches', 'heavy tails', 'strong drift', 'AR(1) noise'])(
    'has the rates of one with a queue on a day of %s',
    (day) => {
      const { system } = ({ ...CHANGE_DAYS, ...ROUGH_DAYS } as typeof CHANGE_DAYS)[day] as (typeof CHANGE_DAYS)[string];
      const queued = seen((seed) => {
        const run = playStack(startMachine(system, createRandom(seed)), block, timings.rampMs, how);
        return measureBlock(run, timings.trimMs).window.requestsPerSecond;
      });
      const alone = seen((seed) => {
        const draw = createRandom(1_000_003 + seed);
        return aloneReplica(draw).rate(startMachine(system, draw), block, timings, how).requestsPerSecond;
      });
      // Four standard errors of the difference of two means, and of two deviations.
      const error = Math.hypot(queued.deviation, alone.deviation) / Math.sqrt(400);
      expect(Math.abs(queued.mean - alone.mean)).toBeLessThan(4 * error);
      expect(Math.abs(Math.log(queued.deviation / alone.deviation))).toBeLessThan(4 / Math.sqrt(400));
    },
    60_000,
  );
});
