import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/load/prompts.ts';
import { type DecisionPlan, lookAt, lowerLook, wholeRounds } from '../../../src/verdict/decide.ts';
import { spreadOf } from '../../../src/verdict/spread.ts';

const REPLICAS = 3;
const PLAN = wholeRounds({ minPairs: 6, maxPairs: 15, minSpeedup: 2.5, alpha: 0.05 }, REPLICAS);

const rate = fc.double({ min: 0.5, max: 200, noNaN: true });
/** Throughputs of one and of all, two to five rounds of them. */
const pairs = fc
  .integer({ min: 2, max: 5 })
  .chain((rounds) => fc.array(fc.record({ one: rate, all: rate }), { minLength: 3 * rounds, maxLength: 3 * rounds }));
const baselines = Array.from({ length: 15 }, (_, index) => index % REPLICAS);

const judge = (measured: readonly { one: number; all: number }[], plan: DecisionPlan = PLAN, order = baselines) =>
  lookAt(
    measured.map(({ one, all }) => all / one),
    plan,
    order,
  );

describe('the decision, whatever was measured', () => {
  it('does not depend on the unit of time or of work', () => {
    fc.assert(
      fc.property(pairs, fc.double({ min: 0.001, max: 1_000, noNaN: true }), (measured, unit) => {
        const { estimate } = judge(measured);
        const scaled = judge(measured.map(({ one, all }) => ({ one: unit * one, all: unit * all }))).estimate;
        expect(scaled?.value).toBeCloseTo(estimate?.value ?? 0, 6);
        expect(Math.log(scaled?.low ?? 0)).toBeCloseTo(Math.log(estimate?.low ?? 1), 6);
      }),
    );
  });

  it('does not depend on the order of the pairs, as long as each keeps its baseline', () => {
    fc.assert(
      fc.property(pairs, fc.string(), (measured, seed) => {
        const random = createRandom(seed);
        const order = measured.map((_, index) => ({ index, at: random() })).sort((a, b) => a.at - b.at);
        const shuffled = judge(
          order.map(({ index }) => measured[index]!),
          PLAN,
          order.map(({ index }) => baselines[index]!),
        );
        const { estimate, decision } = judge(measured);
        expect(Math.log(shuffled.estimate?.low ?? 0)).toBeCloseTo(Math.log(estimate?.low ?? 1), 6);
        // Limits that lie on the target itself may fall to either side of it.
        fc.pre(Math.abs((estimate?.low ?? 0) - 2.5) > 1e-9 && Math.abs((estimate?.high ?? 0) - 2.5) > 1e-9);
        expect(shuffled.decision).toBe(decision);
      }),
    );
  });

  it('scales with all replicas: twice their throughput is twice the speedup and its limits', () => {
    fc.assert(
      fc.property(pairs, fc.double({ min: 0.2, max: 5, noNaN: true }), (measured, factor) => {
        const { estimate } = judge(measured);
        const faster = judge(measured.map(({ one, all }) => ({ one, all: factor * all }))).estimate;
        for (const name of ['value', 'low', 'high'] as const) {
          expect(Math.log(faster![name])).toBeCloseTo(Math.log(factor * estimate![name]), 6);
        }
      }),
    );
  });

  it('is not moved by what a replica does to both arms, nor by a pair of a round that is not whole', () => {
    fc.assert(
      fc.property(pairs, rate, (measured, extra) => {
        fc.pre(measured.length < PLAN.maxPairs);
        expect(judge([...measured, { one: 1, all: extra }])).toEqual(judge(measured));
      }),
    );
  });

  it('never turns a pass into a fail by a better pair, and has no lower estimate after it', () => {
    fc.assert(
      fc.property(pairs, fc.nat(), fc.double({ min: 1, max: 10, noNaN: true }), (measured, at, gain) => {
        const better = measured.map((pair, index) =>
          index === at % measured.length ? { ...pair, all: gain * pair.all } : pair,
        );
        const [before, after] = [judge(measured), judge(better)];
        expect(after.estimate!.value).toBeGreaterThanOrEqual(before.estimate!.value * (1 - 1e-12));
        if (before.decision === 'pass') expect(after.decision).not.toBe('fail');
        // A better pair is no reason to call a system slow that was not slow without it.
        if (after.decision === 'fail') expect(before.estimate!.value).toBeLessThan(2.5);
      }),
      { numRuns: 500 },
    );
  });

  it('passes less and fails more the higher the target is', () => {
    const rank = { fail: 0, continue: 1, exhausted: 1, pass: 2 } as const;
    fc.assert(
      fc.property(pairs, rate, fc.double({ min: 1, max: 3, noNaN: true }), (measured, target, more) => {
        const easy = judge(measured, { ...PLAN, minSpeedup: target });
        const hard = judge(measured, { ...PLAN, minSpeedup: more * target });
        expect(rank[hard.decision]).toBeLessThanOrEqual(rank[easy.decision]);
      }),
    );
  });

  it('is over the arithmetic mean of the replicas: perfect scaling of unequal ones is their number', () => {
    fc.assert(
      fc.property(fc.array(rate, { minLength: 3, maxLength: 3 }), (speeds) => {
        const all = speeds.reduce((sum, speed) => sum + speed, 0);
        const measured = [...speeds, ...speeds].map((one) => ({ one, all }));
        expect(judge(measured).estimate?.value).toBeCloseTo(3, 6);
      }),
    );
  });

  it('is wider for replicas that differ, and never narrower', () => {
    fc.assert(
      fc.property(pairs, fc.double({ min: 1, max: 2, noNaN: true }), (measured, slower) => {
        const even = measured.map((pair, index) => ({ ...pair, one: index < 3 ? 10 : 10.2, all: 28 }));
        const apart = even.map((pair, index) => (index % REPLICAS === 0 ? { ...pair, one: pair.one / slower } : pair));
        const width = ({ estimate }: ReturnType<typeof judge>) => estimate!.high / estimate!.low;
        expect(width(judge(apart))).toBeGreaterThanOrEqual(width(judge(even)) * (1 - 1e-9));
      }),
    );
  });

  it('of two ways is that of the lower: it passes with both and fails with either', () => {
    fc.assert(
      fc.property(pairs, fc.double({ min: 0.5, max: 2, noNaN: true }), (measured, factor) => {
        const first = judge(measured);
        const second = judge(measured.map(({ one, all }) => ({ one, all: factor * all })));
        const { look, used } = lowerLook([first, second]);
        expect(look).toBe([first, second][used]);
        if (look.decision === 'pass') expect([first.decision, second.decision]).toEqual(['pass', 'pass']);
        if ([first, second].some(({ decision }) => decision === 'fail')) expect(look.decision).toBe('fail');
      }),
    );
  });
});

describe('the interval', () => {
  it.each([0, 0.15])('holds the true ratio as often as its level says, replicas apart by %d', (apart) => {
    const random = createRandom(`coverage/${apart}`);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const speeds = [1 - apart, 1, 1];
    const all = 2.6 * (speeds.reduce((sum, speed) => sum + speed, 0) / 3);
    const runs = 3_000;
    let held = 0;
    let level = 0;
    for (let run = 0; run < runs; run += 1) {
      const measured = Array.from({ length: 12 }, (_, index) => ({
        one: speeds[index % 3]! * Math.exp(0.03 * normal()),
        all: all * Math.exp(0.03 * normal()),
      }));
      const { estimate } = judge(measured);
      level = estimate!.level;
      if (estimate!.low < 2.6 && 2.6 < estimate!.high) held += 1;
    }
    // Three standard errors of a share of 3,000; unequal replicas make it wider than it must be.
    expect(held / runs).toBeGreaterThan(level - 0.012);
    if (apart === 0) expect(held / runs).toBeLessThan(level + 0.012);
    else expect(held / runs).toBeGreaterThan(0.99);
  });
});

describe('the spread between replicas', () => {
  const pods = ['pod-a', 'pod-b', 'pod-c'];

  it('does not depend on the hour, the unit, or the order of the pairs', () => {
    fc.assert(
      fc.property(pairs, rate, (measured, unit) => {
        const rows = measured.map(({ one, all }, index) => ({
          ...{ baseline: pods[index % 3]!, oneRequestsPerSecond: one, allRequestsPerSecond: all },
        }));
        const scaled = rows.map((row) => ({
          ...row,
          oneRequestsPerSecond: unit * row.oneRequestsPerSecond,
          allRequestsPerSecond: unit * row.allRequestsPerSecond,
        }));
        const [plain, other] = [spreadOf(rows), spreadOf([...scaled].reverse())];
        expect(other?.spread).toBeCloseTo(plain?.spread ?? 0, 4);
        expect(other?.perReplica.map(({ pod }) => pod)).toEqual(pods);
        expect(plain!.perReplica.reduce((sum, { relative }) => sum + relative, 0)).toBeCloseTo(3, 6);
      }),
    );
  });
});
