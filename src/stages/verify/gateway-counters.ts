import {
  ENVOY_ADMIN_PORT,
  ENVOY_CLUSTERS_PATH,
  type EnvoyHost,
  hostsBetween,
  parseClusters,
} from '../../clients/serving/envoy.ts';
import { errorText } from '../../lib/failure.ts';
import type { GatewayEvidence, PodCount } from '../../report/model.ts';
import { gatewaySelector } from '../../stack/labels.ts';
import type { StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';

/** What every proxy of the gateway has counted, or why that is not known. */
export type GatewaySnapshot = { proxies: { pod: string; hosts: EnvoyHost[] }[] } | { problem: string };

/** An admin port that takes longer belongs to an Envoy that hangs, which the caller should learn soon. */
const ADMIN_LIMIT_MS = 10_000;

/**
 * Reads the cluster counters of the gateway's Envoys through port-forward: a witness of who was asked and who served that
 * is neither vLLM's nor the endpoint picker's. Never throws for a cluster that does not let us look.
 */
export async function gatewaySnapshot(
  { kube, signal }: Pick<StageContext, 'kube' | 'signal'>,
  { namespace, name }: { namespace: string; name: string },
): Promise<GatewaySnapshot> {
  try {
    const pods = (await kube.list('v1', 'Pod', { namespace, labelSelector: gatewaySelector(name) })) ?? [];
    if (pods.length === 0) return { problem: `no pod of gateway ${namespace}/${name} was found` };
    const proxies = await Promise.all(
      pods.map(async ({ metadata: { name: pod } }) => {
        const target = { namespace, pod, scheme: 'http' as const, port: ENVOY_ADMIN_PORT, path: ENVOY_CLUSTERS_PATH };
        const { status, body } = await kube.portForward(target, { limitMs: ADMIN_LIMIT_MS });
        if (status !== 200) throw new Error(`the Envoy of ${pod} returned HTTP ${status}`);
        return { pod, hosts: parseClusters(body) };
      }),
    );
    return { proxies };
  } catch (error) {
    signal.throwIfAborted();
    return { problem: errorText(error) };
  }
}

/** What happened between two snapshots: requests to the endpoint picker, and to each replica. Pure. */
export function gatewayBetween(
  before: GatewaySnapshot,
  after: GatewaySnapshot,
  stack: Pick<ReadyStack, 'route' | 'replicas' | 'port'>,
): GatewayEvidence {
  const nothing = { proxies: 0, picker: null, perPod: [] };
  if ('problem' in before) return { ...nothing, problem: before.problem };
  if ('problem' in after) return { ...nothing, problem: after.problem };
  const names = (at: typeof before) => at.proxies.map(({ pod }) => pod).sort();
  if (names(before).join() !== names(after).join()) {
    return { ...nothing, problem: 'the pods of the gateway changed meanwhile' };
  }
  const deltas = after.proxies.flatMap(({ pod, hosts }) =>
    hostsBetween(before.proxies.find((proxy) => proxy.pod === pod)?.hosts ?? [], hosts),
  );
  const delta = (wanted: (host: EnvoyHost) => boolean, of: (host: EnvoyHost) => number) =>
    deltas.reduce((total, host) => total + (wanted(host) ? of(host) : 0), 0);
  const { pool } = stack.route;
  const isPicker = ({ cluster }: EnvoyHost) =>
    pool?.picker != null && cluster.split('|').at(-1)?.startsWith(`${pool.picker}.${pool.namespace}.`) === true;
  const addresses = new Set(stack.replicas.map((replica) => addressOf(replica, stack.port)));
  const restarted = deltas.find((host) => host.reset && (isPicker(host) || addresses.has(host.host)));
  // What was lost is unknown, and a sum over the rest would look like requests that never came.
  if (restarted)
    return { ...nothing, problem: `the gateway's counters of ${restarted.cluster} started again meanwhile` };
  const perPod: PodCount[] = stack.replicas.map((replica) => {
    const address = addressOf(replica, stack.port);
    return {
      pod: replica.metadata.name,
      requests: delta(
        ({ host }) => host === address,
        (host) => host.requests,
      ),
    };
  });
  return {
    problem: null,
    proxies: after.proxies.length,
    picker: after.proxies.some(({ hosts }) => hosts.some(isPicker))
      ? {
          requests: delta(isPicker, (host) => host.requests),
          errors: delta(isPicker, (host) => host.errors),
          connectFailures: delta(isPicker, (host) => host.connectFailures),
        }
      : null,
    perPod,
  };
}

/** How Envoy names the host of a replica. */
export function addressOf(replica: ReadyStack['replicas'][number], port: number): string {
  return `${replica.status?.podIP}:${port}`;
}

/** The counters of what belongs to a namespace, a line for each host that was asked, for the diagnosis. */
export function counterLines(at: GatewaySnapshot, namespace: string): string[] {
  if ('problem' in at) return [at.problem];
  return at.proxies.flatMap(({ pod, hosts }) =>
    hosts
      .filter(({ cluster, requests, errors, connectFailures }) => {
        const ours = cluster.includes(`.${namespace}.`);
        return ours && requests + errors + connectFailures > 0;
      })
      .map(
        ({ cluster, host, requests, errors, connectFailures }) =>
          `${pod}: ${cluster} ${host}: ${requests} requests, ${errors} errors, ${connectFailures} connections failed`,
      ),
  );
}
