import { afterEach, describe, expect, it } from 'vitest';
import { createLoadClient } from '../../../src/load/client.ts';
import { runBlock, runFixed } from '../../../src/load/closed-loop.ts';
import { RUNBOOK_PROMPTS, requestBody } from '../../../src/load/prompts.ts';
import { rawResultLines } from '../../../src/load/raw-results.ts';
import { measureBlock, summarizeArm, summarizeClient } from '../../../src/load/summary.ts';
import { type Answer, answerAfter, answerOnceInFlight, startModelServer } from './model-server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function setUp(answer: Answer, connections = 8) {
  const server = await startModelServer(answer);
  const client = createLoadClient({
    baseUrl: server.url,
    path: '/v1/completions',
    connections,
    deadlineMs: 10_000,
    expect: { completionTokens: 10 },
  });
  open.push(server, client);
  let sent = 0;
  const nextBody = () => Buffer.from(`{"number":${sent++}}`);
  return { server, load: { client, nextBody, arm: 'one' as const, block: 3 } };
}

describe('a closed-loop block', () => {
  it('keeps its concurrency, never more, and records every request once', async () => {
    const { server, load } = await setUp(answerOnceInFlight(6, answerAfter(15)));
    const run = await runBlock({ ...load, concurrency: 6, durationMs: 400, rampMs: 30 });
    expect(run.ended).toBe('complete');
    expect(server.mostInFlight).toBe(6);
    expect(run.records).toHaveLength(server.requests);
    expect(run.records.every((record) => record.valid && record.arm === 'one' && record.block === 3)).toBe(true);
    expect(new Set(server.bodies).size).toBe(server.requests);
    expect(run.records.every((r) => r.intendedMs <= r.sentMs && r.sentMs < r.endMs)).toBe(true);
    expect(run.records.every((r) => r.intendedMs < run.stopMs)).toBe(true);
    expect(run.drainedMs).toBeGreaterThanOrEqual(run.stopMs);
  });

  it('agrees with Little’s law and with the server’s count', async () => {
    const { server, load } = await setUp(answerAfter(50));
    const block = measureBlock(await runBlock({ ...load, concurrency: 5, durationMs: 800 }), 100);
    const { figures, evidence } = summarizeArm([block]);
    expect(figures.littlesLaw).toBeGreaterThan(0.7);
    expect(figures.littlesLaw).toBeLessThan(1.02);
    expect(figures.requests).toBe(server.requests);
    expect(figures).toMatchObject({ errors: 0, successRate: 1, meanOutputTokens: 10 });
    expect(figures.outputTokensPerSecond).toBeCloseTo(10 * figures.requestsPerSecond, 6);
    expect(figures.latencyMs?.p50.value).toBeGreaterThanOrEqual(49);
    expect(evidence.completed).toBeLessThan(server.requests);
    const client = summarizeClient([block]);
    expect(client.eventLoopUtilization).toBeGreaterThan(0);
    expect(client.eventLoopUtilization).toBeLessThanOrEqual(1);
    expect(client.sendLagP99Ms).toBeGreaterThan(0);
  });

  it('does not count errors as throughput', async () => {
    const { load } = await setUp((response, index) => {
      if (index % 5 === 4) response.writeHead(503).end('no healthy upstream');
      else answerAfter(10)(response, index, response.req);
    });
    const { figures, evidence } = summarizeArm([
      measureBlock(await runBlock({ ...load, concurrency: 4, durationMs: 500 }), 50),
    ]);
    const valid = figures.requests - figures.errors;
    expect(figures.errors).toBeGreaterThan(0);
    expect(figures.requestsPerSecond * 0.45).toBeLessThanOrEqual(valid);
    expect(evidence).toMatchObject({
      errors: figures.errors,
      unreadable: 0,
      firstError: 'HTTP 503: no healthy upstream',
    });
  });

  it('finds answers that are none, and gives up on a server that gives nothing else', async () => {
    const { server, load } = await setUp((response) => void response.end('{"status":"ok"}'));
    const run = await runBlock({ ...load, concurrency: 8, durationMs: 60_000 });
    expect(run.ended).toBe('failing');
    expect(server.requests).toBeLessThan(60);
    const { figures, evidence } = summarizeArm([measureBlock(run, 1_000)]);
    expect(figures).toMatchObject({ requestsPerSecond: 0, successRate: 0, latencyMs: null, littlesLaw: null });
    expect(evidence.unreadable).toBe(server.requests);
  });

  it('gives up on a server that answers nothing any more, and holds it against the server', async () => {
    const { server, load } = await setUp((response, index) => {
      if (index < 8) answerAfter(5)(response, index, response.req);
    });
    const run = await runBlock({ ...load, concurrency: 4, durationMs: 60_000, silentMs: 200 });
    expect(run.ended).toBe('failing');
    expect(server.requests).toBe(12);
    expect(run.records.filter((record) => record.errorKind === 'timeout')).toHaveLength(4);
    expect(summarizeArm([measureBlock(run, 10)]).figures).toMatchObject({ requests: 12, errors: 4 });
  });

  it('cancels what is in flight at the end when told to, and does not hold it against the server', async () => {
    const { server, load } = await setUp((response, index) => {
      if (index < 8) answerAfter(5)(response, index, response.req);
    });
    const run = await runBlock({ ...load, concurrency: 4, durationMs: 600, atEnd: 'cancel' });
    expect(run.ended).toBe('complete');
    const cancelled = run.records.filter((record) => record.errorKind === 'cancelled');
    expect(cancelled).toHaveLength(4);
    expect(server.requests).toBe(12);
    expect(summarizeArm([measureBlock(run, 10)]).figures).toMatchObject({ requests: 8, errors: 0, successRate: 1 });
  });

  it('ends at once when the run is aborted, before or during the block', async () => {
    const controller = new AbortController();
    const { server, load } = await setUp(answerOnceInFlight(3, () => controller.abort()));
    const run = await runBlock({ ...load, concurrency: 3, durationMs: 60_000, signal: controller.signal });
    expect(run.ended).toBe('aborted');
    expect(run.records.map((record) => record.errorKind)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    const again = await runBlock({ ...load, concurrency: 3, durationMs: 60_000, signal: controller.signal });
    expect(again).toMatchObject({ ended: 'aborted', records: [] });
    expect(server.requests).toBe(3);
  });

  it('warns nobody about many listeners', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on('warning', listen);
    const { load } = await setUp(answerAfter(5), 40);
    await runBlock({ ...load, concurrency: 40, durationMs: 60, signal: new AbortController().signal });
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('warning', listen);
    expect(warnings).toEqual([]);
  });
});

describe('a fixed number of requests', () => {
  it('sends the runbook’s own requests', async () => {
    const { server, load } = await setUp(answerOnceInFlight(10, answerAfter(20)), 10);
    let number = 0;
    const nextBody = () =>
      requestBody(RUNBOOK_PROMPTS.parallel(++number), {
        api: 'completions',
        model: 'qwen',
        maxTokens: RUNBOOK_PROMPTS.maxTokens,
        fixedLength: false,
      });
    const run = await runFixed({ ...load, nextBody, requests: 100, concurrency: 10 });
    expect(run).toMatchObject({ completed: 100 });
    expect(run.seconds).toBeGreaterThan(0.19);
    expect(server.mostInFlight).toBe(10);
    expect(JSON.parse(server.bodies[99]!)).toEqual({
      model: 'qwen',
      prompt: 'Request 100: What is AI?',
      max_tokens: 10,
      temperature: 0,
      stream: false,
    });
  });

  it('ends at a server that fails each of them, or lets one wait for its deadline', async () => {
    const failing = await setUp((response) => void response.writeHead(500).end());
    expect(await runFixed({ ...failing.load, requests: 20, concurrency: 1 })).toMatchObject({ completed: 0 });
    expect(failing.server.requests).toBe(3);
    const silent = await setUp(() => {});
    const client = createLoadClient({
      ...{ baseUrl: silent.server.url, path: '/', connections: 1, deadlineMs: 50, expect: { completionTokens: null } },
    });
    open.push(client);
    expect(await runFixed({ ...silent.load, client, requests: 20, concurrency: 1 })).toMatchObject({ completed: 0 });
    expect(silent.server.requests).toBe(1);
  });

  it('leaves raw results that can be read back', async () => {
    const { load } = await setUp(answerAfter(3));
    const run = await runFixed({ ...load, requests: 4, concurrency: 2 });
    const lines = [...rawResultLines(run.records, run.records[0]!.intendedMs)];
    expect(lines).toHaveLength(4);
    expect(JSON.parse(lines[0]!)).toMatchObject({ arm: 'one', block: 3, intendedMs: 0, status: 200, valid: true });
  });
});
