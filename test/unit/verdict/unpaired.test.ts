import { describe, expect, it } from 'vitest';
import { unpairedLook } from '../../../src/verdict/unpaired.ts';

const PLAN = { minSpeedup: 2.5, alpha: 0.05 };
const around = (rate: number, wobble = 0.01) => [1, -1, 0.5, -0.5, 0.2, -0.2].map((by) => rate * (1 + by * wobble));

describe('arms that were measured one after the other', () => {
  it.each([
    [21, 'exhausted'],
    [19, 'exhausted'],
    [15, 'exhausted'],
    [14, 'fail'],
  ])('at 7 and %d req/s: %s', (all, decision) => {
    expect(unpairedLook(around(7), around(all), PLAN).decision).toBe(decision);
  });

  it('never pass: the one replica that was left may be slower than its peers', () => {
    for (const all of [20, 25, 40]) expect(unpairedLook(around(7), around(all), PLAN).decision).toBe('exhausted');
  });

  it('are never called equal to paired ones: what differs between deployments stays in the limits', () => {
    const { estimate } = unpairedLook(Array(6).fill(7), Array(6).fill(19), PLAN);
    expect(estimate!.high / estimate!.low).toBeGreaterThan(1.15);
  });

  it('say nothing with fewer than two blocks', () => {
    expect(unpairedLook([7], [19], PLAN)).toEqual({ estimate: null, decision: 'continue' });
    expect(unpairedLook([7, 0], [19, 19], PLAN).estimate).toBeNull();
  });
});
