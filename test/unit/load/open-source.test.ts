import { afterEach, describe, expect, it } from 'vitest';
import { createHistogram } from '../../../src/load/histogram.ts';
import { arrivalTimes } from '../../../src/load/open-loop.ts';
import { type OpenLoad, type OpenResult, runOpenSource } from '../../../src/load/open-source.ts';
import { createRandom } from '../../../src/load/prompts.ts';
import { decodeMessage } from '../../../src/load/shard/decode.ts';
import { mergeOpenReports, mostLateTogether, openPart, openReportOf } from '../../../src/load/shard/open-report.ts';
import { percentile } from '../../../src/verdict/statistics.ts';
import { answerAfter, completion, type ModelServer, startModelServer } from './model-server.ts';

const LOAD: OpenLoad = {
  ...{ arm: 'all', block: -200, ratePerSecond: 100, durationMs: 60_000, seed: 'arrivals', part: 'latency' },
  ...{ streaming: true, silentMs: 30_000, limits: [], within: null },
};

const random = createRandom('open');
const COUNT = 12_000;
/** Latencies of one stream of requests, from a few milliseconds to some seconds. */
const LATENCIES = Array.from({ length: COUNT }, () => 5 * Math.exp(6 * random() ** 2) + random());

function resultOf(latencies: readonly number[], change: Partial<OpenResult> = {}): OpenResult {
  const gaps = createHistogram();
  for (const ms of latencies) gaps.add(ms / 10);
  return {
    ...{
      startMs: 500,
      stopMs: 60_500,
      drainedMs: 61_000,
      planned: latencies.length + 3,
      requests: latencies.length + 2,
    },
    ...{ errors: 2, cancelled: 1, late: 3, buffered: 1, mostInFlight: 4, silent: false, isLost: false },
    ...{ e2eMs: latencies, ttftMs: latencies.map((ms) => ms / 1.5), tpotMs: latencies.map((ms) => ms / 2) },
    ...{
      gaps,
      streams: latencies.map((_, index) => ({ gaps: 15, over: [index % 2] })),
      lagsMs: latencies.map(() => 0.2),
    },
    self: { eventLoopUtilization: 0.1 * latencies.length, stalledMs: 3, cpuMs: 100 },
    ...change,
  };
}

/** The reports of load clients as the gate reads them. */
function sent(results: readonly OpenResult[]) {
  return results.map((result) => {
    const message = decodeMessage(JSON.stringify({ seq: 4, kind: 'open', report: openReportOf(result) }));
    if (message?.kind !== 'open') throw new Error(JSON.stringify(message));
    return message.report;
  });
}

describe('an open loop that several load clients have sent', () => {
  it.each([1, 2, 4, 7])('has the percentiles of one within 0.1 %%, with %i of them', (shards) => {
    const parts = Array.from({ length: shards }, (_, shard) =>
      resultOf(LATENCIES.filter((_ms, index) => index % shards === shard)),
    );
    const whole = resultOf(LATENCIES);
    const merged = mergeOpenReports(sent(parts), 7_000);
    for (const name of ['e2eMs', 'ttftMs', 'tpotMs'] as const) {
      expect(merged[name]).toHaveLength(COUNT);
      for (const share of [0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999]) {
        const exact = percentile(whole[name], share);
        expect(Math.abs(percentile(merged[name], share) / exact - 1)).toBeLessThan(0.001);
      }
    }
    for (const share of [0.5, 0.95]) expect(merged.gaps.at(share)! / whole.gaps.at(share)! - 1).toBeCloseTo(0, 3);
    const over = (result: OpenResult) => result.streams.filter((stream) => stream.over[0] === 1).length;
    expect(over(merged)).toBe(parts.reduce((sum, part) => sum + over(part), 0));
  });

  it('has the sums of all, the worst own figures, and times from the common start', () => {
    const merged = mergeOpenReports(
      sent([resultOf([1, 2]), resultOf([3], { stopMs: 60_400, drainedMs: 62_000 })]),
      7_000,
    );
    expect(merged).toMatchObject({
      ...{ startMs: 7_000, stopMs: 67_000, drainedMs: 68_500, planned: 9, requests: 7, errors: 4, cancelled: 2 },
      ...{ late: 6, buffered: 2, mostInFlight: 8, silent: false, isLost: false },
      self: { eventLoopUtilization: 0.2, stalledMs: 3, cpuMs: 200 },
    });
  });

  it('is silent where it was to all that sent something, and lost where it was to one', () => {
    const none = resultOf([], { requests: 0, planned: 0 });
    const silent = resultOf([1], { silent: true });
    expect(mergeOpenReports(sent([silent, silent, none]), 0).silent).toBe(true);
    expect(mergeOpenReports(sent([silent, resultOf([1])]), 0).silent).toBe(false);
    expect(mergeOpenReports(sent([none]), 0).silent).toBe(false);
    expect(mergeOpenReports(sent([resultOf([1]), resultOf([1], { isLost: true })]), 0).isLost).toBe(true);
  });

  it('has arrivals of its own in each part, at the rate of all together', () => {
    const parts = [0, 1, 2].map((shard) => openPart(LOAD, shard, 3));
    const times = parts.map((part) => arrivalTimes({ ...part, arrivals: 'poisson' }));
    const all = times.flat();
    // 6,000 are planned; a Poisson count strays by 77.
    expect(Math.abs(all.length - 6_000)).toBeLessThan(350);
    expect(new Set(all).size).toBe(all.length);
    expect(new Set(parts.map(({ part }) => part)).size).toBe(3);
    expect(mostLateTogether(LOAD, 3)).toBe(Math.floor(0.05 * all.length + 1e-9));
  });
});

describe('an open loop of this process', () => {
  let server: ModelServer | undefined;
  afterEach(() => server?.close());

  const run = (change: Partial<OpenLoad>, ways: string[] = []) =>
    runOpenSource(
      { ...LOAD, streaming: false, ratePerSecond: 50, durationMs: 1_000, ...change },
      {
        target: {
          ...{ endpoint: `${server?.url}/ns/m`, hostname: 'model.example', path: '/v1/completions', deadlineMs: 5_000 },
          ...{ wayHeader: 'x-way', ways },
        },
        workload: { runKey: 'run', model: 'm', prompts: null, promptTokens: 64, maxTokens: 10 },
      },
      new AbortController().signal,
    );

  it('goes by the route of the service, or by the way that it is given', async () => {
    const seen = new Set<string>();
    server = await startModelServer((response, _index, { headers, url }) => {
      seen.add(`${headers.host} ${headers['x-way'] ?? 'no way'} ${url}`);
      response.end(completion());
    });
    await run({});
    await run({}, ['run-0']);
    expect([...seen]).toEqual([
      'model.example no way /ns/m/v1/completions',
      'model.example run-0 /ns/m/v1/completions',
    ]);
  });

  it('ends once too many requests are late, and counts no more of them', async () => {
    server = await startModelServer(answerAfter(30));
    const { isLost, requests, late, planned } = await run({ durationMs: 20_000, within: { limitMs: 5, mostLate: 4 } });
    expect([isLost, late]).toEqual([true, 5]);
    expect(requests).toBeLessThan(planned);
  });
});
