import { afterEach, describe, expect, it } from 'vitest';
import { searchGoodput, sloMeter } from '../../../../src/load/goodput.ts';
import { createHistogram } from '../../../../src/load/histogram.ts';
import { arrivalTimes } from '../../../../src/load/open-loop.ts';
import type { OpenLoad, OpenResult } from '../../../../src/load/open-source.ts';
import type { ArmFigures } from '../../../../src/report/model.ts';
import { judged, measureGoodput, ratioOf, searchArm } from '../../../../src/stages/benchmark/goodput.ts';
import { runnerLoader } from '../../../../src/stages/benchmark/loaders.ts';
import { answerAfter, completion, type ModelServer, startModelServer } from '../../load/model-server.ts';
import { aBenchmark } from '../../report/fixtures.ts';
import { stageContext, texts } from '../fakes.ts';

describe('the search for goodput', () => {
  const rates = [5, 6, 7, 8, 9, 10, 11];
  const upTo =
    (edge: number) =>
    async ({ ratePerSecond }: { ratePerSecond: number }) => ({
      ratePerSecond,
      requests: 100,
      withinShare: ratePerSecond <= edge ? 0.95 : 0.94,
    });

  it.each([...rates, 4])('finds the edge at %d with three probes', async (edge) => {
    const { metPerSecond, missedPerSecond, probes } = await searchGoodput(
      rates.map((ratePerSecond) => ({ ratePerSecond })),
      upTo(edge),
    );
    expect([metPerSecond, missedPerSecond]).toEqual([
      rates.findLast((rate) => rate <= edge) ?? null,
      rates.find((rate) => rate > edge) ?? null,
    ]);
    expect(probes).toHaveLength(3);
  });
});

describe('the meter of a limit', () => {
  const answer = (ms: number, valid = true) => ({ valid, intendedMs: 1_000, endMs: 1_000 + ms });

  it('says that a rate is lost with the request that makes it so, counting from the intended start', () => {
    const meter = sloMeter(40, 100);
    const outcomes = [answer(100), answer(101), answer(5, false), answer(300)].map((each) => meter.take(each));
    expect(outcomes).toEqual([false, false, false, true]);
    expect(meter.read()).toEqual({ requests: 4, late: 3, withinShare: (4 - 3) / 40 });
  });
});

describe('the ratio of goodputs', () => {
  const arm = (metPerSecond: number | null, missedPerSecond: number | null) => ({
    metPerSecond,
    missedPerSecond,
    probes: [],
  });

  it('lies between the ratios of the neighbouring rates, open where there is none', () => {
    expect(ratioOf({ one: arm(6, 7), all: arm(18, 20) })).toEqual({ value: 3, low: 18 / 7, high: 20 / 6 });
    expect(ratioOf({ one: arm(6, null), all: arm(18, null) })).toEqual({ value: 3, low: null, high: null });
    expect(ratioOf({ one: arm(null, 5), all: arm(18, 20) })).toBeNull();
  });
});

/** An open loop on a service that answers so many requests a second, one after another, each after so long. */
function queued(load: OpenLoad, { perSecond, ms }: { perSecond: number; ms: number }): OpenResult {
  const times = arrivalTimes({ ...load, arrivals: 'poisson' });
  const meter = sloMeter(times.length, load.within?.limitMs ?? 0);
  let [freeMs, isLost] = [0, false];
  for (const intendedMs of times) {
    freeMs = Math.max(freeMs, intendedMs) + 1_000 / perSecond;
    isLost = meter.take({ valid: true, intendedMs, endMs: freeMs + ms });
    if (isLost) break;
  }
  const self = { eventLoopUtilization: 0, stalledMs: 0, cpuMs: 0 };
  return {
    ...{ startMs: 0, stopMs: load.durationMs, drainedMs: freeMs + ms, planned: times.length, ...meter.read() },
    ...{ errors: 0, cancelled: 0, buffered: 0, mostInFlight: 0, silent: false, isLost, e2eMs: [ms], ttftMs: [] },
    ...{ tpotMs: [], gaps: createHistogram(), streams: [], lagsMs: [], self },
  };
}

describe('goodput of a server', () => {
  let server: ModelServer | undefined;
  afterEach(() => server?.close());

  const bench = (change: Record<string, string>) => {
    const { context, said } = stageContext({}, change);
    return {
      said,
      bench: {
        ...{ context, stack: { route: { hostname: null, endpoint: server?.url } }, model: { modelId: 'm' } },
        loader: runnerLoader(context, async () => 1_000),
      } as never,
    };
  };

  async function searched(sloMs: number) {
    server = await startModelServer(answerAfter(40, completion(16)));
    const { bench: given, said } = bench({ 'latency-duration': '400ms' });
    const { found } = await searchArm(given, { arm: 'all', way: 'run-0', throughput: 300, sloMs });
    return { found, said: texts(said), requests: server.requests };
  }

  it('is the highest rate that was tried when all keep the limit, and says each', async () => {
    const { found, said, requests } = await searched(20_000);
    expect(found).toMatchObject({ metPerSecond: 300, missedPerSecond: null });
    expect(found.probes.map(({ withinShare }) => withinShare)).toEqual(found.probes.map(() => 1));
    expect(found.probes.reduce((sum, each) => sum + each.requests, 0)).toBe(requests);
    expect(said.at(-1)).toBe('goodput of all replicas: 300.0 req/s kept 20000 ms');
  });

  it('is less than the lowest when none does, and leaves each rate once it is lost', async () => {
    const { found, said } = await searched(20);
    expect(found).toMatchObject({ metPerSecond: null, missedPerSecond: 150 });
    // 5 % late are enough, and only what was in flight then comes on top.
    for (const { requests, ratePerSecond } of found.probes) expect(requests).toBeLessThan(0.4 * ratePerSecond);
    expect(said.at(-1)).toBe('goodput of all replicas: 150.0 req/s missed 20 ms');
  });

  it.each([
    // A queue of 1.1 times what is served takes ten seconds to be one second long.
    { sloMs: 1_000, latency: '20s', kept: 100, missed: 110, longestSeconds: 20 },
    { sloMs: 2_000, latency: '20s', kept: 100, missed: 110, longestSeconds: 40 },
    { sloMs: 5_000, latency: '20s', kept: 100, missed: null, longestSeconds: 10 },
    { sloMs: 5_000, latency: '50s', kept: 100, missed: 110, longestSeconds: 100 },
    { sloMs: 30_000, latency: '20s', kept: 100, missed: null, longestSeconds: 10 },
  ])('is not what overload can keep for a while: $sloMs ms in $latency', async ({ sloMs, latency, ...want }) => {
    const { context, said } = stageContext({}, { 'latency-duration': latency });
    const lengths: number[] = [];
    const open = async (load: OpenLoad) => {
      lengths.push(load.durationMs);
      return queued(load, { perSecond: 102, ms: 10 });
    };
    const given = { context, stack: { route: {} }, model: { modelId: 'm' }, loader: { open } } as never;
    const { found } = await searchArm(given, { arm: 'all', way: 'run-0', throughput: 100, sloMs });
    expect(found).toMatchObject({
      metPerSecond: want.kept,
      missedPerSecond: want.missed && expect.closeTo(want.missed),
    });
    expect(Math.max(...lengths) / 1_000).toBeCloseTo(want.longestSeconds, 6);
    expect(texts(said).some((text) => text.includes('no rate above the throughput is tried'))).toBe(
      want.missed === null,
    );
  });

  it.each([
    ['off', '400ms'],
    ['20s', '0s'],
    // Without a latency of the one-replica arm there is nothing to take it from.
    ['auto', '400ms'],
  ])('is not measured with %s and %s', async (slo, latency) => {
    const rate = (requestsPerSecond: number) => ({ requestsPerSecond, latencyMs: null }) as ArmFigures;
    const { bench: given } = bench({ 'goodput-slo': slo, 'latency-duration': latency });
    const nowhere = { one: 'http://127.0.0.1:1', all: 'http://127.0.0.1:1' };
    const found = await measureGoodput(given, nowhere, { one: rate(100), all: rate(300) });
    expect(found).toEqual({ goodput: null, findings: [] });
  });

  it('is left out, which is said, when the client was kept from running', () => {
    const { goodput } = aBenchmark(2.68, 0.07);
    expect(judged(goodput!, 0.04)).toEqual({ goodput, findings: [] });
    expect(judged(goodput!, 0.06)).toMatchObject({
      goodput: null,
      findings: [{ id: 'goodput-starved', message: expect.stringContaining('6%') }],
    });
  });
});
