import { describe, expect, it } from 'vitest';
import { type ChangePlan, changeLook, nodeSpread, UNSEEN_NODE_DEVIATION } from '../../../src/verdict/change.ts';

const PLAN: ChangePlan = {
  ...{ minPairs: 6, maxPairs: 12, alpha: 0.011, round: 6 },
  ...{ maxSlowdown: 0.03, nodes: { head: 3, base: 1 } },
};
/** A little noise that sums up to nothing over a round, whatever the order. */
const NOISE = [0.004, -0.004, 0.002, -0.004, 0.004, -0.002];

function pairs(count: number, ratio: number, { second = 0, nodes = [0, 0, 0], noise = 1 } = {}) {
  return Array.from({ length: count }, (_, index) => {
    const replica = index % 3;
    const isHeadFirst = (Math.floor(index / 3) + replica) % 2 === 0;
    const log =
      Math.log(ratio) + noise * (NOISE[index % 6] ?? 0) + (nodes[replica] ?? 0) + (isHeadFirst ? second : -second);
    return {
      ratio: Math.exp(log),
      replica: `r${replica}`,
      order: isHeadFirst ? ('head-first' as const) : ('base-first' as const),
    };
  });
}

describe('the comparison of two stacks', () => {
  it.each([
    ['equal', 1, {}, 'no-worse'],
    ['faster', 1.2, {}, 'no-worse'],
    ['30 % slower', 0.7, {}, 'regressed'],
    ['4 % slower', 0.96, {}, 'regressed'],
    ['surely slower, and surely by less than is allowed', 0.985, {}, 'no-worse'],
    ['too close to tell', 0.985, { noise: 20 }, 'exhausted'],
  ])('%s', (_, ratio, noise, decision) => {
    const look = changeLook(pairs(12, ratio, noise), PLAN);
    expect(look.decision).toBe(decision);
    expect(look.estimate?.value).toBeCloseTo(ratio, 2);
  });

  it('decides at whole rounds alone, from the first look on', () => {
    expect(changeLook(pairs(2, 0.7), PLAN).decision).toBe('continue');
    expect(changeLook(pairs(5, 0.7), PLAN)).toMatchObject({ estimate: null, decision: 'continue' });
    expect(changeLook(pairs(6, 0.7), PLAN).decision).toBe('regressed');
    expect(changeLook(pairs(11, 0.985, { noise: 20 }), PLAN).decision).toBe('continue');
  });

  it('takes the order out of the estimate and of its noise', () => {
    const [plain, ordered] = [changeLook(pairs(6, 0.96), PLAN), changeLook(pairs(6, 0.96, { second: 0.05 }), PLAN)];
    expect(ordered.estimate?.value).toBeCloseTo(plain.estimate?.value ?? 0, 6);
    expect(ordered.estimate?.low).toBeCloseTo(plain.estimate?.low ?? 0, 6);
  });

  it('allows for nodes that are seen to differ, and then looks once', () => {
    const nodes = [-0.05, 0, 0.05];
    const look = changeLook(pairs(12, 0.96, { nodes }), PLAN);
    expect(look.decision).toBe('exhausted');
    expect(look.nodeDeviation).toBeCloseTo(0.05, 2);
    expect(changeLook(pairs(6, 0.5, { nodes }), PLAN).decision).toBe('continue');
    expect(changeLook(pairs(12, 0.96), PLAN).nodeDeviation).toBeCloseTo(UNSEEN_NODE_DEVIATION, 6);
  });

  it('knows how nodes differ from what each replica does alone', () => {
    const alone = (rates: number[]) =>
      Array.from({ length: 12 }, (_, index) => ({
        baseline: `r${index % 3}`,
        oneRequestsPerSecond: (rates[index % 3] ?? 0) * (1 + 0.001 * (index % 2)),
        allRequestsPerSecond: 30,
      }));
    expect(Math.sqrt(nodeSpread(alone([9, 10, 11]))?.variance ?? 0)).toBeCloseTo(0.1, 2);
    expect(Math.sqrt(nodeSpread(alone([10, 10, 10]))?.variance ?? 0)).toBeCloseTo(UNSEEN_NODE_DEVIATION, 6);
    expect(nodeSpread([])).toBe(null);
  });
});
