import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { loopbackCertificate } from '../../../../lab/certs.ts';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import { createServingClient, readReplica, type ServingClient } from '../../../../src/clients/serving/client.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function listening(server: Server & { closeAllConnections(): void }): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function client(baseUrl: string, change: Partial<Parameters<typeof createServingClient>[0]> = {}): ServingClient {
  const made = createServingClient({ baseUrl, signal: new AbortController().signal, ...change });
  closers.push(made.close);
  return made;
}

/** Answers with what it was asked. */
const echo: RequestListener = async (request, response) => {
  const body = await text(request);
  const status = Number(/status=(\d+)/.exec(request.url ?? '')?.[1] ?? 200);
  response.writeHead(status, { 'x-served-by': 'pod-1' });
  response.end(
    JSON.stringify({ method: request.method, path: request.url, type: request.headers['content-type'], body }),
  );
};

describe('requests to the service', () => {
  it('go below its path, whatever its last letter', async () => {
    const host = await listening(createServer(echo));
    for (const base of [`http://${host}/ns/qwen`, `http://${host}/ns/qwen/`]) {
      const serving = client(base);
      expect(serving.baseUrl).toBe(`http://${host}/ns/qwen`);
      expect((await serving.get('/v1/models')).json).toMatchObject({ method: 'GET', path: '/ns/qwen/v1/models' });
    }
  });

  it('carry JSON', async () => {
    const host = await listening(createServer(echo));
    const answer = await client(`http://${host}`).post('/v1/completions', { prompt: 'a “b”' });
    expect(answer.json).toMatchObject({ method: 'POST', type: 'application/json', body: '{"prompt":"a “b”"}' });
    expect(answer.headers['x-served-by']).toBe('pod-1');
    expect(answer.latencyMs).toBeGreaterThan(0);
  });

  it('answer errors as they are', async () => {
    const host = await listening(createServer(echo));
    expect((await client(`http://${host}`).get('/health?status=503')).status).toBe(503);
  });

  it('answer null for what is not JSON', async () => {
    const host = await listening(createServer((_request, response) => response.end('<html>')));
    expect(await client(`http://${host}`).get('/')).toMatchObject({ status: 200, body: '<html>', json: null });
  });

  it('take a self-signed certificate, unless told not to', async () => {
    const { cert, key } = await loopbackCertificate('gateway');
    const host = await listening(createTlsServer({ cert, key }, echo));
    expect((await client(`https://${host}`).get('/health')).status).toBe(200);
    await expect(client(`https://${host}`, { verifyTls: true }).get('/health')).rejects.toThrow(/certificate/);
  });

  it('name the host of the route, to the gateway and to its TLS listener', async () => {
    const { cert, key } = await loopbackCertificate('gateway');
    const names: string[] = [];
    const secure = createTlsServer(
      {
        cert,
        key,
        SNICallback: (name, done) => {
          names.push(name);
          done(null);
        },
      },
      (request, response) => response.end(request.headers.host),
    );
    const host = await listening(secure);
    const hostname = 'llm.example.com';
    expect((await client(`https://${host}`, { hostname }).get('/')).body).toBe(hostname);
    expect(names).toEqual([hostname]);
    expect((await client(`https://${host}`, { hostname: null }).post('/', {})).body).toBe(host);
    expect(names).toEqual([hostname]);
  });

  it('end at their deadline, and with the run', async () => {
    const host = await listening(createServer(() => {}));
    await expect(client(`http://${host}`, { requestTimeoutMs: 20 }).get('/')).rejects.toThrow(/timeout/i);
    const late = { name: 'TimeoutError' };
    await expect(client(`http://${host}`).get('/', { limitMs: 20 })).rejects.toMatchObject(late);
    await expect(client(`http://${host}`).post('/', {}, { limitMs: 20 })).rejects.toMatchObject(late);
    const slow = await listening(createServer((_request, response) => response.write('{')));
    await expect(client(`http://${slow}`).get('/', { limitMs: 200 })).rejects.toMatchObject(late);
    const controller = new AbortController();
    const asking = client(`http://${host}`, { signal: controller.signal }).get('/');
    setTimeout(() => controller.abort(new Error('cancelled')), 20);
    await expect(asking).rejects.toThrow('cancelled');
  });
});

describe('the metrics of a pod', () => {
  const proxy = (answers: Record<string, { status: number; body: string } | Error>) => {
    const asked: string[] = [];
    const kube = {
      // As where the identity may not forward ports.
      portForward: async ({ pod }: { pod: string }) => {
        throw new Error(`port-forward to ${pod}: 403`);
      },
      podProxy: async (_namespace: string, pod: string, port: string, path: string) => {
        asked.push(`${pod} ${port}${path}`);
        const answer = answers[port];
        if (answer instanceof Error) throw answer;
        return answer ?? { status: 404, body: '' };
      },
    };
    return { kube: kube as unknown as KubeClient, asked };
  };
  const good = { status: 200, body: 'vllm:request_success_total 7\n' };

  it('are read by the scheme that is known to work', async () => {
    const { kube, asked } = proxy({ 'https:8000': good });
    expect((await readReplica(kube, 'ns', 'p', 8000, 'https')).requests).toBe(7);
    expect(asked).toEqual(['p https:8000/metrics']);
  });

  it('are read by the other scheme when need be', async () => {
    const { kube, asked } = proxy({ 'https:8000': { status: 502, body: 'tls: first record' }, 'http:8000': good });
    expect((await readReplica(kube, 'ns', 'p', 8000, 'https')).requests).toBe(7);
    expect(asked).toHaveLength(2);
  });

  it('are missed with both reasons', async () => {
    const { kube } = proxy({ 'https:8000': { status: 502, body: 'bad gateway' }, 'http:8000': new Error('reset') });
    await expect(readReplica(kube, 'ns', 'p', 8000, 'https')).rejects.toThrow(
      'could not read the metrics of pod p: https: port-forward to p: 403; https: HTTP 502: bad gateway; http: port-forward to p: 403; http: reset',
    );
  });

  it('are waited for at most a few seconds', async () => {
    const limits: number[] = [];
    const late = ({ limitMs }: { limitMs: number }) => {
      limits.push(limitMs);
      throw new DOMException('late', 'TimeoutError');
    };
    const kube = {
      portForward: async (_target: unknown, limit: { limitMs: number }) => late(limit),
      podProxy: async (...given: unknown[]) => late(given[4] as { limitMs: number }),
    } as unknown as KubeClient;
    await expect(readReplica(kube, 'ns', 'p', 8000, 'https')).rejects.toThrow('late');
    expect(limits).toHaveLength(4);
    for (const limit of limits) expect(limit).toBeLessThanOrEqual(5_000);
  });
});
