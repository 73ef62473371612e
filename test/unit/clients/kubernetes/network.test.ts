import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loopbackCertificate } from '../../../../lab/certs.ts';
import { fakeClock } from '../../lib/fake-clock.ts';
import { configMap, type Relay, startRelay, startTestApi, type TestApi } from './kube-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function relay(...treat: Parameters<typeof startRelay> extends [string, ...infer Rest] ? Rest : never) {
  const made: Relay = await startRelay(api.server, ...treat);
  closers.push(made.close);
  return made;
}

/** An API server that answers `faults` before it behaves. */
async function faulty(faults: [status: number, headers?: Record<string, string>][]) {
  const tls = await loopbackCertificate('test');
  let asked = 0;
  const answer: RequestListener = (_request, response) => {
    const [status, headers] = faults[asked++] ?? [200];
    const body = status === 200 ? { gitVersion: 'v1.33.4-gke.1' } : { kind: 'Status', message: 'overloaded' };
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
  const server = createServer({ key: tls.key, cert: tls.cert }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const clock = fakeClock();
  const told: string[] = [];
  const kube = api.client({
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caPem: tls.caPem,
    clock,
    onRetry: (message) => told.push(message),
  });
  return { kube, clock, told, asked: () => asked };
}

describe('connections', () => {
  it('are shared: 50 requests need no more than two', async () => {
    const { server, connections } = await relay();
    const kube = api.client({ server });
    for (let n = 0; n < 50; n += 1) await kube.list('v1', 'Node');
    expect(connections()).toBeLessThanOrEqual(2);
  });

  it('that are reset before an answer are made again', async () => {
    const { server, connections } = await relay((socket, count) => {
      if (count === 1) socket.once('data', () => socket.resetAndDestroy());
      return count > 1;
    });
    const told: string[] = [];
    const kube = api.client({ server, onRetry: (message) => told.push(message) });
    expect(await kube.version()).toMatch(/^v1/);
    expect((await kube.apply(configMap('reset'))).metadata.name).toBe('reset');
    expect(connections()).toBeGreaterThanOrEqual(2);
    expect(told).toEqual([expect.stringMatching(/; try 2 of 6$/)]);
  });

  it('are told when none can be made, with what to do', async () => {
    const dead = await relay();
    await dead.close();
    await expect(api.client({ server: dead.server }).version()).rejects.toMatchObject({
      code: 'kube-unreachable',
      message: expect.stringMatching(
        /^Kubernetes version: the Kubernetes API at https:\/\/127.* did not answer: .*ECONNREFUSED/,
      ),
      hint: expect.stringContaining('"dns-endpoint: true"'),
    });
  });

  it('are refused when the certificate is another’s', async () => {
    const { caPem } = await loopbackCertificate('somebody else');
    await expect(api.client({ caPem }).version()).rejects.toMatchObject({
      code: 'kube-unreachable',
      message: expect.stringMatching(/certificate/),
    });
  });

  it('do not outlive the client', async () => {
    const { server } = await relay();
    const kube = api.client({ server });
    await kube.version();
    await kube.close();
    await expect(kube.list('v1', 'Node')).rejects.toMatchObject({ code: 'kube-unreachable' });
  });
});

describe('a server that is busy', () => {
  it('is asked again after the time that it names', async () => {
    const { kube, clock, told } = await faulty([[429, { 'retry-after': '20' }]]);
    expect(await kube.version()).toBe('v1.33.4-gke.1');
    expect(clock.sleeps).toEqual([20_000]);
    expect(told).toEqual(['Kubernetes version: the Kubernetes API returned 429: overloaded; try 2 of 6']);
  });

  it.each([500, 502, 503, 504])('is asked again after a %d', async (status) => {
    const { kube, asked } = await faulty([[status], [status]]);
    expect(await kube.version()).toBe('v1.33.4-gke.1');
    expect(asked()).toBe(3);
  });

  it('is given up after six tries', async () => {
    const { kube, asked } = await faulty(Array.from({ length: 9 }, () => [503]));
    await expect(kube.version()).rejects.toMatchObject({
      code: 'kube-api',
      blame: 'cluster',
      message: 'Kubernetes version: the Kubernetes API returned 503: overloaded',
    });
    expect(asked()).toBe(6);
  });

  it.each([400, 403, 404, 409, 422])('is not asked again after a %d', async (status) => {
    const { kube, asked } = await faulty([[status]]);
    await expect(kube.version()).rejects.toThrow('overloaded');
    expect(asked()).toBe(1);
  });
});

describe('a server that hangs', () => {
  it('ends at the request’s own deadline', async () => {
    const { server } = await relay(() => false);
    const kube = api.client({ server, requestTimeoutMs: 30 });
    await expect(kube.version()).rejects.toMatchObject({
      code: 'kube-unreachable',
      message: expect.stringMatching(/timeout/i),
    });
  });

  it('ends at once when the run is aborted', async () => {
    const { server } = await relay(() => false);
    const controller = new AbortController();
    const kube = api.client({ server, signal: controller.signal });
    const asking = kube.version();
    setTimeout(() => controller.abort(new Error('cancelled')), 20);
    await expect(asking).rejects.toThrow('cancelled');
  });
});
