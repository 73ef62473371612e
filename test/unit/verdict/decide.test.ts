import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/load/prompts.ts';
import { type DecisionPlan, lookAt, lookLimit, scalingEfficiency, wholeRounds } from '../../../src/verdict/decide.ts';
import { pairNoise, smallestProvableSpeedup } from '../../../src/verdict/power.ts';

const PLAN: DecisionPlan = { minPairs: 6, maxPairs: 15, minSpeedup: 2.5, alpha: 0.05 };

describe('one look', () => {
  it('passes when the lower limit exceeds the minimum', () => {
    const look = lookAt([2.7, 2.6, 2.72, 2.68, 2.66, 2.7], PLAN);
    expect(look.decision).toBe('pass');
    expect(look.estimate?.value).toBeCloseTo(2.676, 3);
    expect(look.estimate?.low).toBeGreaterThan(2.6);
    expect(look.estimate?.level).toBeCloseTo(0.948, 3);
  });

  it('fails when the upper limit is below the minimum', () => {
    expect(lookAt([2.2, 2.25, 2.17, 2.21, 2.24, 2.19], PLAN).decision).toBe('fail');
  });

  it.each([
    // Limits: 2.4808–2.4993, 2.4858–2.5043, 2.4958–2.5143, 2.5008–2.5193.
    [2.49, 'fail'],
    [2.495, 'continue'],
    [2.505, 'continue'],
    [2.51, 'pass'],
  ])('compares its limits with the minimum itself, for ratios of %d ± 0.01', (centre, decision) => {
    const ratios = [centre - 0.01, centre + 0.01, centre - 0.01, centre + 0.01, centre, centre];
    expect(lookAt(ratios, PLAN).decision).toBe(decision);
  });

  it('does not round a mean above the minimum to a pass', () => {
    const close = [2.3, 2.8, 2.4, 2.75, 2.35, 2.8];
    const look = lookAt(close, PLAN);
    expect(look.estimate?.value).toBeGreaterThan(2.5);
    expect(look.decision).toBe('continue');
    expect(lookAt([...close, ...close, 2.5, 2.5, 2.5], PLAN).decision).toBe('exhausted');
  });

  it('does not decide before the first look, however clear the ratios', () => {
    const look = lookAt([2.9, 2.91, 2.9, 2.92, 2.9], PLAN);
    expect(look.decision).toBe('continue');
    expect(look.estimate?.low).toBeGreaterThan(2.5);
    expect(lookAt([2.9], PLAN)).toEqual({ estimate: null, decision: 'continue' });
    expect(lookAt([], PLAN).estimate).toBeNull();
  });

  it('is an ordinary t interval when there is one look only', () => {
    // ln ratios with mean ln 3 and deviation 0.1; t(0.95, 3) = 2.3534.
    const logs = [-0.1, 0.1, -Math.sqrt(0.005), Math.sqrt(0.005)].map((d) => Math.log(3) + d);
    const { estimate } = lookAt(logs.map(Math.exp), { ...PLAN, minPairs: 4, maxPairs: 4 });
    expect(estimate?.value).toBeCloseTo(3, 10);
    expect(estimate?.high).toBeCloseTo(3 * Math.exp((2.35336 * 0.1) / 2), 4);
    expect(estimate?.level).toBeCloseTo(0.9, 6);
  });

  it('refuses ratios and plans that are none', () => {
    expect(() => lookAt([2.5, Number.NaN], PLAN)).toThrow(RangeError);
    expect(() => lookAt([2.5, 0], PLAN)).toThrow(RangeError);
    expect(() => lookAt(Array(16).fill(2.6), PLAN)).toThrow('the plan ends at 15');
    expect(() => lookAt([2.6, 2.6], { ...PLAN, minPairs: 1 })).toThrow(RangeError);
  });

  it('gives the efficiency with its interval', () => {
    expect(scalingEfficiency({ value: 2.7, low: 2.4, high: 3, level: 0.95 }, 3)).toEqual({
      value: expect.closeTo(0.9),
      low: expect.closeTo(0.8),
      high: 1,
      level: 0.95,
    });
  });
});

describe('a plan of whole rounds', () => {
  it.each([
    // Replicas, then the first and the last look of 6 to 15 pairs.
    [1, 6, 15],
    [2, 6, 14],
    [3, 6, 15],
    [4, 8, 12],
    [5, 10, 15],
    [8, 8, 8],
    [16, 16, 16],
  ])('of %d replicas looks from pair %d to %d', (replicas, minPairs, maxPairs) => {
    expect(wholeRounds(PLAN, replicas)).toEqual({ ...PLAN, minPairs, maxPairs, round: replicas });
  });

  it('decides after whole rounds alone', () => {
    const plan = wholeRounds(PLAN, 3);
    const clear = Array(8)
      .fill(0)
      .map((_, index) => 2.9 + 0.01 * (index % 2));
    expect(lookAt(clear.slice(0, 5), plan).decision).toBe('continue');
    expect(lookAt(clear.slice(0, 6), plan).decision).toBe('pass');
    expect(lookAt(clear.slice(0, 7), plan)).toEqual(lookAt(clear.slice(0, 6), plan));
    expect(lookAt(clear.slice(0, 2), plan).estimate).toBeNull();
    expect(() => lookAt(clear, { ...plan, minPairs: 7 })).toThrow('whole rounds of 3');
  });

  it('is not fooled by a slow replica among its baselines, which alone would pass', () => {
    const plan = wholeRounds(PLAN, 3);
    // True 2.3 over replicas of 0.85, 1 and 1: the slow one alone as the baseline shows 2.57.
    const all = 2.3 * (2.85 / 3);
    const wobble = [1.004, 0.997, 1.002, 0.996, 1.003, 0.998];
    const rotated = wobble.map((factor, index) => (factor * all) / [0.85, 1, 1][index % 3]!);
    const look = lookAt(rotated, plan, [0, 1, 2, 0, 1, 2]);
    expect(look.estimate?.value).toBeCloseTo(2.3, 2);
    expect(look.decision).not.toBe('pass');
    const slowAlone = wobble.map((factor) => (factor * all) / 0.85);
    expect(lookAt(slowAlone, plan).decision).toBe('pass');
  });
});

describe('the whole plan, simulated', () => {
  const runs = 4_000;

  it.each([0.03, 0.08])('passes a true 2.50 in about one run of twenty, noise %d', (noise) => {
    const { pass, fail } = simulate(2.5, noise, runs);
    // The standard error of a share of 0.05 over 4000 runs is 0.0034.
    expect(pass / runs).toBeLessThan(0.065);
    expect(fail / runs).toBeLessThan(0.065);
  });

  it('would pass it far more often if it looked without spending', () => {
    const random = normalNumbers('peeking');
    let passed = 0;
    const plain = lookLimit(15, { minPairs: 15, maxPairs: 15, alpha: 0.05 }).t;
    for (let run = 0; run < 1_000; run++) {
      let [sum, squares] = [0, 0];
      for (let n = 1; n <= 15; n++) {
        const d = random();
        sum += d;
        squares += d * d;
        const deviation = Math.sqrt((squares - (sum * sum) / n) / (n - 1));
        if (n >= 4 && (sum / n) * Math.sqrt(n) > plain * deviation) {
          passed++;
          break;
        }
      }
    }
    expect(passed / 1_000).toBeGreaterThan(0.1);
  });

  it('passes a true 2.80 and fails a true 2.30 nearly always, mostly at the first look', () => {
    const fast = simulate(2.8, 0.06, runs);
    expect(fast.pass / runs).toBeGreaterThan(0.99);
    expect(fast.pairs / runs).toBeLessThan(7);
    const slow = simulate(2.3, 0.05, runs);
    expect(slow.fail / runs).toBeGreaterThan(0.99);
    expect(slow.pass).toBe(0);
  });
});

describe('the smallest provable speedup', () => {
  it('is what the field expects for a coefficient of variation of 0.35', () => {
    const noise = pairNoise({ serviceCv: 0.35, blockNoise: 0.02, requestsOne: 110, requestsAll: 170 });
    const provable = smallestProvableSpeedup(PLAN, noise);
    expect(provable).toBeGreaterThan(2.58);
    expect(provable).toBeLessThan(2.65);
  });

  it('is proved about as often as it says', () => {
    const provable = smallestProvableSpeedup(PLAN, 0.06, 0.8);
    const { pass } = simulate(provable, 0.06, 2_000);
    expect(pass / 2_000).toBeGreaterThan(0.77);
    expect(pass / 2_000).toBeLessThan(0.9);
  });
});

function simulate(truth: number, noise: number, runs: number) {
  const random = normalNumbers(`${truth}/${noise}`);
  const counts = { pass: 0, fail: 0, exhausted: 0, pairs: 0 };
  for (let run = 0; run < runs; run++) {
    const pairs: number[] = [];
    for (;;) {
      pairs.push(truth * Math.exp(noise * random()));
      const { decision } = lookAt(pairs, PLAN);
      if (decision === 'continue') continue;
      counts[decision]++;
      counts.pairs += pairs.length;
      break;
    }
  }
  return counts;
}

function normalNumbers(seed: string): () => number {
  const random = createRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
