import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What Envoy counts for each host of a cluster. */
export type Stat = 'cx_connect_fail' | 'cx_total' | 'rq_error' | 'rq_success' | 'rq_timeout' | 'rq_total';
const STATS: readonly Stat[] = ['cx_connect_fail', 'cx_total', 'rq_error', 'rq_success', 'rq_timeout', 'rq_total'];

/** Of a cluster that istiod has configured. */
export interface ClusterHosts {
  cluster: string;
  /** `IP:PORT` each. */
  hosts: readonly string[];
  /** Hosts whose pods are not Ready: istiod keeps them, and Envoy sends them nothing. */
  unhealthy?: readonly string[];
  /** Whether a DestinationRule makes Envoy speak TLS to them. */
  tls: boolean;
}

export interface EnvoyAdmin {
  port: number;
  /** Replaces the clusters. A host that goes away takes its counters along, and so does a cluster whose rule changes. */
  configure(clusters: readonly ClusterHosts[]): void;
  /** Counts for a host that is listed; nothing for another. */
  count(cluster: string, host: string, ...stats: Stat[]): void;
  close(): Promise<void>;
}

/** The admin listener of the gateway's Envoy: `/clusters?format=json` as admin.v3.Clusters, counters of 0 left out. */
export async function startEnvoyAdmin(): Promise<EnvoyAdmin> {
  let clusters = new Map<string, Cluster>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://envoy');
    if (pathname !== '/clusters' || searchParams.get('format') !== 'json') return response.writeHead(404).end();
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ cluster_statuses: [...clusters].map(statusOf) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    configure(wanted) {
      const next: typeof clusters = new Map();
      for (const { cluster, hosts, tls, unhealthy = [] } of wanted) {
        const before = clusters.get(cluster);
        const kept = before?.tls === tls ? before.hosts : undefined;
        const counters = next.get(cluster)?.hosts ?? new Map<string, Map<Stat, number>>();
        for (const host of [...hosts, ...unhealthy]) counters.set(host, kept?.get(host) ?? new Map());
        next.set(cluster, { tls, hosts: counters, unhealthy: new Set(unhealthy) });
      }
      clusters = next;
    },
    count(cluster, host, ...stats) {
      const counters = clusters.get(cluster)?.hosts.get(host);
      for (const stat of stats) counters?.set(stat, (counters.get(stat) ?? 0) + 1);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Cluster {
  tls: boolean;
  /** The counters of each host. */
  hosts: Map<string, Map<Stat, number>>;
  unhealthy: ReadonlySet<string>;
}

function statusOf([name, { hosts, unhealthy }]: [string, Cluster]) {
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
        health_status: { eds_health_status: unhealthy.has(host) ? 'UNHEALTHY' : 'HEALTHY' },
        weight: 1,
      };
    }),
    observability_name: name,
  };
}
