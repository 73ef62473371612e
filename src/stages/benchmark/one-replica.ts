import type { KubeObject, ObjectRef } from '../../clients/kubernetes/objects.ts';
import { createServingClient } from '../../clients/serving/client.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { poll } from '../../lib/poll.ts';
import { GATEWAY_API, parentConditions } from '../../stack/routes.ts';
import type { Prepared, StageContext } from '../context.ts';
import { MANAGED_BY, RUN_ANNOTATION } from '../deploy/marks.ts';
import type { ReadyStack } from '../ready/ready.ts';

const ARM_LABEL = 'tpu-serving-gate/one-replica';
const ROUTE_LIMIT_MS = 2 * 60_000;

/** The one-replica arm: a way to one of the running replicas through the same gateway. */
export interface OneReplica {
  /** URL like the service's endpoint, that leads to one pod. */
  endpoint: string;
  pod: string;
  /** How it was made, for the report. */
  description: string;
}

/** The replica that serves the one-replica arm: the first by name, so that a later process knows it too. */
export function chosenPod(stack: Pick<ReadyStack, 'replicas'>): string | null {
  return [...stack.replicas].map(({ metadata }) => metadata.name).sort()[0] ?? null;
}

/** Every object that the arm adds, so that it can be removed also by a later process. */
export function armObjects(prepared: Pick<Prepared, 'service'>, runKey: string): ObjectRef[] {
  return [
    armRef(prepared, runKey, GATEWAY_API, 'HTTPRoute'),
    armRef(prepared, runKey, 'networking.istio.io/v1', 'DestinationRule'),
    armRef(prepared, runKey, 'v1', 'Service'),
  ];
}

function armRef<Kind extends string>(
  { service }: Pick<Prepared, 'service'>,
  runKey: string,
  apiVersion: string,
  kind: Kind,
): ObjectRef<Kind> {
  return { apiVersion, kind, name: `tpu-gate-one-${runKey}`, namespace: service.namespace };
}

/**
 * Puts one running replica behind a temporary Service and HTTPRoute on the service's own gateway, so that both arms
 * share gateway, TLS, flags, pods and time, and no TPU stands idle. The route is younger than the service's, which
 * Istio before 1.28.5 needs: it keeps the pool's configuration of the oldest route only.
 */
export async function openOneReplica(
  context: StageContext,
  prepared: Prepared,
  stack: ReadyStack,
): Promise<OneReplica> {
  const { kube } = context;
  const { namespace } = prepared.service;
  const pod = chosenPod(stack);
  if (!pod) throw new Failure({ stage: 'benchmark', code: 'no-replica', message: 'No replica is ready.' });
  await kube.mergePatch(
    { apiVersion: 'v1', kind: 'Pod', name: pod, namespace },
    { metadata: { labels: { [ARM_LABEL]: context.runKey } } },
  );
  const path = `/tpu-serving-gate/${context.runKey}`;
  for (const object of armManifests(context, prepared, stack, path)) await kube.apply(object, { force: true });
  const endpoint = `${stack.route.origin}${path}`;
  await awaitRoute(context, prepared, endpoint, stack.route.hostname);
  return {
    endpoint,
    pod,
    description: `replica ${pod} behind a temporary Service and HTTPRoute on the same gateway, without the endpoint picker, whose time counts against the all-replicas arm alone`,
  };
}

/** Removes what `openOneReplica` added. Problems are warnings: nothing of it costs money. */
export async function closeOneReplica(context: StageContext, prepared: Prepared, pod: string | null): Promise<void> {
  const { kube, emit } = context;
  const { namespace } = prepared.service;
  const steps: (() => Promise<unknown>)[] = armObjects(prepared, context.runKey).map((ref) => () => kube.remove(ref));
  if (pod) {
    steps.push(() =>
      kube.mergePatch(
        { apiVersion: 'v1', kind: 'Pod', name: pod, namespace },
        { metadata: { labels: { [ARM_LABEL]: null } } },
      ),
    );
  }
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      if (context.signal.aborted) return;
      emit({ type: 'warning', text: `the one-replica arm was not removed: ${errorText(error)}` });
    }
  }
}

function armManifests(context: StageContext, prepared: Prepared, stack: ReadyStack, path: string): KubeObject[] {
  const { namespace } = prepared.service;
  const name = `tpu-gate-one-${context.runKey}`;
  const metadata = {
    name,
    namespace,
    labels: { ...MANAGED_BY },
    annotations: { [RUN_ANNOTATION]: context.runKey },
  };
  const { gateway, hostname } = stack.route;
  const service: KubeObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      selector: { [ARM_LABEL]: context.runKey },
      ports: [
        { name: stack.scheme, port: stack.port, targetPort: stack.port, protocol: 'TCP', appProtocol: stack.scheme },
      ],
    },
  };
  // KServe's own rules name its own Services; without one for ours, Istio would speak plain HTTP to a TLS server.
  const tls: KubeObject = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata,
    spec: {
      host: `${name}.${namespace}.svc.cluster.local`,
      trafficPolicy: { tls: { mode: 'SIMPLE', insecureSkipVerify: true } },
    },
  };
  const route: KubeObject = {
    apiVersion: GATEWAY_API,
    kind: 'HTTPRoute',
    metadata,
    spec: {
      parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', ...gateway }],
      ...(hostname ? { hostnames: [hostname] } : {}),
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: path } }],
          filters: [
            { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } },
          ],
          backendRefs: [{ group: '', kind: 'Service', name, port: stack.port }],
          timeouts: { request: '0s', backendRequest: '0s' },
        },
      ],
    },
  };
  return stack.scheme === 'https' ? [service, tls, route] : [service, route];
}

async function awaitRoute(
  context: StageContext,
  prepared: Prepared,
  endpoint: string,
  hostname: string | null,
): Promise<void> {
  const client = createServingClient({
    baseUrl: endpoint,
    hostname,
    signal: context.signal,
    requestTimeoutMs: 10_000,
  });
  try {
    await poll({
      stage: 'benchmark',
      what: 'the route to one replica',
      everyMs: Math.min(1_000, context.inputs.pollIntervalMs),
      limitMs: ROUTE_LIMIT_MS,
      clock: context.clock,
      signal: context.signal,
      onWait: (status) => context.emit({ type: 'waiting', stage: 'benchmark', ...status }),
      probe: async () => {
        try {
          const answer = await client.get('/v1/models');
          if (answer.status === 200) return { done: true };
          const refusal = await refusalOf(context, prepared);
          if (refusal) throw routeRefused(refusal);
          return { waiting: `HTTP ${answer.status}` };
        } catch (error) {
          context.signal.throwIfAborted();
          if (error instanceof Failure) throw error;
          return { waiting: errorText(error) };
        }
      },
      onTimeout: routeRefused,
    });
  } finally {
    await client.close();
  }
}

/** Why the gateway's controller does not take the route, by its own word; null while it says nothing of the kind. */
async function refusalOf(context: StageContext, prepared: Prepared): Promise<string | null> {
  const ref = armRef(prepared, context.runKey, GATEWAY_API, 'HTTPRoute');
  const route = await context.kube.get(ref).catch(() => null);
  const no = parentConditions(route?.status?.parents, route?.metadata.generation).find(
    ({ type, status }) => type === 'Accepted' && status === 'False',
  );
  return no ? `${no.reason}: ${no.message}` : null;
}

function routeRefused(seen: string): Failure {
  return new Failure({
    stage: 'benchmark',
    code: 'one-replica-route',
    message: `The gateway did not take up the temporary route to one replica; last seen: ${seen}.`,
    hint: 'The gate needs to create a Service, an HTTPRoute and, for TLS, a DestinationRule in the namespace of the service.',
    blame: 'cluster',
  });
}
