import { afterEach, describe, expect, it } from 'vitest';
import { searchGoodput, sloMeter } from '../../src/load/goodput.ts';
import type { ArmFigures } from '../../src/report/model.ts';
import { measureGoodput, ratioOf } from '../../src/stages/goodput.ts';
import { answerAfter, completion, type ModelServer, startModelServer } from '../load/model-server.ts';
import { stageContext } from './fakes.ts';

describe('the search for goodput', () => {
  const rates = [5, 6, 7, 8, 9, 10, 11];
  const upTo = (edge: number) => async (ratePerSecond: number) => ({
    ratePerSecond,
    requests: 100,
    withinShare: ratePerSecond <= edge ? 0.95 : 0.94,
  });

  it.each([...rates, 4])('finds the edge at %d with three probes', async (edge) => {
    const { metPerSecond, missedPerSecond, probes } = await searchGoodput(rates, upTo(edge));
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
    expect(meter.read()).toEqual({ requests: 4, withinShare: (4 - 3) / 40 });
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

describe('goodput of a server', () => {
  let server: ModelServer | undefined;
  afterEach(() => server?.close());

  async function measured(goodputSlo: string, latencyDuration = '400ms') {
    server = await startModelServer(answerAfter(40, completion(16)));
    const { context } = stageContext({}, { 'goodput-slo': goodputSlo, 'latency-duration': latencyDuration });
    const stack = { route: { hostname: null } };
    const rate = (requestsPerSecond: number) => ({ requestsPerSecond, latencyMs: null }) as ArmFigures;
    const arms = { one: rate(100), all: rate(300) };
    const found = await measureGoodput(
      { context, stack, model: { modelId: 'm' } } as never,
      { one: server.url, all: server.url },
      arms,
    );
    return { ...found, requests: server.requests };
  }

  it('is the highest rate that was tried when all keep the limit, and says so', async () => {
    const { goodput, requests } = await measured('20s');
    expect(goodput).toMatchObject({
      sloMs: 20_000,
      sloSource: 'given',
      arms: { one: { metPerSecond: expect.closeTo(110), missedPerSecond: null }, all: { missedPerSecond: null } },
      ratio: { value: expect.closeTo(3), low: null, high: null },
    });
    const counted = [...goodput!.arms.one.probes, ...goodput!.arms.all.probes];
    expect(counted.reduce((sum, { requests: each }) => sum + each, 0)).toBe(requests);
    expect(counted.every(({ withinShare }) => withinShare === 1)).toBe(true);
  });

  it('is less than the lowest when none does, and stops each rate once it is lost', async () => {
    const { goodput } = await measured('20ms');
    expect(goodput).toMatchObject({
      arms: { one: { metPerSecond: null, missedPerSecond: 50 }, all: { metPerSecond: null } },
      ratio: null,
    });
    for (const { requests, ratePerSecond } of goodput!.arms.all.probes) {
      // A limit of 5 % late is passed long before the 400 ms are over.
      expect(requests).toBeLessThan(0.4 * ratePerSecond);
    }
  });

  it.each([
    ['off', '400ms'],
    ['20s', '0s'],
    // Without a latency of the one-replica arm there is nothing to take it from.
    ['auto', '400ms'],
  ])('is not measured with %s and %s', async (slo, latency) => {
    expect(await measured(slo, latency)).toMatchObject({ goodput: null, findings: [], requests: 0 });
  });
});
