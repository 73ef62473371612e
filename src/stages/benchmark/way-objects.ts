import type { KubeObject, ObjectRef } from '../../clients/kubernetes/objects.ts';
import { shadowService } from '../../stack/kserve-names.ts';
import { GATEWAY_API } from '../../stack/routes.ts';
import type { Prepared, StageContext } from '../context.ts';
import { MANAGED_BY, RUN_ANNOTATION } from '../deploy/marks.ts';
import type { ReadyStack } from '../ready/ready.ts';

/** Marks the pod of each way, with a value of its own. */
export const ARM_LABEL = 'tpu-serving-gate/one-replica';

/**
 * Says by which way a request is to go. Both arms send it, so that their requests differ in its value alone; the gateway
 * puts it on the responses of a way to one replica, and on no others.
 */
export const WAY_HEADER = 'x-tpu-serving-gate-way';

const COMPLETIONS = '/v1/completions';
const ISTIO_API = 'networking.istio.io/v1';
/** As KServe makes them and Istio takes them: 1.27 the older, 1.28 and later the newer alone. */
const POOL_APIS = ['inference.networking.k8s.io/v1', 'inference.networking.x-k8s.io/v1alpha2'] as const;

/**
 * What leads to one replica. `pool`: an InferencePool of one pod, with the endpoint picker of the service: Envoy asks the
 * picker, finds that its choice is not a host of the pool, and takes the one that is (istio/istio
 * pilot/pkg/networking/core/cluster_builder.go, applyOverrideHostPolicy). `service`: a Service, past the picker.
 */
export type WayKind = 'pool' | 'service';

/** The value of the label and of the header for one replica, or for all, of the stack under test or of the base stack. */
export function wayValue(runKey: string, replica: number | 'all', isBase = false): string {
  return `${runKey}-${isBase ? 'base-' : ''}${replica}`;
}

/** Every object that the ways add, whatever their kind, so that they can be removed also by a later process. */
export function armObjects({ service, isBase }: Pick<Prepared, 'service' | 'isBase'>, runKey: string): ObjectRef[] {
  return Array.from({ length: service.replicas }, (_, replica) =>
    wayRefs(service.namespace, wayName(runKey, replica, isBase)),
  ).flat();
}

function wayRefs(namespace: string, name: string): ObjectRef[] {
  return [
    { apiVersion: GATEWAY_API, kind: 'HTTPRoute', name, namespace },
    { apiVersion: ISTIO_API, kind: 'DestinationRule', name, namespace },
    ...POOL_APIS.map((apiVersion) => ({ apiVersion, kind: 'InferencePool', name, namespace })),
    { apiVersion: 'v1', kind: 'Service', name, namespace },
  ];
}

export function wayName(runKey: string, replica: number, isBase = false): string {
  return `tpu-gate-one-${wayValue(runKey, replica, isBase)}`;
}

/**
 * The manifests of a way, backend first. The route is younger than the service's, which Istio before 1.28.5 needs: it
 * keeps the pool's configuration of the oldest route only.
 */
export function wayManifests(
  context: Pick<StageContext, 'runKey'>,
  prepared: Pick<Prepared, 'service' | 'isBase'>,
  stack: Pick<ReadyStack, 'route' | 'scheme' | 'port'>,
  /** `poolSpec`: that of the service's own pool, for a way of kind `pool`. */
  way: { replica: number; poolSpec: Record<string, unknown> | null },
): KubeObject[] {
  const { namespace } = prepared.service;
  const { scheme, port, route } = stack;
  const name = wayName(context.runKey, way.replica, prepared.isBase);
  const value = wayValue(context.runKey, way.replica, prepared.isBase);
  const metadata = { name, namespace, labels: { ...MANAGED_BY }, annotations: { [RUN_ANNOTATION]: context.runKey } };
  const object = (apiVersion: string, kind: string, spec: Record<string, unknown>): KubeObject => ({
    ...{ apiVersion, kind, metadata, spec },
  });
  const backend =
    way.poolSpec && route.pool
      ? object(route.pool.apiVersion, 'InferencePool', poolOfOne(route.pool.apiVersion, way.poolSpec, value))
      : object('v1', 'Service', {
          selector: { [ARM_LABEL]: value },
          ports: [{ name: scheme, port, targetPort: port, protocol: 'TCP', appProtocol: scheme }],
        });
  const host = backend.kind === 'Service' ? name : shadowService(name);
  // KServe's own rules name its own Services; without one for these, Istio would speak plain HTTP to a TLS server.
  const tls = object(ISTIO_API, 'DestinationRule', {
    host: `${host}.${namespace}.svc.cluster.local`,
    trafficPolicy: { tls: { mode: 'SIMPLE', insecureSkipVerify: true } },
  });
  const path = `${new URL(route.endpoint).pathname.replace(/\/$/, '')}${COMPLETIONS}`;
  const reference =
    backend.kind === 'Service'
      ? { group: '', kind: 'Service', name, port }
      : { group: backend.apiVersion.split('/')[0], kind: 'InferencePool', name };
  const httpRoute = object(GATEWAY_API, 'HTTPRoute', {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', ...route.gateway }],
    ...(route.hostname ? { hostnames: [route.hostname] } : {}),
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: path }, headers: [{ type: 'Exact', name: WAY_HEADER, value }] }],
        filters: [
          { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: COMPLETIONS } } },
          { type: 'ResponseHeaderModifier', responseHeaderModifier: { set: [{ name: WAY_HEADER, value }] } },
        ],
        backendRefs: [reference],
        timeouts: { request: '0s', backendRequest: '0s' },
      },
    ],
  });
  return scheme === 'https' ? [backend, tls, httpRoute] : [backend, httpRoute];
}

/** The service's pool with another selector: v1 has it in `matchLabels`, v1alpha2 has it bare. */
function poolOfOne(apiVersion: string, spec: Record<string, unknown>, value: string): Record<string, unknown> {
  const labels = { [ARM_LABEL]: value };
  return { ...spec, selector: apiVersion === POOL_APIS[0] ? { matchLabels: labels } : labels };
}
