import { hostsBetween } from '../../clients/serving/envoy.ts';
import { deadline, orAbort } from '../../lib/poll.ts';
import type { GatewayBlock } from '../../verdict/evidence.ts';
import type { StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { addressOf, type GatewaySnapshot, gatewaySnapshot } from '../verify/gateway-counters.ts';

export interface GatewayWatch {
  /** What the gateway's proxies have counted by now, or why that is not known. Throws only when the run is aborted. */
  read(): Promise<GatewaySnapshot>;
}

/** A reading takes less than a second through a port-forward; the nodes are paid for while it is waited for. */
const LIMIT_MS = 5_000;
/** Readings in a row without a result, after which no other is tried. */
const PATIENCE = 2;

/**
 * Reads the gateway's counters at the edges of the blocks, when no request of the gate is in flight. A reading is bounded
 * in time, and a gateway that does not show its counters is left alone, so that it costs the pairs 10 s at most.
 */
export function watchGateway(
  context: Pick<StageContext, 'kube' | 'signal'>,
  gateway: { namespace: string; name: string },
  limitMs = LIMIT_MS,
): GatewayWatch {
  let failures = 0;
  let problem = '';
  return {
    async read() {
      if (failures >= PATIENCE) return { problem };
      const found = await readOnce(context, gateway, limitMs);
      failures = 'problem' in found ? failures + 1 : 0;
      if ('problem' in found) problem = found.problem;
      return found;
    },
  };
}

async function readOnce(
  context: Pick<StageContext, 'kube' | 'signal'>,
  gateway: { namespace: string; name: string },
  limitMs: number,
): Promise<GatewaySnapshot> {
  try {
    return await orAbort(gatewaySnapshot(context, gateway), deadline(context.signal, limitMs));
  } catch {
    context.signal.throwIfAborted();
    return { problem: `the counters of the gateway did not come within ${limitMs / 1_000} s` };
  }
}

/** What the proxies counted for each replica between two readings, in every cluster that has the replica. Pure. */
export function gatewayDuring(
  before: GatewaySnapshot,
  after: GatewaySnapshot,
  stack: Pick<ReadyStack, 'replicas' | 'port'>,
): GatewayBlock {
  if ('problem' in before) return { problem: before.problem, pods: [] };
  if ('problem' in after) return { problem: after.problem, pods: [] };
  // A proxy that was added began at 0; the last counters of one that has gone are lost.
  const deltas = after.proxies.flatMap(({ pod, hosts }) =>
    hostsBetween(before.proxies.find((proxy) => proxy.pod === pod)?.hosts ?? [], hosts),
  );
  const gone = before.proxies.find(({ pod }) => !after.proxies.some((proxy) => proxy.pod === pod));
  const pods = stack.replicas.map((replica) => {
    const address = addressOf(replica, stack.port);
    const own = deltas.filter(({ host }) => host === address);
    const sum = (name: 'requests' | 'errors' | 'connectFailures') => own.reduce((total, each) => total + each[name], 0);
    const figures = { requests: sum('requests'), errors: sum('errors'), connectFailures: sum('connectFailures') };
    return { pod: replica.metadata.name, ...figures, reset: own.some(({ reset }) => reset) };
  });
  const restarted = pods.filter(({ reset }) => reset).map(({ pod }) => pod);
  const lost = restarted.length > 0 ? `the gateway's counters started again for ${restarted.join(', ')}` : null;
  return {
    problem: gone ? `the pod ${gone.pod} of the gateway is gone, and its counters with it` : lost,
    pods: pods.map(({ reset: _, ...figures }) => figures),
  };
}
