import { createServer as createHttp, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loopbackCertificate } from '../../../../lab/certs.ts';
import { startTestApi, type TestApi } from './kube-api.ts';

const PODS = { group: '', plural: 'pods' };
const answer: RequestListener = (request, response) => {
  const size = Number(/size=(\d+)/.exec(request.url ?? '')?.[1] ?? 0);
  response.writeHead(request.url === '/absent' ? 404 : 200).end(`${request.url} ${'x'.repeat(size)}`);
};

let api: TestApi;
const servers: Server[] = [];
const servedBy = new WeakMap<Socket, number>();
const ports = new Map<number, number>();
beforeAll(async () => {
  const tls = await loopbackCertificate('pod');
  for (const [podPort, server] of [
    [8000, createHttps({ key: tls.key, cert: tls.cert }, answer)],
    [8080, createHttp(answer)],
    // Takes the connection and says nothing.
    [8081, createHttp(() => {})],
    // Ends each connection at its second request.
    [
      8082,
      createHttp((request, response) => {
        const served = servedBy.get(request.socket) ?? 0;
        servedBy.set(request.socket, served + 1);
        if (served > 0) request.socket.destroy();
        else response.end('served');
      }),
    ],
    [8083, createHttp(({ socket }) => socket.destroy())],
  ] as const) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    ports.set(podPort, (server.address() as AddressInfo).port);
  }
  api = await startTestApi({
    podProxy: (_namespace, _pod, port) => {
      const found = ports.get(port);
      return found ? { host: '127.0.0.1', port: found } : null;
    },
  });
  for (const [name, nodeName] of [
    ['vllm', 'node-1'],
    ['pending', undefined],
  ]) {
    api.store.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: name as string, namespace: 'ns' },
      spec: { ...(nodeName ? { nodeName } : {}), containers: [{ name: 'main', image: 'x' }] },
      status: { podIP: '10.8.0.4' },
    });
  }
});
afterAll(async () => {
  await api?.close();
  for (const server of servers) server.close();
});

const target = { namespace: 'ns', pod: 'vllm', scheme: 'https', port: 8000, path: '/metrics' } as const;

describe('port-forward', () => {
  it('brings the answer of a pod over TLS, and of one without', async () => {
    const client = api.client();
    expect(await client.portForward(target)).toEqual({ status: 200, body: '/metrics ' });
    expect(await client.portForward({ ...target, scheme: 'http', port: 8080 })).toMatchObject({ status: 200 });
    expect(await client.portForward({ ...target, path: '/absent' })).toMatchObject({ status: 404 });
  });

  it('brings an answer of many frames whole', async () => {
    const { body } = await api.client().portForward({ ...target, path: '/metrics?size=3000000' });
    expect(body).toHaveLength('/metrics?size=3000000 '.length + 3_000_000);
  });

  it('brings ten answers side by side', async () => {
    const client = api.client();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => client.portForward({ ...target, path: `/${n}` })),
    );
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 10 }, (_, n) => `/${n} `));
  });

  it('keeps a connection for the next request, and opens another as the identity of the moment', async () => {
    let asked = 0;
    const client = api.client({
      accessToken: async () => {
        asked += 1;
        return api.token();
      },
    });
    await client.portForward(target);
    await client.portForward(target);
    expect(asked).toBe(1);
    for (const server of servers) if ('closeAllConnections' in server) (server as HttpServer).closeAllConnections();
    await client.portForward(target);
    expect(asked).toBe(2);
    await client.close();
  });

  it('asks again where the pod ends a kept connection at the next request', async () => {
    const client = api.client();
    const twice = { ...target, scheme: 'http', port: 8082 } as const;
    expect(await client.portForward(twice)).toMatchObject({ status: 200 });
    expect(await client.portForward(twice)).toMatchObject({ status: 200 });
    await client.close();
  });

  it('says that a pod ends every connection without an answer', async () => {
    await expect(api.client().portForward({ ...target, scheme: 'http', port: 8083 })).rejects.toThrow(
      'port-forward to vllm: the connection ended before the answer',
    );
  });

  it('says that nothing listens, as the kubelet does', async () => {
    await expect(api.client().portForward({ ...target, port: 9999 })).rejects.toThrow(
      'port-forward to vllm: error forwarding port 9999 to pod vllm: failed to connect to localhost:9999 inside namespace: connection refused',
    );
  });

  it('says what the API server answered in place of an upgrade', async () => {
    await expect(api.client().portForward({ ...target, pod: 'gone' })).rejects.toThrow(/port-forward to gone: .*404/);
    await expect(api.client().portForward({ ...target, pod: 'pending' })).rejects.toThrow(/400/);
    const unknown = api.client({ accessToken: async () => 'unknown' });
    await expect(unknown.portForward(target)).rejects.toThrow(/401/);
  });

  it('fails on a scheme that the pod does not speak', async () => {
    await expect(api.client().portForward({ ...target, scheme: 'http' })).rejects.toThrow();
    await expect(api.client().portForward({ ...target, port: 8080 })).rejects.toThrow();
  });

  it('ends at its deadline, and with the run', async () => {
    const hanging = { ...target, scheme: 'http', port: 8081 } as const;
    await expect(api.client({ requestTimeoutMs: 100 }).portForward(hanging)).rejects.toThrow(/timeout/i);
    const controller = new AbortController();
    const asking = api.client({ signal: controller.signal }).portForward(hanging);
    setTimeout(() => controller.abort(new Error('cancelled')), 50);
    await expect(asking).rejects.toThrow('cancelled');
  });
});

describe('port-forward without the right', () => {
  it('is refused, and said', async () => {
    const denying = await startTestApi({ denied: [{ verb: 'get', group: '', resource: 'pods/portforward' }] });
    await expect(denying.client().portForward(target)).rejects.toThrow(/403/);
    await denying.close();
  });
});
