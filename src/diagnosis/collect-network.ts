import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { EnvoyFilter, HTTPRoute, NetworkPolicy } from '../clients/kubernetes/kinds.ts';
import { currentConditions } from '../stack/conditions.ts';
import { appliesTo, filtersFor, podLabelsFor, readFilter } from '../stack/filters.ts';
import { gatewaySelector, isOfTheGate } from '../stack/labels.ts';
import { servicesOwning } from '../stack/ownership.ts';
import { findPool, poolConditions } from '../stack/pools.ts';
import type { GatewayRef } from '../stack/refs.ts';
import { GATEWAY_API, gatewayRefs, isAttached, listRoutes, parentConditions } from '../stack/routes.ts';
import type { ClusterEvidence, FilterEvidence, RouteEvidence } from './evidence.ts';
import { blockedFlows } from './flows.ts';
import { bounded, conditionsOf, podEvidence } from './read-pod.ts';

export interface NetworkSubject {
  namespace: string;
  service: { name: string; routes?: readonly string[] } | null;
  gateway: GatewayRef | null;
  sidecar: boolean;
  replica: Readonly<Record<string, string>> | undefined;
  picker: Readonly<Record<string, string>> | undefined;
}

type Gather = (what: string, read: () => Promise<void>) => Promise<void>;

const ISTIO = 'networking.istio.io';

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
    const own = await listRoutes(kube, namespace);
    gateway ??= gatewayOf(own.find((route) => belongsTo(route, service)));
    // Those of other namespaces share the gateway; not every identity may see them.
    const all = await listRoutes(kube).catch(() => null);
    if (all === null) found.gaps.push('routes of other namespaces may not be listed');
    const sharing = (all ?? own).filter((route) => !gateway || isAttached(route, gateway));
    found.routes = sharing.slice(0, 50).map((route) => routeEvidence(route, service));
  });
  await Promise.all([
    gather('inference pools', async () => {
      for (const { group, name } of found.routes.filter(({ own }) => own).flatMap(({ pools }) => pools)) {
        const there = await findPool(kube, { group, name, namespace });
        if (!there) continue;
        const conditions = conditionsOf(poolConditions(there.pool));
        found.inferencePools.push({ group, name, conditions });
      }
    }),
    gather('the gateway', async () => {
      if (!gateway) return;
      const object = await kube.get({ apiVersion: GATEWAY_API, kind: 'Gateway', ...gateway });
      found.gateway = {
        ...gateway,
        className: bounded(object?.spec?.gatewayClassName, 100),
        addresses: (object?.status?.addresses ?? []).map(({ value }) => bounded(value, 100)),
        conditions: object
          ? conditionsOf(currentConditions(object.status?.conditions, object.metadata.generation))
          : [missing()],
      };
    }),
    gather('pods of the gateway', async () => {
      if (!gateway) return;
      const labelSelector = gatewaySelector(gateway.name);
      const pods = (await kube.list('v1', 'Pod', { namespace: gateway.namespace, labelSelector })) ?? [];
      found.pods.push(...pods.slice(0, 5).map((pod) => podEvidence(pod, 'gateway')));
    }),
    gather('EnvoyFilters', async () => {
      const at = gateway;
      if (!at) {
        found.gaps.push('EnvoyFilters were not looked for, as the gateway is not known');
        return;
      }
      const { found: filters, unread } = await filtersFor(kube, at);
      found.gaps.push(...unread.map((one) => `EnvoyFilters of ${one} may not be listed`));
      const pods = await podLabelsFor(kube, at, filters);
      const ours = filters.filter((filter) => appliesTo(filter, at, pods));
      found.filters = ours.map((filter) => filterEvidence(filter, { namespace, service: service?.name }));
    }),
    gather('DestinationRules', async () => {
      const rules = (await kube.list(`${ISTIO}/v1`, 'DestinationRule', { namespace })) ?? [];
      found.destinationRules = rules.slice(0, 50).map(({ metadata, spec }) => ({
        name: metadata.name,
        host: bounded(spec?.host, 253),
        mode: bounded(spec?.trafficPolicy?.tls?.mode ?? '', 40),
        caCertificates: bounded(spec?.trafficPolicy?.tls?.caCertificates ?? '', 253),
        gates: isOfTheGate({ metadata }),
      }));
    }),
    gather('NetworkPolicies', async () => {
      if (!service) return;
      const { sidecar, replica, picker } = subject;
      const namespaces = new Set([namespace, ...(gateway ? [gateway.namespace] : [])]);
      const policies: NetworkPolicy[] = [];
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

function gatewayOf(route: HTTPRoute | undefined): GatewayRef | null {
  const [first] = route ? gatewayRefs(route) : [];
  return first ? { namespace: first.namespace, name: first.name } : null;
}

function belongsTo(route: HTTPRoute, service: NetworkSubject['service']): boolean {
  if (service === null) return false;
  return service.routes?.includes(route.metadata.name) ?? servicesOwning(route).includes(service.name);
}

function routeEvidence(route: HTTPRoute, service: NetworkSubject['service']): RouteEvidence {
  const { metadata, spec, status } = route;
  const rules = spec?.rules ?? [];
  const pools = rules
    .flatMap(({ backendRefs = [] }) => backendRefs)
    .filter(({ kind }) => kind === 'InferencePool')
    .map(({ group = '', name }) => ({ group: bounded(group, 100), name: bounded(name, 253) }));
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    own: belongsTo(route, service),
    gates: isOfTheGate(route),
    createdAt: metadata.creationTimestamp ?? '',
    hostnames: (spec?.hostnames ?? []).slice(0, 20).map((host) => bounded(host, 253)),
    pools: pools.filter(
      ({ group, name }, at) => pools.findIndex((one) => one.group === group && one.name === name) === at,
    ),
    rules: rules.slice(0, 50).map(({ name }) => (name === undefined ? null : bounded(name, 253))),
    conditions: conditionsOf(parentConditions(status?.parents, metadata.generation)),
  };
}

function filterEvidence(filter: EnvoyFilter, target: Parameters<typeof readFilter>[1]): FilterEvidence {
  const { metadata } = filter;
  const view = readFilter(filter, target);
  return { name: metadata.name, namespace: metadata.namespace ?? '', ...view, routes: view.routes.slice(0, 20) };
}
