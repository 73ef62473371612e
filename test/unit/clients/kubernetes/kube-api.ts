import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { loopbackCertificate } from '../../../../lab/certs.ts';
import type { KubeApiOptions } from '../../../../lab/kube/server.ts';
import { startKubeApi } from '../../../../lab/kube/server.ts';
import { createStore, type Store } from '../../../../lab/kube/store.ts';
import type { KubeObject, KubeRecord } from '../../../../lab/protocol.ts';
import { issueToken } from '../../../../lab/tokens.ts';
import { createKubeClient, type KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { KubeClientOptions } from '../../../../src/clients/kubernetes/transport.ts';
import { fakeClock } from '../../lib/fake-clock.ts';

const SECRET = 'secret';

export interface TestApi {
  store: Store;
  server: string;
  caPem: string;
  requests: KubeRecord['requests'];
  token(expiresInMs?: number): string;
  client(options?: Partial<KubeClientOptions>): KubeClient;
  close(): Promise<void>;
}

/** The lab's Kubernetes API with a namespace `ns`, and clients of it; time in back-offs passes at once. */
export async function startTestApi(
  options: Partial<Pick<KubeApiOptions, 'denied' | 'logs' | 'podProxy'>> = {},
): Promise<TestApi> {
  const tls = await loopbackCertificate('test');
  const store = createStore();
  const requests: KubeRecord['requests'] = [];
  store.create({ group: '', plural: 'namespaces' }, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } });
  const api = await startKubeApi({
    tls,
    caPem: tls.caPem,
    tokenSecret: SECRET,
    store,
    logs: () => null,
    podProxy: () => null,
    onRequest: (request) => requests.push(request),
    ...options,
  });
  const clients: KubeClient[] = [];
  const token = (expiresInMs = 3_600_000) =>
    issueToken(SECRET, { subject: 'gate@example.com', expiresAt: Date.now() + expiresInMs });
  const server = `https://${api.endpoint}`;
  return {
    store,
    server,
    caPem: tls.caPem,
    requests,
    token,
    client(change = {}) {
      const client = createKubeClient({
        server,
        caPem: tls.caPem,
        accessToken: async () => token(),
        fieldManager: 'tpu-serving-gate',
        userAgent: 'tpu-serving-gate/test',
        clock: fakeClock(),
        signal: new AbortController().signal,
        stage: 'deploy',
        ...change,
      });
      clients.push(client);
      return client;
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      await api.close();
    },
  };
}

export function configMap(name: string, data: Record<string, string> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'ns' }, data };
}

export interface Relay {
  server: string;
  /** Connections so far. */
  connections(): number;
  close(): Promise<void>;
}

/** A TCP relay in front of the API: counts connections, and may treat each in its own way before it is relayed. */
export async function startRelay(target: string, treat: (socket: Socket, count: number) => boolean = () => true) {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let count = 0;
  const server: Server = createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    if (!treat(socket, count)) return;
    const upstream = connect(Number(port), hostname);
    sockets.add(upstream);
    upstream.on('error', () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const relay: Relay = {
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => count,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return relay;
}
