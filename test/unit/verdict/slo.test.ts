import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SloLimit, SloName } from '../../../src/lib/slo.ts';
import { createRandom } from '../../../src/load/prompts.ts';
import type { BenchmarkPair, LimitOutcome, LimitResult } from '../../../src/report/model.ts';
import { DEFAULT_DECISION, type Look, lookAt, wholeRounds } from '../../../src/verdict/decide.ts';
import { judgeLimits, type SloEvidence, withLimits } from '../../../src/verdict/slo.ts';
import type { LatencySamples } from '../../../src/verdict/slo-latency.ts';
import { mean } from '../../../src/verdict/statistics.ts';
import { aBenchmark, aReport } from '../report/fixtures.ts';
import { someLimits } from '../report/slo.ts';

const RELATIONS = { upper: '<', lower: '>' } as const;

function limit(name: SloName, value: number): SloLimit {
  const isLower = ['throughput', 'goodput', 'success-rate', 'hit-rate'].includes(name);
  return { name, relation: RELATIONS[isLower ? 'lower' : 'upper'], limit: value };
}

function samples(change: Partial<LatencySamples> = {}): LatencySamples {
  const ms = Array.from({ length: 300 }, (_, index) => 100 + index);
  return {
    ...{ ratePerSecond: 10.1, buffered: false, stalledShare: 0 },
    ...{ e2eMs: ms, ttftMs: ms, tpotMs: ms, itl: [] },
    ...change,
  };
}

function judged(one: SloLimit, evidence: Partial<SloEvidence> = {}): LimitResult {
  const { routing } = aReport();
  const all = { benchmark: aBenchmark(2.68, 0.026), routing, samples: samples(), usdPerHour: 36, ...evidence };
  return judgeLimits([one], all)!.limits[0]!;
}

const outcome = (name: SloName, value: number, evidence: Partial<SloEvidence> = {}): LimitOutcome =>
  judged(limit(name, value), evidence).outcome;

describe('a limit of a percentile', () => {
  it('is met, undecided or missed by its bounds, with the load and the counts', () => {
    const { low, high } = judged(limit('ttft-p95', 200));
    expect(low).toBeLessThan(385);
    expect(high).toBeGreaterThan(385);
    expect(outcome('ttft-p95', high! + 0.5)).toBe('met');
    expect(outcome('ttft-p95', high!)).toBe('inconclusive');
    expect(outcome('ttft-p95', low! + 0.5)).toBe('inconclusive');
    expect(outcome('ttft-p95', low!)).toBe('missed');
    expect(judged(limit('ttft-p95', 390))).toMatchObject({
      ...{ samples: 300, over: 10, load: '10.1\u00a0req/s in an open loop' },
      reason: expect.stringMatching(
        /^ttft-p95 is 384\sms \(\d+–\d+\), not decided against 390\sms: 10 of 300 requests took longer or failed, and /,
      ),
    });
  });

  it('needs more requests where they are too few, and is met with as many', () => {
    const some = (n: number) => samples({ e2eMs: Array.from({ length: n }, () => 100) });
    const few = judged(limit('e2e-p99', 200), { samples: some(203) });
    expect(few).toMatchObject({ outcome: 'inconclusive', needed: 96, high: null });
    expect(few.reason).toMatch(/, and at least 96 more are needed\.$/);
    expect(outcome('e2e-p99', 200, { samples: some(203 + 96) })).toBe('met');
    expect(outcome('e2e-p99', 200, { samples: some(203 + 95) })).toBe('inconclusive');
  });

  it('counts a request that failed as one beyond it', () => {
    const lost = samples({
      ttftMs: [...Array.from({ length: 290 }, () => 100), ...Array(30).fill(Number.POSITIVE_INFINITY)],
    });
    const result = judged(limit('ttft-p95', 500), { samples: lost });
    expect(result).toMatchObject({ outcome: 'missed', value: null, over: 30 });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it('is not measured without its step, without streams, and on a benchmark that was not made', () => {
    expect(judged(limit('ttft-p95', 500), { samples: null })).toMatchObject({ outcome: 'not-measured' });
    expect(judged(limit('ttft-p95', 500), { samples: samples({ buffered: true }) }).reason).toMatch(
      /came as one piece/,
    );
    expect(outcome('e2e-p95', 500, { samples: samples({ buffered: true }) })).toBe('met');
    expect(outcome('ttft-p95', 500, { benchmark: null })).toBe('not-measured');
    const warnings = [{ id: 'left-out', message: 'The time of the run did not reach for it.' }];
    const left = judged(limit('ttft-p95', 500), { samples: null, benchmark: aBenchmark(2.68, 0.026, { warnings }) });
    expect(left.reason).toBe('ttft-p95 was not measured: The time of the run did not reach for it.');
  });

  it('is undecided where the machine stopped the load generator, or a veto stands', () => {
    expect(outcome('ttft-p95', 900, { samples: samples({ stalledShare: 0.2 }) })).toBe('inconclusive');
    const vetoes = [{ id: 'starved', message: 'It was starved.' }];
    expect(outcome('throughput', 1, { benchmark: aBenchmark(2.68, 0.026, { vetoes }) })).toBe('inconclusive');
  });

  it('judges gaps between tokens by their streams', () => {
    const itl = (overOf: (index: number) => number) => {
      const streams = Array.from({ length: 200 }, (_, index) => ({ gaps: 15, over: overOf(index) }));
      return samples({ itl: [{ limit: limit('itl-p95', 40), valueMs: 29, streams }] });
    };
    expect(outcome('itl-p95', 40, { samples: itl(() => 0) })).toBe('met');
    expect(outcome('itl-p95', 40, { samples: itl(() => 2) })).toBe('missed');
    // 6 % of the gaps: beyond doubt for 3,000 independent ones, and not for 12 streams that were slow as a whole.
    expect(outcome('itl-p95', 40, { samples: itl((index) => (index < 12 ? 15 : 0)) })).toBe('inconclusive');
    expect(judged(limit('itl-p95', 40), { samples: itl(() => 0) })).toMatchObject({
      samples: 3_000,
      over: 0,
      value: 29,
    });
  });
});

describe('the other limits', () => {
  it('judge throughput by the windows of the pairs', () => {
    expect(outcome('throughput', 18)).toBe('met');
    expect(outcome('throughput', 20)).toBe('inconclusive');
    expect(outcome('throughput', 22)).toBe('missed');
    expect(judged(limit('throughput', 18)).load).toBe('30 requests in flight on 3 replicas');
  });

  it('judge the cost by the same windows and the price, which may be missing', () => {
    const cost = (36 / (7.46 * 2.68 * 16 * 3_600)) * 1e6;
    expect(judged(limit('cost-per-million-tokens', 2)).value).toBeCloseTo(cost, 6);
    expect(outcome('cost-per-million-tokens', 1.1 * cost)).toBe('met');
    expect(outcome('cost-per-million-tokens', cost)).toBe('inconclusive');
    expect(outcome('cost-per-million-tokens', 0.9 * cost)).toBe('missed');
    const unknown = judged(limit('cost-per-million-tokens', 2), { usdPerHour: null });
    expect(unknown).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringMatching(/no price is known; give "price-per-chip-hour"\.$/),
    });
  });

  it('judge the share of answers by their number', () => {
    const all = (requests: number, errors: number) => {
      const benchmark = aBenchmark(2.68, 0.026);
      benchmark.arms.all = { ...benchmark.arms.all, requests, errors };
      return { benchmark };
    };
    expect(judged(limit('success-rate', 0.999), all(2_352, 0))).toMatchObject({ outcome: 'inconclusive', needed: 643 });
    expect(outcome('success-rate', 0.999, all(2_352 + 643, 0))).toBe('met');
    expect(outcome('success-rate', 0.999, all(10_000, 30))).toBe('missed');
  });

  it('judge the hit rate by the prompts behind the first of each group', () => {
    expect(outcome('hit-rate', 0.6)).toBe('met');
    expect(outcome('hit-rate', 0.73)).toBe('inconclusive');
    expect(outcome('hit-rate', 0.8)).toBe('missed');
    expect(outcome('hit-rate', 0.6, { routing: null })).toBe('not-measured');
    const { routing } = aReport();
    const blind = { ...routing!, hitRate: { ...routing!.hitRate!, measured: null } };
    expect(outcome('hit-rate', 0.6, { routing: blind })).toBe('not-measured');
    // Counters of the verify stage, which no veto of the pairs touches.
    expect(outcome('hit-rate', 0.8, { benchmark: null })).toBe('missed');
  });

  it('judge goodput by the rates that were tried', () => {
    const tried = (...probes: [rate: number, requests: number, late: number][]) => {
      const benchmark = aBenchmark(2.68, 0.026);
      const all = {
        ...{ metPerSecond: 18, missedPerSecond: 20 },
        probes: probes.map(([ratePerSecond, requests, late]) => ({ ratePerSecond, requests, late, withinShare: 0.9 })),
      };
      benchmark.goodput = { ...benchmark.goodput!, arms: { ...benchmark.goodput!.arms, all } };
      return { benchmark };
    };
    expect(outcome('goodput', 17, tried([18, 104, 1]))).toBe('met');
    expect(judged(limit('goodput', 17), tried([18, 104, 4]))).toMatchObject({ outcome: 'inconclusive', needed: 77 });
    expect(outcome('goodput', 19, tried([18, 104, 0], [20, 40, 6]))).toBe('inconclusive');
    expect(outcome('goodput', 22, tried([18, 104, 0], [20, 20, 6]))).toBe('missed');
    expect(outcome('goodput', 10, { benchmark: aBenchmark(2.68, 0.026, { goodput: null }) })).toBe('not-measured');
  });
});

describe('whatever was measured', () => {
  const values = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 300 });
  const names = fc.constantFrom<SloName[]>('ttft-p50', 'ttft-p95', 'ttft-p99');
  const RANK = { missed: 0, inconclusive: 1, met: 2, 'not-measured': -1 };
  const of = (name: SloName, value: number, ttftMs: readonly number[]) =>
    outcome(name, value, { samples: samples({ ttftMs }) });

  it('a wider limit is no worse', () => {
    fc.assert(
      fc.property(values, names, fc.integer({ min: 1, max: 60 }), fc.nat({ max: 20 }), (ms, name, value, more) => {
        expect(RANK[of(name, value + more, ms)]).toBeGreaterThanOrEqual(RANK[of(name, value, ms)]);
      }),
    );
  });

  it('further requests within the limit do no harm, and those beyond it no good', () => {
    fc.assert(
      fc.property(values, names, fc.integer({ min: 2, max: 60 }), fc.nat({ max: 300 }), (ms, name, value, more) => {
        const before = RANK[of(name, value, ms)];
        expect(RANK[of(name, value, [...ms, ...Array(more).fill(value - 1)])]).toBeGreaterThanOrEqual(before);
        expect(RANK[of(name, value, [...ms, ...Array(more).fill(value + 1)])]).toBeLessThanOrEqual(before);
      }),
    );
  });

  it('a limit beside others is missed no sooner than alone', () => {
    const all = (limits: SloLimit[]) => {
      const evidence = { benchmark: aBenchmark(2.68, 0.026), routing: null, samples: samples(), usdPerHour: 36 };
      return judgeLimits(limits, evidence)!.limits[0]!;
    };
    const own = limit('ttft-p95', 370);
    const others = [limit('throughput', 18), limit('e2e-p50', 300), limit('goodput', 3), limit('success-rate', 0.5)];
    expect(all([own]).low).toBeGreaterThan(all([own, ...others]).low!);
    expect(all([own]).high).toBe(all([own, ...others]).high);
  });
});

describe('the chance of an error', () => {
  const next = createRandom('chance of an error');
  const exponential = (n: number) => Array.from({ length: n }, () => -Math.log(1 - next()));
  /** How often each outcome comes, over simulated latency steps. */
  const rates = (runs: number, one: SloLimit, step: () => Partial<LatencySamples>) => {
    const benchmark = aBenchmark(2.68, 0.026);
    const count = { met: 0, missed: 0, inconclusive: 0, 'not-measured': 0 };
    for (let run = 0; run < runs; run += 1) {
      const evidence = { benchmark, routing: null, samples: samples(step()), usdPerHour: null };
      count[judgeLimits([one], evidence)!.limits[0]!.outcome] += 1 / runs;
    }
    return count;
  };

  // 5 %, and three standard errors of 600 runs.
  const MOST = 0.077;

  it.each<[SloName, number]>([
    ['ttft-p50', 0.5],
    ['ttft-p95', 0.95],
    ['ttft-p99', 0.99],
  ])('of %s at its very limit is 5 % on either side', (name, p) => {
    const { met, missed } = rates(600, limit(name, -Math.log(1 - p)), () => ({ ttftMs: exponential(400) }));
    expect(met).toBeLessThan(MOST);
    expect(missed).toBeLessThan(MOST);
  });

  it.each([
    [1, 0.05],
    [0.1, 0.5],
    [0.05, 1],
  ])(
    'of itl-p95 is no larger where a share of %f of the streams has gaps over the limit, %f of theirs',
    (hot, share) => {
      const one = limit('itl-p95', 40);
      const overOf = (isHot: boolean) =>
        isHot ? Array.from({ length: 15 }, next).filter((each) => each < share).length : 0;
      const { met, missed } = rates(600, one, () => {
        const streams = Array.from({ length: 200 }, () => ({ gaps: 15, over: overOf(next() < hot) }));
        return { itl: [{ limit: one, valueMs: 40, streams }] };
      });
      expect(met).toBeLessThan(MOST);
      expect(missed).toBeLessThan(MOST);
    },
  );

  it.each([0, 0.5])('of throughput is no larger where a share of %f of the noise stays for the next pair', (stays) => {
    const gauss = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    const plan = wholeRounds({ ...DEFAULT_DECISION, minSpeedup: 2.5 }, 3);
    const fixture = aBenchmark(2.6, 0.026);
    const count = { met: 0, missed: 0, inconclusive: 0, 'not-measured': 0 };
    for (let run = 0; run < 600; run += 1) {
      let noise = gauss();
      const pairs: BenchmarkPair[] = [];
      let look: Look = { estimate: null, decision: 'continue' };
      while (look.decision === 'continue') {
        noise = stays * noise + Math.sqrt(1 - stays * stays) * gauss();
        const rates = {
          allRequestsPerSecond: 26 * (1 + 0.03 * noise),
          oneRequestsPerSecond: 10 * (1 + 0.03 * gauss()),
        };
        pairs.push({ ...fixture.pairs[0]!, ...rates });
        look = lookAt(
          pairs.map((pair) => pair.allRequestsPerSecond / pair.oneRequestsPerSecond),
          plan,
        );
      }
      const requestsPerSecond = mean(pairs.map((pair) => pair.allRequestsPerSecond));
      const arms = { ...fixture.arms, all: { ...fixture.arms.all, requestsPerSecond } };
      const benchmark = { ...fixture, pairs, arms, speedup: look.estimate };
      count[outcome('throughput', 26, { benchmark })] += 1 / 600;
    }
    expect(count.met).toBeLessThan(MOST);
    expect(count.missed).toBeLessThan(MOST);
  });

  it('leaves a p95 that is a third below its limit met in nearly every run of 400 requests', () => {
    const one = limit('ttft-p95', 1.34 * -Math.log(0.05));
    expect(rates(200, one, () => ({ ttftMs: exponential(400) })).met).toBeGreaterThan(0.9);
  });
});

describe('the verdict of a run with limits', () => {
  const pass = { verdict: 'pass' as const, reasons: ['It scales.'] };
  const first = (result: ReturnType<typeof withLimits>) => [result.verdict, result.reasons[0]];

  it('is what it was where all are met or none is set', () => {
    expect(withLimits(pass, null)).toEqual(pass);
    expect(withLimits(pass, someLimits('met'))).toEqual(pass);
  });

  it.each<[LimitResult['outcome'][], string, RegExp]>([
    [['met', 'missed', 'inconclusive', 'not-measured'], 'fail', /^ttft-p95 is 612 ms/],
    [['met', 'inconclusive'], 'inconclusive', /^e2e-p99 is/],
    [['not-measured'], 'inconclusive', /^tpot-p50 was not measured/],
  ])('%j on a pass', (outcomes, verdict, reason) => {
    expect(first(withLimits(pass, someLimits(...outcomes)))).toEqual([verdict, expect.stringMatching(reason)]);
  });

  it('is the heavier of both, and reasons of the lighter follow', () => {
    const missed = someLimits('missed');
    expect(first(withLimits({ verdict: 'fail', reasons: ['A check failed.'] }, missed))).toEqual([
      'fail',
      'A check failed.',
    ]);
    expect(withLimits({ verdict: 'invalid', reasons: ['Disturbed.'] }, missed).verdict).toBe('fail');
    expect(withLimits({ verdict: 'invalid', reasons: ['Disturbed.'] }, someLimits('inconclusive'))).toEqual({
      verdict: 'invalid',
      reasons: ['Disturbed.', expect.stringMatching(/^e2e-p99/)],
    });
    expect(withLimits({ verdict: 'error', reasons: ['Ended.'] }, missed).verdict).toBe('error');
  });
});
