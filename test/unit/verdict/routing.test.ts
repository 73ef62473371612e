import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/load/prompts.ts';
import { chanceAllOnOne, chanceOfAffinity, largestCountDistribution } from '../../../src/verdict/chance.ts';
import { checkCacheHits, checkPicker, checkSharedPrefix, checkUniqueSpread } from '../../../src/verdict/routing.ts';

const pods = (...counts: number[]) => counts.map((requests, i) => ({ pod: `replica-${i}`, requests }));

describe('chance', () => {
  it('puts ten requests on one of three replicas five times in 100 000', () => {
    expect(chanceAllOnOne(10, 3)).toBeCloseTo(5.08e-5, 7);
    expect(chanceAllOnOne(1, 3)).toBe(1);
  });

  it('has the exact distribution of the largest count', () => {
    // 3 requests on 2 replicas: 3-0 in 2 of 8 cases, 2-1 in 6.
    expect(largestCountDistribution(3, 2).map((p) => Number(p.toFixed(6)))).toEqual([0, 0, 0.75, 0.25]);
    const ten = largestCountDistribution(10, 3);
    expect(ten.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 10);
    expect(ten[10]).toBeCloseTo(chanceAllOnOne(10, 3), 10);
    // 4-3-3 and 4-4-2, each in three orders: 10!/(4!3!3!) = 4200 and 10!/(4!4!2!) = 3150 ways.
    expect(ten[4]).toBeCloseTo((3 * 4200 + 3 * 3150) / 3 ** 10, 10);
  });

  it('adds up over groups', () => {
    expect(chanceOfAffinity([10], 10, 3)).toBeCloseTo(chanceAllOnOne(10, 3), 10);
    expect(chanceOfAffinity([4, 4], 8, 3)).toBeCloseTo(chanceAllOnOne(4, 3) ** 2, 10);
    expect(chanceOfAffinity([5, 5], 0, 3)).toBeCloseTo(1, 10);
  });
});

describe('requests with one prefix', () => {
  it.each([
    ['all on one replica', [pods(0, 10, 0)], 'pass', '10 of 10 on replica-1'],
    ['spread', [pods(4, 3, 3)], 'fail', '4 / 3 / 3; random placement does as well more often than not'],
    ['seven of ten', [pods(7, 2, 1)], 'fail', /7 \/ 2 \/ 1; random placement does as well once in 17 times/],
    ['one strayed', [pods(9, 1, 0)], 'inconclusive', '9 / 1 / 0; more than chance, but not all'],
    ['too few', [pods(3, 0, 0)], 'inconclusive', /too few to decide: chance does this once in 9 times/],
    ['no counters', [], 'not-observable', /do not show who served/],
    ['nothing sent', [pods(0, 0, 0)], 'not-observable', /do not show who served/],
  ])('%s', (_title, groups, outcome, seen) => {
    const check = checkSharedPrefix(groups, 3);
    expect(check.outcome).toBe(outcome);
    expect(check.seen).toEqual(typeof seen === 'string' ? seen : expect.stringMatching(seen));
  });

  it('takes several groups together', () => {
    const sticky = [pods(6, 0, 0), pods(0, 0, 6), pods(0, 6, 0), pods(6, 0, 0)];
    expect(checkSharedPrefix(sticky, 3)).toMatchObject({
      outcome: 'pass',
      seen: '24 of 24 on their group’s own, 4 groups on 3 replicas',
    });
    const nearly = Array.from({ length: 20 }, (_, i) =>
      i === 0 ? pods(1, 5, 0) : i % 2 ? pods(6, 0, 0) : pods(0, 6, 0),
    );
    expect(checkSharedPrefix(nearly, 3).outcome).toBe('pass');
    const scattered = Array.from({ length: 12 }, () => pods(2, 3, 1));
    expect(checkSharedPrefix(scattered, 3).outcome).toBe('fail');
  });

  it.each([
    // 1 of 45 requests that follow strayed: at least 89.9 % stay, with 95 % confidence.
    [23, 'inconclusive', '46 of 47 on their group’s own, 2 groups on 2 replicas; more than chance, but not all'],
    // 1 of 46: at least 90.1 %.
    [24, 'pass', '47 of 48 on their group’s own, 2 groups on 2 replicas'],
  ])('have to stay in more than 90 % of the cases: a stray beside groups of 24 and %d', (second, outcome, seen) => {
    expect(checkSharedPrefix([pods(23, 1, 0), pods(0, 0, second)], 3)).toMatchObject({ outcome, seen });
  });

  it('is not taken in by a router that sends everything to one replica', () => {
    const all = Array.from({ length: 12 }, () => pods(6, 0, 0));
    expect(checkSharedPrefix(all, 3)).toMatchObject({
      outcome: 'inconclusive',
      seen: '72 of 72 on their group’s own, but all 12 groups on replica-0: no sign of choice',
    });
  });

  it('cannot be judged with one replica', () => {
    expect(checkSharedPrefix([pods(10)], 1).outcome).toBe('not-observable');
  });
});

describe('unique prompts', () => {
  it.each([
    ['even', pods(801, 797, 802), 3, 'pass', '801 / 797 / 802 (33% / 33% / 33%)'],
    ['lopsided', pods(26, 4, 0), 3, 'fail', '26 / 4 / 0 (87% / 13% / 0%)'],
    ['one replica unseen', pods(150, 150), 3, 'fail', '150 / 150 / 0 (50% / 50% / 0%)'],
    ['too few', pods(10, 11, 9), 3, 'inconclusive', '10 / 11 / 9 (33% / 37% / 30%); 30 requests are too few to decide'],
    ['a mild lean, well measured', pods(400, 330, 270), 3, 'pass', '400 / 330 / 270 (40% / 33% / 27%)'],
    ['two replicas', pods(310, 290), 2, 'pass', '310 / 290 (52% / 48%)'],
    ['nothing counted', pods(0, 0, 0), 3, 'not-observable', 'the replicas’ counters do not show who served'],
  ])('%s', (_title, perPod, replicas, outcome, seen) => {
    expect(checkUniqueSpread(perPod, replicas)).toMatchObject({ outcome, seen });
  });

  it('expects the field’s range for three replicas', () => {
    expect(checkUniqueSpread(pods(1, 1, 1), 3).expected).toBe('each replica 22%–45%');
  });

  it('calls a true even spread balanced in nine of ten samples of 300', () => {
    const random = createRandom('spread');
    let balanced = 0;
    for (let run = 0; run < 500; run++) {
      const counts = [0, 0, 0];
      for (let i = 0; i < 300; i++) counts[Math.floor(random() * 3)]!++;
      if (checkUniqueSpread(pods(...counts), 3).outcome === 'pass') balanced++;
    }
    expect(balanced / 500).toBeGreaterThan(0.87);
    expect(balanced / 500).toBeLessThan(0.95);
  });
});

describe('cache hits', () => {
  it.each([
    [0.74, 'pass'],
    [0.69, 'pass'],
    [0.68, 'inconclusive'],
    [0.48, 'fail'],
    [0, 'fail'],
    [null, 'not-observable'],
  ])('a rate of %d between 0.483 at random and 0.741 when aware', (measured, outcome) => {
    expect(checkCacheHits({ measured, aware: 0.741, random: 0.483 }).outcome).toBe(outcome);
  });

  it('does not take a rate in the 60–70 % band for proof', () => {
    const check = checkCacheHits({ measured: 0.65, aware: 0.8, random: 0.627 });
    expect(check).toMatchObject({
      outcome: 'fail',
      expected: 'near 80% (random routing: 62.7%)',
      seen: '65% (0.13 of the way from random to aware)',
    });
  });

  it('does not judge a workload in which both look alike', () => {
    expect(checkCacheHits({ measured: 0, aware: 0, random: 0 }).outcome).toBe('inconclusive');
  });
});

describe('the endpoint picker', () => {
  // As a real Envoy counts: a request to the picker is a stream, and never a success.
  const gateway = (requests: number, change = {}) => ({
    problem: null,
    proxies: 1,
    picker: { requests, errors: 0, connectFailures: 0 },
    perPod: [],
    ...change,
  });
  const unread = gateway(0, { problem: 'pods is forbidden', picker: null });
  const marks = (seen: number) => ({ seen, answers: 162 });

  it.each([
    ['both witnesses', marks(162), gateway(162), 'pass', 'counts 162 requests to it, 162 were sent'],
    ['the counters alone, as with a picker that leaves no mark', marks(0), gateway(162), 'inconclusive', '0 of 162'],
    ['a picker that is asked and never responds', null, gateway(162), 'fail', 'no answer shows'],
    [
      'plain text into a picker that speaks TLS',
      marks(0),
      gateway(0, { picker: { requests: 162, errors: 162, connectFailures: 0 } }),
      'fail',
      '162 of them failed',
    ],
    [
      'errors against marks',
      marks(162),
      gateway(0, { picker: { requests: 162, errors: 9, connectFailures: 0 } }),
      'inconclusive',
      '9 of them failed',
    ],
    ['the mark alone', marks(162), unread, 'pass', 'could not be read (pods is forbidden)'],
    ['the mark alone, unasked', marks(162), null, 'pass', 'counts nothing'],
    ['neither', marks(0), unread, 'not-observable', '0 of 162'],
    ['no answer', null, unread, 'not-observable', 'no answer shows'],
    ['a mark on some', marks(90), unread, 'fail', '90 of 162'],
    [
      'a gateway that cannot reach it',
      marks(0),
      gateway(0, { picker: { requests: 0, errors: 162, connectFailures: 162 } }),
      'fail',
      '162 connections to it failed',
    ],
    ['a gateway that asks it about some', marks(90), gateway(90), 'fail', 'counts 90 requests'],
    ['witnesses that contradict each other', marks(162), gateway(0), 'inconclusive', '162 of 162 answers carry'],
  ] as const)('by %s', (_, header, counters, outcome, seen) => {
    expect(checkPicker(header, counters, 162)).toMatchObject({
      id: 'picker-engaged',
      outcome,
      seen: expect.stringContaining(seen),
    });
  });

  const thousand = (seen: number) => ({ seen, answers: 1_000 });

  it.each([
    ['the counters just below 99 %', thousand(1_000), gateway(989), 'inconclusive'],
    ['the counters at 99 %', thousand(1_000), gateway(990), 'pass'],
    ['the mark just below 99 %', thousand(989), null, 'fail'],
    ['the mark at 99 %', thousand(990), null, 'pass'],
    ['a mark just below 99 % against the counters', thousand(989), gateway(0), 'fail'],
    ['a mark at 99 % against the counters', thousand(990), gateway(0), 'inconclusive'],
    ['a mark on one answer only', thousand(1), null, 'fail'],
    ['a mark on no answer', thousand(0), null, 'not-observable'],
  ] as const)('of 1,000 requests, by %s', (_, header, counters, outcome) => {
    expect(checkPicker(header, counters, 1_000).outcome).toBe(outcome);
  });
});
