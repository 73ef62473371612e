import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Cluster } from './cluster/cluster.ts';
import type { Demand } from './cluster/demand.ts';
import { errorText } from './errors.ts';
import type { KubeRecord, NodePoolState, ScaleEvent } from './protocol.ts';

/** The listener through which the lab's other processes, and a test, reach the cluster past its API. */
export async function startControl(
  cluster: Cluster,
  record: () => Promise<KubeRecord>,
): Promise<{ url: string; close(): void }> {
  const answer = async (request: IncomingMessage): Promise<[number, unknown?]> => {
    const [collection, name, ...rest] = (request.url ?? '').slice(1).split('/').map(decodeURIComponent);
    if (collection === 'node-pools' && name && rest.length === 1)
      return autoscale(cluster.demand, name, request, rest[0]);
    if (rest.length > 0) return [404];
    if (request.method === 'GET' && collection === 'record' && name === undefined) return [200, await record()];
    if (request.method === 'PUT' && collection === 'node-pools' && name) {
      cluster.setNodePool(name, JSON.parse(await text(request)) as NodePoolState);
      return [204];
    }
    return [404];
  };
  const server = createServer((request, response) => {
    answer(request).then(
      ([status, body]) => reply(response, status, body),
      (error: unknown) => reply(response, 400, { error: errorText(error) }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What an autoscaler reads of the cluster and writes into it. */
async function autoscale(
  demand: Demand,
  pool: string,
  request: IncomingMessage,
  what: string | undefined,
): Promise<[number, unknown?]> {
  if (request.method === 'GET' && what === 'demand') return [200, demand.view(pool)];
  if (request.method !== 'POST') return [404];
  const body = JSON.parse(await text(request));
  if (what === 'events') demand.note(body as ScaleEvent);
  else if (what === 'requests') demand.settle(body as Parameters<Demand['settle']>[0]);
  else if (what === 'drain') demand.drain(String(body.node));
  else return [404];
  return [204];
}

function reply(response: ServerResponse, status: number, body?: unknown): void {
  if (body === undefined) response.writeHead(status).end();
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
