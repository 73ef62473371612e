import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/load/prompts.ts';
import type { QualityPairs } from '../../../src/report/model.ts';
import { unmeasuredChange } from '../../../src/verdict/comparisons.ts';
import { judgeQuality, mcnemarDropP, QUALITY_ALPHA, tangoZ, withQuality } from '../../../src/verdict/quality.ts';

const pairs = (onlyBase: number, onlyHead: number, bothRight: number, bothWrong = 0): QualityPairs => ({
  ...{ bothRight, onlyBase, onlyHead, bothWrong },
});

describe("McNemar's test", () => {
  // Sums of binomial coefficients over 2ⁿ, by hand.
  it.each([
    [0, 0, 1],
    [1, 0, 1 / 2],
    [5, 0, 1 / 32],
    [8, 1, 10 / 512],
    [10, 2, (66 + 12 + 1) / 4_096],
    [2, 10, 1 - (1 + 12) / 4_096],
    [12, 12, (2 ** 24 + 2_704_156) / 2 ** 25],
  ])('has the exact p of %d against %d', (onlyBase, onlyHead, p) => {
    expect(mcnemarDropP({ onlyBase, onlyHead })).toBeCloseTo(p, 10);
  });

  it('is the score statistic at a difference of nothing: approval of 1,600 voters (Agresti, Categorical Data Analysis)', () => {
    const voters = pairs(150, 86, 794, 570);
    expect(tangoZ(voters, 0) ** 2).toBeCloseTo(17.36, 2);
    expect(judgeQuality(voters, 0).difference.value).toBeCloseTo(-0.04, 10);
  });

  it('stays exact where thousands differ', () => {
    expect(mcnemarDropP({ onlyBase: 1_000, onlyHead: 1_000 })).toBeCloseTo(0.5089, 3);
    expect(mcnemarDropP({ onlyBase: 2_000, onlyHead: 0 })).toBe(0);
  });
});

describe('the limits of the difference', () => {
  /** The statistic by its definition: the likelihood under the tested difference is maximised by search. */
  function byDefinition({ onlyBase, onlyHead, bothRight, bothWrong }: QualityPairs, delta: number): number {
    const n = onlyBase + onlyHead + bothRight + bothWrong;
    const least = Math.max(0, -delta);
    const most = (1 - delta) / 2;
    const likelihood = (share: number) =>
      onlyHead * Math.log(share + delta) +
      onlyBase * Math.log(share) +
      (bothRight + bothWrong) * Math.log(1 - 2 * share - delta);
    let [low, high] = [least, most];
    for (let step = 0; step < 300; step += 1) {
      const third = (high - low) / 3;
      if (likelihood(low + third) < likelihood(high - third)) low += third;
      else high -= third;
    }
    const share = (low + high) / 2;
    return (onlyHead - onlyBase - n * delta) / Math.sqrt(n * (2 * share + delta - delta * delta));
  }

  it.each([pairs(20, 3, 250, 27), pairs(60, 5, 200, 35), pairs(7, 11, 100, 182), pairs(1, 1, 298, 0)])(
    'rest on the statistic of Tango: %o',
    (given) => {
      for (const delta of [-0.3, -0.05, -0.02, 0.01, 0.2]) {
        expect(tangoZ(given, delta)).toBeCloseTo(byDefinition(given, delta), 4);
      }
      const { low, high, value, level } = judgeQuality(given, 0.02).difference;
      expect(level).toBe(0.98);
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
      expect(tangoZ(given, low)).toBeCloseTo(2.326, 3);
      expect(tangoZ(given, high)).toBeCloseTo(-2.326, 3);
    },
  );

  it.each([
    ['no task', pairs(0, 0, 0), { value: 0, low: -1, high: 1 }],
    ['nothing but losses', pairs(300, 0, 0), { value: -1, low: -1 }],
    ['nothing but gains', pairs(0, 300, 0), { value: 1, high: 1 }],
  ])('hold at the edge: %s', (_, given, limits) => {
    const { difference } = judgeQuality(given, 0.02);
    for (const [name, limit] of Object.entries(limits)) {
      expect(difference[name as 'low']).toBeCloseTo(limit as number, 6);
    }
    expect(Number.isFinite(difference.low) && Number.isFinite(difference.high)).toBe(true);
  });

  it('are symmetric, and small where all answers agree', () => {
    const { low, high } = judgeQuality(pairs(0, 0, 280, 20), 0.02).difference;
    expect(low).toBeCloseTo(-high, 6);
    expect(high).toBeLessThan(0.02);
  });
});

describe('the verdict on the answers', () => {
  it.each([
    ['the same answers', pairs(0, 0, 270, 30), 0.02, 'kept'],
    ['a drop by a fifth', pairs(60, 0, 210, 30), 0.02, 'dropped'],
    ['a drop by a twelfth, with some gains', pairs(30, 5, 240, 25), 0.02, 'dropped'],
    ['a drop that is allowed', pairs(30, 5, 240, 25), 0.1, 'kept'],
    ['a drop that chance explains', pairs(9, 4, 260, 27), 0.02, 'kept'],
    ['a few losses where nothing may be lost', pairs(7, 0, 290, 3), 0, 'dropped'],
    ['fewer of them', pairs(6, 0, 290, 4), 0, 'kept'],
    ['gains', pairs(2, 60, 200, 38), 0.02, 'kept'],
    ['a model that knows nothing', pairs(0, 0, 0, 300), 0.02, 'too-low'],
    ['a model that guesses some', pairs(4, 3, 2, 291), 0.02, 'too-low'],
    ['a weak model that loses all it knew', pairs(45, 0, 0, 255), 0.02, 'dropped'],
    ['five tasks', pairs(5, 0, 0, 0), 0.02, 'too-low'],
    ['no task', pairs(0, 0, 0, 0), 0.02, 'too-low'],
  ] as const)('after %s', (_, given, maxDrop, verdict) => {
    expect(judgeQuality(given, maxDrop).verdict).toBe(verdict);
  });

  it('is a drop only where the whole interval lies below what is allowed', () => {
    for (let onlyBase = 0; onlyBase <= 60; onlyBase += 1) {
      for (const onlyHead of [0, 1, 5, 20]) {
        const { verdict, difference } = judgeQuality(pairs(onlyBase, onlyHead, 200, 20), 0.02);
        if (verdict === 'dropped') expect(difference.high).toBeLessThan(-0.02);
      }
    }
  });
});

describe('how often it errs', () => {
  const N = 300;

  /** The chance of `dropped`, over all outcomes: losses and gains are trinomial. */
  function chance(down: number, up: number, maxDrop: number): number {
    const logFactorials = [0];
    for (let k = 1; k <= N; k += 1) logFactorials.push((logFactorials[k - 1] as number) + Math.log(k));
    const at = (k: number) => logFactorials[k] as number;
    const term = (k: number, share: number) => (k === 0 ? 0 : k * Math.log(share));
    let sum = 0;
    for (let onlyBase = 0; onlyBase <= 110; onlyBase += 1) {
      for (let onlyHead = 0; onlyHead <= 60 && onlyBase + onlyHead <= N; onlyHead += 1) {
        const rest = N - onlyBase - onlyHead;
        const log =
          at(N) -
          at(onlyBase) -
          at(onlyHead) -
          at(rest) +
          term(onlyBase, down) +
          term(onlyHead, up) +
          term(rest, 1 - down - up);
        if (log < -30) continue;
        const { verdict } = judgeQuality(pairs(onlyBase, onlyHead, rest), maxDrop);
        if (verdict === 'dropped') sum += Math.exp(log);
      }
    }
    return sum;
  }

  it.each([
    [0, 0.01],
    [0.02, 0],
    [0.02, 0.01],
    [0.02, 0.05],
    [0.05, 0.03],
  ])('with a drop of just what is allowed (%d) and gains of %d: in two of a hundred at most', (maxDrop, up) => {
    expect(chance(up + maxDrop, up, maxDrop)).toBeLessThan(2 * QUALITY_ALPHA);
  });

  // The table of docs/method.md.
  it.each([
    [0, [0, 1.9, 54.1, 95, 99.8, 100]],
    [0.01, [0, 1.4, 20.6, 63.6, 91.3, 98.8]],
    [0.05, [0, 1, 8.3, 28.7, 57.5, 81.2]],
  ])('finds drops of 0, 2, 4, 6, 8 and 10 points with gains of %d in %o of a hundred runs', (up, expected) => {
    const found = [0, 0.02, 0.04, 0.06, 0.08, 0.1].map((drop) =>
      Number((100 * chance(up + drop, up, 0.02)).toFixed(1)),
    );
    expect(found).toEqual(expected);
  });

  it('calls none of 10,000 runs of one stack against itself worse, where one task in twenty changes by chance', () => {
    const random = createRandom('a stack against itself');
    let worse = 0;
    for (let run = 0; run < 10_000; run += 1) {
      let [down, up] = [0, 0];
      for (let task = 0; task < N; task += 1) {
        const draw = random();
        if (draw < 0.025) down += 1;
        else if (draw < 0.05) up += 1;
      }
      if (judgeQuality(pairs(down, up, N - down - up), 0.02).verdict === 'dropped') worse += 1;
    }
    expect(worse).toBeLessThan(10);
  });
});

describe('the comparison with the base stack', () => {
  const change = (verdict: 'no-worse' | 'regressed' | 'inconclusive' | 'invalid') => ({
    ...unmeasuredChange('not-measured', 'The throughput is 1.2× that of the base stack.', 0.97),
    verdict,
    ratio: { value: 1.2, low: 1.1, high: 1.3, level: 0.98 },
  });
  const quality = (verdict: 'kept' | 'dropped' | 'too-low' | 'not-measured') => ({
    ...{ verdict, reason: 'A reason.', tasks: 'built-in v1', maxDrop: 0.02, figures: null },
  });

  it.each([
    ['no-worse', 'dropped', 'worse-answers'],
    ['inconclusive', 'dropped', 'worse-answers'],
    ['invalid', 'dropped', 'worse-answers'],
    ['regressed', 'dropped', 'regressed'],
    ['no-worse', 'kept', 'no-worse'],
    ['no-worse', 'too-low', 'no-worse'],
    ['no-worse', 'not-measured', 'inconclusive'],
    ['regressed', 'not-measured', 'regressed'],
    ['invalid', 'not-measured', 'invalid'],
  ] as const)('that is %s, with answers that are %s, is %s', (speed, answers, verdict) => {
    const found = withQuality(change(speed), quality(answers));
    expect(found.verdict).toBe(verdict);
    expect(found.quality?.verdict).toBe(answers);
    if (answers === 'dropped') expect(found.reasons.join(' ')).toContain('Head answers worse than base');
  });

  it('has no ratio where the throughput was measured wrongly', () => {
    expect(withQuality(change('invalid'), quality('dropped')).ratio).toBe(null);
    expect(withQuality(change('no-worse'), quality('dropped')).ratio).not.toBe(null);
    expect(withQuality(change('no-worse'), null)).toEqual(change('no-worse'));
  });
});
