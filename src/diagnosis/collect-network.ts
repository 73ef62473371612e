import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { KubeObject } from '../clients/kubernetes/objects.ts';
import type { ClusterEvidence, FilterEvidence, RouteEvidence } from './evidence.ts';
import { blockedFlows } from './flows.ts';
import { bounded, conditionsOf, podEvidence } from './read-pod.ts';

export interface NetworkSubject {
  namespace: string;
  service: { name: string } | null;
  gateway: { namespace: string; name: string } | null;
  sidecar: boolean;
  replica: Readonly<Record<string, string>> | undefined;
  picker: Readonly<Record<string, string>> | undefined;
}

type Gather = (what: string, read: () => Promise<void>) => Promise<void>;

const GATEWAY_API = 'gateway.networking.k8s.io/v1';
const ISTIO = 'networking.istio.io';
const MANAGED_BY = 'app.kubernetes.io/managed-by';

/** Routes, pools, gateway, filters, TLS rules and policies around the service. Each part fails alone. */
export async function collectNetwork(
  kube: KubeClient,
  subject: NetworkSubject,
  found: ClusterEvidence,
  gather: Gather,
): Promise<void> {
  const { namespace, service } = subject;
  let gateway = subject.gateway;
  await gather('routes', async () => {
    const own = (await kube.list(GATEWAY_API, 'HTTPRoute', { namespace })) ?? [];
    gateway ??= gatewayOf(own.find((route) => belongsTo(route, service?.name)));
    // Those of other namespaces share the gateway; not every identity may see them.
    const all = await kube.list(GATEWAY_API, 'HTTPRoute').catch(() => null);
    if (all === null) found.gaps.push('routes of other namespaces may not be listed');
    const sharing = (all ?? own).filter((route) => !gateway || attachedTo(route, gateway));
    found.routes = sharing.slice(0, 50).map((route) => routeEvidence(route, service?.name));
  });
  await Promise.all([
    gather('inference pools', async () => {
      for (const { group, name } of found.routes.filter(({ own }) => own).flatMap(({ pools }) => pools)) {
        for (const version of await kube.versionsOf(group)) {
          const ref = { apiVersion: `${group}/${version}`, kind: 'InferencePool', name, namespace };
          const pool = await kube.get(ref);
          if (!pool) continue;
          const parents = (pool.status?.parents ?? pool.status?.parent ?? []) as { conditions?: unknown }[];
          const conditions = parents.flatMap((parent) => conditionsOf(parent.conditions));
          found.inferencePools.push({ group, name, conditions });
          break;
        }
      }
    }),
    gather('the gateway', async () => {
      if (!gateway) return;
      const object = await kube.get({ apiVersion: GATEWAY_API, kind: 'Gateway', ...gateway });
      found.gateway = {
        ...gateway,
        className: bounded(object?.spec?.gatewayClassName, 100),
        addresses: ((object?.status?.addresses ?? []) as { value?: string }[]).map(({ value }) => bounded(value, 100)),
        conditions: object ? conditionsOf(object.status?.conditions) : [missing()],
      };
    }),
    gather('pods of the gateway', async () => {
      if (!gateway) return;
      const labelSelector = `gateway.networking.k8s.io/gateway-name=${gateway.name}`;
      const pods = (await kube.list('v1', 'Pod', { namespace: gateway.namespace, labelSelector })) ?? [];
      found.pods.push(...pods.slice(0, 5).map((pod) => podEvidence(pod, 'gateway')));
    }),
    gather('EnvoyFilters', async () => {
      const where = new Set([namespace, ...(gateway ? [gateway.namespace] : [])]);
      for (const one of where) {
        const filters = (await kube.list(`${ISTIO}/v1alpha3`, 'EnvoyFilter', { namespace: one })) ?? [];
        const ours = filters.filter((filter) => selectsGateway(filter, gateway));
        found.filters.push(...ours.map((filter) => filterEvidence(filter, { namespace, service: service?.name })));
      }
    }),
    gather('DestinationRules', async () => {
      const rules = (await kube.list(`${ISTIO}/v1`, 'DestinationRule', { namespace })) ?? [];
      found.destinationRules = rules.slice(0, 50).map(({ metadata, spec }) => ({
        name: metadata.name,
        host: bounded(spec?.host, 253),
        mode: bounded(spec?.trafficPolicy?.tls?.mode ?? '', 40),
        caCertificates: bounded(spec?.trafficPolicy?.tls?.caCertificates ?? '', 253),
        gates: metadata.labels?.[MANAGED_BY] === 'tpu-serving-gate',
      }));
    }),
    gather('NetworkPolicies', async () => {
      if (!service) return;
      const { sidecar, replica, picker } = subject;
      const namespaces = new Set([namespace, ...(gateway ? [gateway.namespace] : [])]);
      const policies: KubeObject[] = [];
      for (const where of namespaces) {
        const listed = await kube
          .list('networking.k8s.io/v1', 'NetworkPolicy', { namespace: where })
          .catch((error: unknown) => {
            if (where === namespace) throw error;
            found.gaps.push(`NetworkPolicies of ${where} may not be listed`);
            return null;
          });
        policies.push(...(listed ?? []));
      }
      found.policies = policies.slice(0, 100).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
      found.blocked = blockedFlows(policies, {
        service: service.name,
        namespace,
        gateway: gateway ?? { namespace: '', name: '' },
        port: 8_000,
        sidecar,
        ...(replica ? { replica } : {}),
        ...(picker ? { picker } : {}),
      }).filter(({ flow }) => gateway !== null || !flow.startsWith('gateway'));
    }),
  ]);
}

function missing() {
  return { type: 'Exists', status: 'False', reason: 'NotFound', message: 'the Gateway does not exist' };
}

interface ParentRef {
  kind?: string;
  name: string;
  namespace?: string;
}

function parentsOf({ spec, metadata }: KubeObject): { namespace: string; name: string }[] {
  return ((spec?.parentRefs ?? []) as ParentRef[])
    .filter(({ kind = 'Gateway' }) => kind === 'Gateway')
    .map(({ name, namespace = metadata.namespace ?? '' }) => ({ namespace, name }));
}

function gatewayOf(route: KubeObject | undefined): { namespace: string; name: string } | null {
  return route ? (parentsOf(route)[0] ?? null) : null;
}

/** Whether a route hangs on the gateway. */
export function attachedTo(route: KubeObject, gateway: { namespace: string; name: string }): boolean {
  return parentsOf(route).some(({ namespace, name }) => namespace === gateway.namespace && name === gateway.name);
}

function belongsTo({ metadata }: KubeObject, service: string | undefined): boolean {
  return (metadata.ownerReferences ?? []).some(({ kind, name }) => kind === 'LLMInferenceService' && name === service);
}

function routeEvidence(route: KubeObject, service: string | undefined): RouteEvidence {
  const { metadata, spec, status } = route;
  const rules = (spec?.rules ?? []) as {
    name?: string;
    backendRefs?: { kind?: string; group?: string; name: string }[];
  }[];
  const pools = rules
    .flatMap(({ backendRefs = [] }) => backendRefs)
    .filter(({ kind }) => kind === 'InferencePool')
    .map(({ group = '', name }) => ({ group: bounded(group, 100), name: bounded(name, 253) }));
  const parents = (status?.parents ?? []) as { conditions?: unknown }[];
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    own: belongsTo(route, service),
    gates: metadata.labels?.[MANAGED_BY] === 'tpu-serving-gate',
    createdAt: metadata.creationTimestamp ?? '',
    hostnames: ((spec?.hostnames ?? []) as string[]).slice(0, 20).map((host) => bounded(host, 253)),
    pools: pools.filter(
      ({ group, name }, at) => pools.findIndex((one) => one.group === group && one.name === name) === at,
    ),
    rules: rules.slice(0, 50).map(({ name }) => (name === undefined ? null : bounded(name, 253))),
    conditions: parents.flatMap((parent) => conditionsOf(parent.conditions)),
  };
}

function selectsGateway({ spec }: KubeObject, gateway: { name: string } | null): boolean {
  const labels = (spec?.workloadSelector?.labels ?? {}) as Record<string, string>;
  const named = labels['gateway.networking.k8s.io/gateway-name'];
  return named === undefined || named === gateway?.name;
}

/**
 * An ext_proc override of a route without a gRPC service erases Istio's own: merging replaces map entries
 * (istio pkg/proto/merge), and the filter falls back to a cluster that does not exist, which fails open. A patch that
 * names a route counts where it is one of the service's: `namespace.route.index`, or the bare name of a rule, which is
 * the same for every service from KServe v0.19 on.
 */
export function filterEvidence(
  { metadata, spec }: KubeObject,
  target: { namespace: string; service: string | undefined },
): FilterEvidence {
  const patches = (spec?.configPatches ?? []) as Patch[];
  const text = (value: unknown) => JSON.stringify(value ?? null);
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    erasesPicker: patches.some(
      ({ applyTo, match, patch }) =>
        (applyTo === 'HTTP_ROUTE' || applyTo === 'VIRTUAL_HOST') &&
        isOurs(match?.routeConfiguration?.vhost?.route?.name, target) &&
        /ext_proc/i.test(text(patch?.value)) &&
        !/grpc_service|grpcService/.test(text(patch?.value)),
    ),
    buffers: patches.some(({ patch }) => /request_?body_?mode"?:"?BUFFERED/i.test(text(patch?.value))),
    routes: patches.flatMap(({ match }) => match?.routeConfiguration?.vhost?.route?.name ?? []).slice(0, 20),
    patchesCluster: patches.some(
      ({ applyTo, patch }) => applyTo === 'CLUSTER' && /transport_?socket/i.test(text(patch?.value)),
    ),
  };
}

interface Patch {
  applyTo?: string;
  match?: { routeConfiguration?: { vhost?: { route?: { name?: string } } } };
  patch?: { value?: unknown };
}

function isOurs(route: string | undefined, { namespace, service }: Parameters<typeof filterEvidence>[1]): boolean {
  if (route === undefined || !route.includes('.') || service === undefined) return true;
  // A long name of a service ends in a hash in the name of its route.
  return route.startsWith(`${namespace}.${service.slice(0, 40)}`);
}
