import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { errorText } from '../lib/failure.ts';
import { type Cluster, startCluster } from './cluster/cluster.ts';
import { startKubeApi } from './kube/server.ts';
import { createStore } from './kube/store.ts';
import type { KubeConfig, KubePorts, KubeRecord, NodePoolState } from './protocol.ts';

/** The cluster as one process: its objects, the controllers behind them, the Kubernetes API and the control listener. */
export async function startKube(config: KubeConfig): Promise<KubePorts & { close(): Promise<void> }> {
  const store = createStore();
  const record: KubeRecord = { requests: [] };
  const cluster = await startCluster({ ...config, store });
  const api = await startKubeApi({
    tls: config.tls,
    caPem: config.caPem,
    tokenSecret: config.tokenSecret,
    store,
    logs: cluster.readLogs,
    podProxy: cluster.podAddress,
    podDeletion: 'graceful',
    onRequest: (request) => record.requests.push(request),
  });
  const control = createServer((request, response) => {
    answer(request, cluster, record).then(
      ([status, body]) => reply(response, status, body),
      (error: unknown) => reply(response, 400, { error: errorText(error) }),
    );
  });
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));

  return {
    endpoint: api.endpoint,
    controlUrl: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
    async close() {
      control.close();
      control.closeAllConnections();
      await api.close();
      await cluster.close();
    },
  };
}

async function answer(request: IncomingMessage, cluster: Cluster, record: KubeRecord): Promise<[number, unknown?]> {
  const [collection, name, ...rest] = (request.url ?? '').slice(1).split('/').map(decodeURIComponent);
  if (rest.length > 0) return [404];
  if (request.method === 'GET' && collection === 'record' && name === undefined) return [200, record];
  if (request.method === 'PUT' && collection === 'node-pools' && name) {
    cluster.setNodePool(name, JSON.parse(await text(request)) as NodePoolState);
    return [204];
  }
  return [404];
}

function reply(response: ServerResponse, status: number, body?: unknown): void {
  if (body === undefined) response.writeHead(status).end();
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
