import { CONNECT_LIMIT_MS, whyUnreachable } from '../../clients/serving/reach.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { grantCommand } from '../../lib/gate-files.ts';
import { hostAndPort } from '../../lib/url.ts';
import { gatewaySelector } from '../../stack/labels.ts';
import { isReady } from '../../stack/pods.ts';
import type { StageContext } from '../context.ts';
import type { CheckTunnel, ReadyStack } from './ready.ts';

/** A gateway that was programmed a moment ago may refuse connections until its load balancer has it. */
const TRIES = 3;
const PAUSE_MS = 3_000;

/** Where the gate's own checks of a stack go. Nothing is timed by it. */
export function checkEndpoint({ route, tunnel }: Pick<ReadyStack, 'route' | 'tunnel'>): string {
  return tunnel?.endpoint ?? route.endpoint;
}

/**
 * A stack with a way for the checks: as it is where the runner reaches the gateway, or where the load is to come from the
 * runner; with a tunnel otherwise. A stack that is to stay is only checked. Throws a Failure where no tunnel can be had, or
 * nothing could measure behind it.
 */
export async function withReach(context: StageContext, stack: ReadyStack): Promise<ReadyStack> {
  const { inputs, emit } = context;
  const isMeasured = inputs.keep === null;
  if (isMeasured && inputs.loadFrom === 'runner') return stack;
  const { route } = stack;
  const reason = await unreachable(context, route.origin);
  if (reason === null) return stack;
  if (isMeasured && inputs.loadImage === '') throw imageMissing('ready', route.origin, reason);
  const tunnel = await openCheckTunnel(context, stack, reason);
  const load = isMeasured ? ', and the load comes from inside the cluster' : '';
  const text = `the runner cannot reach ${route.origin}: ${reason}; its checks go through the API server${load}`;
  emit({ type: 'fact', stage: 'ready', text });
  return { ...stack, tunnel };
}

/** The sentence for a gateway that neither the runner nor load clients in the cluster can load. */
export function imageMissing(stage: 'preflight' | 'ready' | 'benchmark', origin: string, reason: string): Failure {
  return new Failure({
    ...{ stage, code: 'load-image-missing' },
    message: `The runner cannot reach the gateway at ${origin}: ${reason}. Without "load-image" nothing inside the cluster can measure in its place.`,
    hint: 'Give the input "load-image", or use a runner in the network of the gateway.',
  });
}

async function unreachable({ clock, signal }: StageContext, origin: string): Promise<string | null> {
  for (let tries = 1; ; tries += 1) {
    const reason = await whyUnreachable(origin, signal);
    if (reason === null || tries === TRIES) return reason;
    await clock.sleep(PAUSE_MS, signal);
  }
}

/**
 * A tunnel to a Ready pod of the gateway. Istio gives the pods of a gateway the ports of its listeners (kube-gateway.yaml of
 * its chart istio-discovery).
 */
async function openCheckTunnel(
  context: StageContext,
  { route }: Pick<ReadyStack, 'route'>,
  reason: string,
): Promise<CheckTunnel> {
  const { kube, signal } = context;
  const { protocol } = new URL(route.origin);
  const { port } = hostAndPort(route.origin);
  try {
    const target = async () => ({ ...(await readyPod(context, route.gateway)), port });
    const scheme = protocol === 'https:' ? ('https' as const) : ('http' as const);
    // Shows at once what refuses every connection. Any reply will do, and TLS may want a name that this does not send.
    const first = kube.portForward({ ...(await target()), scheme, path: '/' }, { limitMs: CONNECT_LIMIT_MS });
    await first.catch((error: unknown) => {
      if (scheme === 'http' || errorText(error).startsWith('port-forward')) throw error;
    });
    const tunnel = await kube.tunnel(target);
    const path = route.endpoint.slice(route.origin.length);
    return { endpoint: `${protocol}//127.0.0.1:${tunnel.port}${path}`, reason, close: tunnel.close };
  } catch (error) {
    signal.throwIfAborted();
    throw noTunnel(route, context.inputs.namespace, reason, error);
  }
}

function noTunnel(
  { origin, gateway }: ReadyStack['route'],
  namespace: string,
  reason: string,
  error: unknown,
): Failure {
  const names = { namespace, gatewayNamespace: gateway.namespace };
  return new Failure({
    ...{ stage: 'ready', code: 'gateway-unreachable', cause: error },
    message: `The runner cannot reach the gateway at ${origin}: ${reason}. There is no way through the API server either: ${errorText(error)}`,
    hint: `Grant the port-forward to the pods of the gateway, or use a runner in its network: ${grantCommand(['load'], names)}`,
  });
}

async function readyPod(
  { kube }: Pick<StageContext, 'kube'>,
  { namespace, name }: ReadyStack['route']['gateway'],
): Promise<{ namespace: string; pod: string }> {
  const pods = (await kube.list('v1', 'Pod', { namespace, labelSelector: gatewaySelector(name) })) ?? [];
  const ready = pods.find(isReady);
  if (!ready) throw new Error(`gateway ${namespace}/${name} has no Ready pod that carries its name`);
  return { namespace, pod: ready.metadata.name };
}
