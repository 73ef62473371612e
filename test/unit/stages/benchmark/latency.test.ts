import { afterEach, describe, expect, it } from 'vitest';
import { measureLatency } from '../../../../src/stages/benchmark/latency.ts';
import { runnerLoader } from '../../../../src/stages/benchmark/loaders.ts';
import type { StageContext } from '../../../../src/stages/context.ts';
import type { ReadyStack } from '../../../../src/stages/ready/ready.ts';
import { judgeLimits } from '../../../../src/verdict/slo.ts';
import { type ModelServer, startModelServer } from '../../load/model-server.ts';
import { aBenchmark } from '../../report/fixtures.ts';
import { someInputs } from '../fakes.ts';

let server: ModelServer | undefined;
afterEach(() => server?.close());

/** Four tokens, the second after `pauseMs`; each tenth request is refused. */
function streaming(pauseMs: number) {
  return startModelServer((response, index) => {
    if (index % 10 === 9) return void response.writeHead(503).end('busy');
    const token = (text: string, end: string | null = null) =>
      `data: ${JSON.stringify({ choices: [{ text, finish_reason: end }] })}\n\n`;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(token('a'));
    setTimeout(() => {
      response.end(
        `${token('b')}${token('c')}${token('d', 'length')}data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":4}}\n\ndata: [DONE]\n\n`,
      );
    }, pauseMs);
  });
}

const SLO = 'ttft-p50<5s, ttft-p95<5s, tpot-p50<1ms, itl-p50<5s';

async function measured(inputs: Record<string, string>) {
  server = await streaming(60);
  const context = {
    inputs: someInputs({ ...inputs, 'max-tokens': '4' }),
    runKey: 'run',
    signal: AbortSignal.timeout(20_000),
    emit: () => {},
  } as unknown as StageContext;
  const stack = { route: { endpoint: server.url, hostname: null } } as ReadyStack;
  const loader = runnerLoader(context, async () => 1_000);
  try {
    return await measureLatency({ context, stack, model: { modelId: 'm' }, loader }, 200);
  } finally {
    await loader.close();
  }
}

describe('the latency step with limits', () => {
  it('counts each request and each gap of a stream against its limit', async () => {
    const found = await measured({ 'latency-duration': '1500ms', slo: SLO });
    const { figures, samples } = found!;
    expect(figures.errors).toBeGreaterThan(5);
    expect(samples.ttftMs).toHaveLength(figures.requests);
    expect(samples.tpotMs.filter((ms) => ms === Number.POSITIVE_INFINITY)).toHaveLength(figures.errors);
    const [gaps] = samples.itl;
    expect(gaps?.streams).toHaveLength(figures.requests);
    expect(gaps?.streams.reduce((sum, stream) => sum + stream.gaps, 0)).toBe(3 * figures.requests);

    const evidence = {
      benchmark: aBenchmark(2.68, 0.026),
      routing: null,
      samples: { ...samples, stalledShare: 0 },
      usdPerHour: null,
    };
    const { limits } = judgeLimits(someInputs({ slo: SLO }).slo, evidence)!;
    // A tenth of the requests fails: a median bears that, and a p95 does not.
    expect(limits.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['ttft-p50', 'met'],
      ['ttft-p95', expect.stringMatching(/^(missed|inconclusive)$/)],
      ['tpot-p50', 'missed'],
      ['itl-p50', 'met'],
    ]);
    expect(limits.map(({ load }) => load)).toEqual(Array(4).fill('100.0\u00a0req/s in an open loop'));
  });

  it('is left out where it has no time', async () => {
    expect(await measured({ 'latency-duration': '0s' })).toBeNull();
  });
});
