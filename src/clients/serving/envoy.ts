/** One host of one cluster of an Envoy, with the counters that matter for a proof. */
export interface EnvoyHost {
  /** `outbound|9002||qwen-epp-service.ns.svc.cluster.local` */
  cluster: string;
  /** `10.8.0.5:8000` */
  host: string;
  /** Requests sent to the host, gRPC streams among them; not those that found no connection. */
  requests: number;
  /** Requests that failed: answered with 5xx, reset, or without a connection. */
  errors: number;
  connectFailures: number;
}

/** Port of an Istio proxy's admin listener, on the loopback of its pod. */
export const ENVOY_ADMIN_PORT = 15_000;
export const ENVOY_CLUSTERS_PATH = '/clusters?format=json';

/**
 * Reads `/clusters?format=json` (admin.v3.Clusters, Envoy 1.30 docs): counters are strings, and those of 0 have no value.
 * `rq_success` is of no use: Envoy counts a gRPC stream as a success at its trailers, and ext_proc resets its stream
 * before they come. A healthy endpoint picker has 0 of them (seen in Envoy 1.36.4, 1.38.3 and 1.40.0).
 * Throws SyntaxError for what is no JSON of that shape.
 */
export function parseClusters(text: string): EnvoyHost[] {
  const { cluster_statuses: statuses } = JSON.parse(text) as { cluster_statuses?: ClusterStatus[] };
  if (!Array.isArray(statuses)) throw new SyntaxError('no cluster_statuses in the answer of the Envoy');
  return statuses.flatMap(({ name = '', host_statuses: hosts = [] }) =>
    hosts.map(({ address, stats = [] }) => {
      const { address: ip = '', port_value: port = 0 } = address?.socket_address ?? {};
      const count = (wanted: string) => Number(stats.find((stat) => stat.name === wanted)?.value ?? 0);
      return {
        cluster: name,
        host: `${ip}:${port}`,
        requests: count('rq_total'),
        errors: count('rq_error'),
        connectFailures: count('cx_connect_fail'),
      };
    }),
  );
}

interface ClusterStatus {
  name?: string;
  host_statuses?: {
    address?: { socket_address?: { address?: string; port_value?: number } };
    stats?: { name?: string; value?: string | number }[];
  }[];
}
