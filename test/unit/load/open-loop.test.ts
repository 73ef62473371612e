import { afterEach, describe, expect, it } from 'vitest';
import { createLoadClient, type LoadClientOptions } from '../../../src/load/client.ts';
import { endToEnd, isBuffered, timePerOutputToken, timeToFirstToken } from '../../../src/load/definitions.ts';
import { createHistogram } from '../../../src/load/histogram.ts';
import { arrivalTimes, runOpenLoop } from '../../../src/load/open-loop.ts';
import { requestBody } from '../../../src/load/prompts.ts';
import { percentile } from '../../../src/verdict/statistics.ts';
import { type ModelServer, startModelServer } from './model-server.ts';

let server: ModelServer | undefined;
afterEach(() => server?.close());

const BODY = requestBody('hello', { api: 'completions', model: 'm', maxTokens: 12, fixedLength: true, stream: true });

/** Twelve tokens, `gapMs` apart, after `firstMs`; `whole` holds all of it back until the end. */
function streaming(firstMs: number, gapMs: number, whole = false) {
  return startModelServer((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const parts = Array.from({ length: 12 }, (_, index) => `data: {"choices":[{"text":"w${index} "}]}\n\n`);
    // Beside the usage: the timers of a busy machine may send the last part after the end.
    const ending =
      'data: {"choices":[{"text":"","finish_reason":"length"}]}\n\n' +
      'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":12}}\n\ndata: [DONE]\n\n';
    if (whole) setTimeout(() => response.end(parts.join('') + ending), firstMs + 11 * gapMs);
    else {
      parts.forEach((part, index) => {
        setTimeout(() => response.write(part), firstMs + index * gapMs);
      });
      setTimeout(() => response.end(ending), firstMs + 12 * gapMs);
    }
  });
}

const client = (url: string, gaps: Pick<LoadClientOptions, 'onGap' | 'gapsOfStream'> = {}) =>
  createLoadClient({
    baseUrl: url,
    path: '/v1/completions',
    connections: 64,
    deadlineMs: 5_000,
    expect: { completionTokens: 12 },
    streaming: true,
    ...gaps,
  });

const LOAD = { arrivals: 'constant', ratePerSecond: 50, durationMs: 600, seed: 's', arm: 'all', block: 0 } as const;

describe('the times of arrival', () => {
  it('are evenly spaced, or exponential, and the same for the same seed', () => {
    expect(arrivalTimes({ ...LOAD, durationMs: 100 })).toEqual([0, 20, 40, 60, 80]);
    const poisson = arrivalTimes({ arrivals: 'poisson', ratePerSecond: 100, durationMs: 100_000, seed: 'a' });
    expect(poisson).toEqual(arrivalTimes({ arrivals: 'poisson', ratePerSecond: 100, durationMs: 100_000, seed: 'a' }));
    // 10,000 expected, standard deviation 100.
    expect(Math.abs(poisson.length - 10_000)).toBeLessThan(400);
    const gaps = poisson.map((at, index) => at - (poisson[index - 1] ?? 0));
    // Of an exponential law the median is ln 2 of the mean.
    expect(percentile(gaps, 0.5) / 10).toBeCloseTo(Math.LN2, 1);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuse a rate of %d', (ratePerSecond) => {
    expect(() => arrivalTimes({ ...LOAD, ratePerSecond })).toThrow(RangeError);
  });
});

describe('an open loop', () => {
  it('streams, and tells first token, gaps and end', async () => {
    server = await streaming(60, 5);
    const gaps: number[] = [];
    const ofStreams: number[][] = [];
    const load = client(server.url, {
      onGap: (ms) => gaps.push(ms),
      gapsOfStream: () => {
        const own: number[] = [];
        ofStreams.push(own);
        return (ms) => own.push(ms);
      },
    });
    const run = await runOpenLoop({ ...LOAD, client: load, nextBody: () => BODY });
    await load.close();
    expect(run.records).toHaveLength(30);
    expect(run.records.filter(({ valid }) => !valid)).toEqual([]);
    const ttft = run.records.map((record) => timeToFirstToken(record) as number);
    const tpot = run.records.map((record) => timePerOutputToken(record) as number);
    expect(percentile(ttft, 0.5)).toBeGreaterThan(55);
    expect(percentile(tpot, 0.5)).toBeGreaterThan(3);
    expect(gaps.length).toBeGreaterThan(200);
    expect(ofStreams).toHaveLength(30);
    expect(ofStreams.flat().toSorted((a, b) => a - b)).toEqual(gaps.toSorted((a, b) => a - b));
    expect(Math.max(...ofStreams.map((own) => own.length))).toBeLessThanOrEqual(12);
    for (const record of run.records) expect(timeToFirstToken(record) as number).toBeLessThan(endToEnd(record));
    // A machine that stalls for the length of an answer brings that one as a whole.
    expect(run.records.filter(isBuffered).length).toBeLessThan(15);
  });

  it('ends at a server that answers nothing, without waiting for the deadline of each request', async () => {
    server = await startModelServer(() => {});
    const load = client(server.url);
    const run = await runOpenLoop({ ...LOAD, durationMs: 60_000, client: load, nextBody: () => BODY, silentMs: 200 });
    await load.close();
    expect(run.silent).toBe(true);
    expect(run.drainedMs - run.startMs).toBeLessThan(3_000);
    expect(new Set(run.records.map(({ errorKind }) => errorKind))).toEqual(new Set(['timeout']));
  });

  it('does not wait for a slow server, and counts the wait from the moment that was meant', async () => {
    server = await streaming(400, 1);
    const load = client(server.url);
    const run = await runOpenLoop({ ...LOAD, client: load, nextBody: () => BODY });
    await load.close();
    // 400 ms at 50 a second: twenty are in flight before the first is answered.
    expect(run.mostInFlight).toBeGreaterThanOrEqual(15);
    for (const { intendedMs, sentMs } of run.records) expect(sentMs).toBeGreaterThanOrEqual(intendedMs - 1);
  });

  it('knows a stream that came as one piece', async () => {
    server = await streaming(60, 10, true);
    const load = client(server.url);
    const run = await runOpenLoop({ ...LOAD, durationMs: 200, client: load, nextBody: () => BODY });
    await load.close();
    expect(run.records.every(isBuffered)).toBe(true);
  });
});

describe('a latency histogram', () => {
  it('keeps three digits and refuses what it cannot hold', () => {
    const histogram = createHistogram();
    expect(histogram.at(0.5)).toBeNull();
    for (let ms = 1; ms <= 1_000; ms += 1) histogram.add(ms);
    expect(histogram.count()).toBe(1_000);
    expect((histogram.at(0.99) as number) / 990).toBeCloseTo(1, 2);
    expect(histogram.encoded()).toMatch(/^[A-Za-z0-9+/=]{20,}$/);
    expect(() => histogram.add(700_000)).toThrow(RangeError);
    expect(() => histogram.add(Number.NaN)).toThrow(RangeError);
  });
});
