import {
  type Decoded,
  type Decoder,
  fromJson,
  isMismatch,
  list,
  maybe,
  name as nameOfCluster,
  number,
  object,
  some,
  text,
} from '../../lib/decode.ts';

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
 * Throws an Error that names the place for what is no JSON of that shape.
 */
export function parseClusters(body: string): EnvoyHost[] {
  return statusesOf(body).flatMap(({ name, host_statuses: hosts = [] }) =>
    hosts.map(({ address, stats = [] }) => {
      const { address: ip = '', port_value: port = 0 } = address?.socket_address ?? {};
      const count = (wanted: string) => stats.find((stat) => stat.name === wanted)?.value ?? 0;
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

/** What a host counted between two readings. */
export interface HostDelta extends EnvoyHost {
  /** Counters were lost in between: the figures are a lower limit. */
  reset: boolean;
}

/**
 * The differences between two readings of one Envoy, host by host. Never below 0: Envoy creates a cluster again when its
 * configuration changes, for example by a DestinationRule, and the counters of all its hosts start at 0 (seen with
 * istiod). Such a host has what it counted since then. A host that has left has zeros, for its last counters are lost.
 */
export function hostsBetween(before: readonly EnvoyHost[], after: readonly EnvoyHost[]): HostDelta[] {
  const earlier = new Map(before.map((host) => [keyOf(host), host]));
  const restarted = new Set(
    after.flatMap((host) => {
      const was = earlier.get(keyOf(host));
      return was && COUNTERS.some((name) => host[name] < was[name]) ? [host.cluster] : [];
    }),
  );
  const there = after.map((host): HostDelta => {
    const was = earlier.get(keyOf(host));
    if (restarted.has(host.cluster)) return { ...host, reset: was !== undefined };
    const since = (name: (typeof COUNTERS)[number]) => host[name] - (was?.[name] ?? 0);
    const deltas = { requests: since('requests'), errors: since('errors'), connectFailures: since('connectFailures') };
    return { ...host, ...deltas, reset: false };
  });
  const present = new Set(after.map(keyOf));
  const left = before.filter((host) => !present.has(keyOf(host)));
  return [...there, ...left.map((host) => ({ ...host, requests: 0, errors: 0, connectFailures: 0, reset: true }))];
}

const COUNTERS = ['requests', 'errors', 'connectFailures'] as const;

const keyOf = ({ cluster, host }: EnvoyHost): string => `${cluster} ${host}`;

/** A counter: proto3 writes 64-bit integers as text. */
const counter: Decoder<number> = (value, path) => {
  const digits = typeof value === 'string' && /^\d{1,20}$/.test(value);
  return number(digits ? Number(value) : value, path);
};

const clusters = object({
  cluster_statuses: list(
    object({
      name: nameOfCluster,
      host_statuses: maybe(
        list(
          some({
            address: some({ socket_address: some({ address: text, port_value: number }) }),
            stats: list(some({ name: text, value: counter })),
          }),
        ),
      ),
    }),
  ),
});

function statusesOf(body: string): Decoded<typeof clusters>['cluster_statuses'] {
  try {
    return clusters(fromJson(body), '').cluster_statuses;
  } catch (error) {
    if (!isMismatch(error)) throw error;
    throw new Error(`the answer of the Envoy is not its clusters: ${error.message}`);
  }
}
