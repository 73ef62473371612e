import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { PodLogs } from '../cluster/pod-logs.ts';
import { servePortForward } from '../kube/port-forward.ts';
import type { PemPair } from '../protocol.ts';

/** What the API server asks of a node's kubelet: container logs and port-forward. */
export interface KubeletServer {
  port: number;
  close(): Promise<void>;
}

/**
 * One kubelet's server for all nodes, on loopback, at the paths of the real one: `/containerLogs/NS/POD/CONTAINER` and
 * `/portForward/NS/POD`. The API server has authorised the caller before it connects here.
 */
export async function startKubeletServer(options: {
  tls: PemPair;
  readLogs: PodLogs['read'];
  podAddress: (namespace: string, pod: string, port: number) => { host: string; port: number } | null;
}): Promise<KubeletServer> {
  const server = createServer({ key: options.tls.key, cert: options.tls.cert }, (request, response) => {
    const url = new URL(request.url ?? '/', 'https://127.0.0.1');
    const [action, namespace = '', pod = '', container = ''] = partsOf(url);
    if (request.method !== 'GET' || action !== 'containerLogs') {
      response.writeHead(404).end('404 page not found\n');
      return;
    }
    const { searchParams: query } = url;
    const tail = query.get('tailLines');
    const since = query.get('sinceTime');
    const text = options.readLogs(namespace, pod, container, {
      ...(tail === null ? {} : { tailLines: Number(tail) }),
      ...(query.get('previous') === 'true' ? { previous: true } : {}),
      ...(since === null ? {} : { sinceTime: since }),
    });
    if (text === null) {
      response.writeHead(400).end(`container "${container}" in pod "${pod}" is not available\n`);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
  });
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '/', 'https://127.0.0.1');
    const [action, namespace = '', pod = ''] = partsOf(url);
    if (action !== 'portForward') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    servePortForward(request, socket, head, pod, (port) => options.podAddress(namespace, pod, port));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function partsOf({ pathname }: URL): string[] {
  return pathname.split('/').slice(1).map(decodeURIComponent);
}
