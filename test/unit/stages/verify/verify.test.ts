import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import type { Report } from '../../../../src/report/model.ts';
import type { ReadyStack } from '../../../../src/stages/ready/ready.ts';
import { verify } from '../../../../src/stages/verify/verify.ts';
import { aReport } from '../../report/fixtures.ts';
import { applied, prepared, stageContext, texts } from '../fakes.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const SERVICE = { ...applied('LLMInferenceService', 'qwen', null), spec: { model: { name: 'Qwen/Qwen2.5-3B' } } };

/** A gateway that refuses the first requests, then serves the model; `hosts` is what it was called. */
async function gateway(refusals: number, hostname: string | null = null) {
  const hosts = new Set<string | undefined>();
  let left = refusals;
  const listening = createServer(async (request, response) => {
    await text(request);
    hosts.add(request.headers.host);
    left -= 1;
    if (left >= 0) response.writeHead(503).end('no healthy upstream');
    else if (request.url === '/v1/models') response.end('{"data":[{"id":"qwen-served"}]}');
    else if (request.url === '/health') response.end();
    else response.end('{"choices":[{"text":"Paris","message":{"content":"Hello"}}],"usage":{"prompt_tokens":736}}');
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  const stack = {
    replicas: [],
    pickers: [],
    route: { endpoint: origin, origin, hostname, gateway: { namespace: 'gateways', name: 'inference' }, pool: null },
    scheme: 'http',
    port: 8000,
  };
  return { stack: stack as unknown as ReadyStack, hosts };
}

const ready = prepared({ manifests: [{ object: SERVICE, file: 'service.yaml', line: 1 }] });
const outcomes = (report: Report) => Object.fromEntries(report.checks.map(({ id, outcome }) => [id, outcome]));

describe('the gateway', () => {
  it('has time to learn of the pods before it is judged', async () => {
    const { stack } = await gateway(7);
    const { context, said, report } = stageContext({}, {}, aReport({ checks: [] }));
    expect(await verify(context, ready, stack)).toMatchObject({ modelId: 'qwen-served' });
    expect(texts(said)[0]).toBe('HTTP 503: no healthy upstream');
    expect(outcomes(report())).toMatchObject({
      health: 'pass',
      models: 'pass',
      completion: 'pass',
      chat: 'pass',
    });
  });

  it('is judged as it is when that time is over', async () => {
    const { stack } = await gateway(Number.POSITIVE_INFINITY);
    const { context, said, report } = stageContext({}, {}, aReport({ checks: [] }));
    await expect(verify(context, ready, stack)).rejects.toMatchObject({ code: 'no-model', blame: 'change' });
    expect(context.clock.now()).toBeGreaterThanOrEqual(60_000);
    expect(texts(said)).toContainEqual(
      expect.stringMatching(
        /^Waited .* for an answer through the gateway; last seen: HTTP 503: no healthy upstream\.$/,
      ),
    );
    expect(outcomes(report())).toEqual({ health: 'fail', models: 'fail' });
  });

  it('is called by the host of its route', async () => {
    const { stack, hosts } = await gateway(0, 'llm.example.com');
    await verify(stageContext({}).context, ready, stack);
    expect([...hosts]).toEqual(['llm.example.com']);
  });
});

describe('evidence', () => {
  it('that no counter gives is missing, and never a tick', async () => {
    const { stack } = await gateway(0);
    const { context, said, report } = stageContext({}, {}, aReport({ checks: [] }));
    await verify(context, ready, stack);
    expect(outcomes(report())).toMatchObject({
      replicas: 'fail',
      'picker-engaged': 'not-observable',
      'prefix-affinity': 'not-observable',
      'unique-spread': 'not-observable',
      'cache-hits': 'not-observable',
    });
    expect(texts(said)).toContain('the server calls its model qwen-served, the manifest Qwen/Qwen2.5-3B');
  });
});
