import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What Envoy counts for each host of a cluster. */
export type Stat = 'cx_connect_fail' | 'cx_total' | 'rq_error' | 'rq_success' | 'rq_timeout' | 'rq_total';
const STATS: readonly Stat[] = ['cx_connect_fail', 'cx_total', 'rq_error', 'rq_success', 'rq_timeout', 'rq_total'];

export interface EnvoyAdmin {
  port: number;
  count(cluster: string, host: string, ...stats: Stat[]): void;
  close(): Promise<void>;
}

/** The admin listener of the gateway's Envoy: `/clusters?format=json` as admin.v3.Clusters, counters of 0 left out. */
export async function startEnvoyAdmin(): Promise<EnvoyAdmin> {
  const clusters = new Map<string, Map<string, Map<Stat, number>>>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://envoy');
    if (pathname !== '/clusters' || searchParams.get('format') !== 'json') return response.writeHead(404).end();
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ cluster_statuses: [...clusters].map(statusOf) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    count(cluster, host, ...stats) {
      const hosts = clusters.get(cluster) ?? new Map<string, Map<Stat, number>>();
      clusters.set(cluster, hosts);
      const counters = hosts.get(host) ?? new Map<Stat, number>();
      hosts.set(host, counters);
      for (const stat of stats) counters.set(stat, (counters.get(stat) ?? 0) + 1);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function statusOf([name, hosts]: [string, Map<string, Map<Stat, number>>]) {
  return {
    name,
    added_via_api: true,
    host_statuses: [...hosts].map(([host, counters]) => {
      const [address, port] = host.split(':');
      return {
        address: { socket_address: { address, port_value: Number(port) } },
        stats: STATS.map((stat) => ({
          ...(counters.has(stat) ? { value: String(counters.get(stat)) } : {}),
          name: stat,
        })),
        health_status: { eds_health_status: 'HEALTHY' },
        weight: 1,
      };
    }),
    observability_name: name,
  };
}
