import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { Gateway, ParentRef } from '../clients/kubernetes/kinds.ts';
import { Failure } from '../lib/failure.ts';
import { findCondition, isStale } from './conditions.ts';
import { findPool, pickerService, poolConditions } from './pools.ts';
import type { GatewayRef, ServiceRef } from './refs.ts';
import { completionPool, pathPrefix, type RouteRule, rulesOf } from './route-rules.ts';
import { GATEWAY_API, gatewayRefs, listOwnRoutes, routeReports } from './routes.ts';

/** How requests reach the service, as the cluster has it. */
export interface ServingRoute {
  routeName: string;
  gateway: GatewayRef;
  /** `http://34.1.2.3/ns/service`, without a trailing slash. */
  endpoint: string;
  /** Listener host, scheme and port without the path. */
  origin: string;
  hostname: string | null;
  /** Where completions go; null where no rule leads to an InferencePool. */
  pool: { apiVersion: string; namespace: string; name: string; picker: string | null } | null;
  rules: RouteRule[];
}

/** The service's route and what is still missing for it to carry traffic. */
export async function readRoute(
  kube: KubeClient,
  service: ServiceRef,
  wantedGateway: GatewayRef | null,
): Promise<{ route: ServingRoute } | { waiting: string }> {
  const own = await listOwnRoutes(kube, service);
  // With a route of its own for each purpose, the one with the pool is the one to measure.
  const route = own.find((candidate) => rulesOf(candidate).some(({ pool }) => pool !== null)) ?? own[0];
  if (!route) {
    const [named] = service.routes ?? [];
    return { waiting: named ? `HTTPRoute ${named}, which the service names, does not exist` : 'no HTTPRoute yet' };
  }
  const parents = routeReports(route);
  if (parents.length === 0) return { waiting: `HTTPRoute ${route.metadata.name} not seen by a gateway yet` };
  for (const parent of parents) {
    for (const type of ['Accepted', 'ResolvedRefs']) {
      const found = findCondition(parent.conditions, type);
      const { generation } = route.metadata;
      if (isStale(found?.observedGeneration, generation)) {
        return {
          waiting: `HTTPRoute ${type} was reported on generation ${found?.observedGeneration}, not on ${generation}`,
        };
      }
      if (found?.status !== 'True') {
        return { waiting: `HTTPRoute ${type} ${found ? `False (${found.reason})` : 'unknown'}` };
      }
    }
  }
  const rules = rulesOf(route);
  const prefix = pathPrefix(rules);
  const backend = completionPool(rules, prefix);
  const pool = backend && (await readPool(kube, backend));
  if (pool && 'waiting' in pool) return pool;

  const references = gatewayRefs(route);
  const wanted = references.find(
    ({ namespace, name }) => wantedGateway?.name === name && wantedGateway.namespace === namespace,
  );
  const [first] = references;
  const reference = wanted ?? first;
  if (!reference) return { waiting: `HTTPRoute ${route.metadata.name} has no parentRef` };
  const gateway = { namespace: reference.namespace, name: reference.name };
  if (wantedGateway && !wanted) {
    throw new Failure({
      stage: 'ready',
      code: 'wrong-gateway',
      message: `The route of ${service.name} is attached to ${gateway.namespace}/${gateway.name}, not to ${wantedGateway.namespace}/${wantedGateway.name}.`,
      hint: 'Correct the input "gateway", or spec.router.gateway.refs of the LLMInferenceService.',
    });
  }
  const object = await kube.get({ apiVersion: GATEWAY_API, kind: 'Gateway', ...gateway });
  const origin = object && gatewayOrigin(object, reference);
  if (!origin) return { waiting: `Gateway ${gateway.namespace}/${gateway.name} has no address yet` };
  return {
    route: {
      routeName: route.metadata.name,
      gateway,
      origin,
      endpoint: `${origin}${prefix}`,
      hostname: route.spec?.hostnames?.[0] ?? null,
      pool,
      rules,
    },
  };
}

async function readPool(
  kube: KubeClient,
  backend: NonNullable<RouteRule['pool']>,
): Promise<NonNullable<ServingRoute['pool']> | { waiting: string }> {
  const { group, name, namespace } = backend;
  const found = await findPool(kube, backend);
  if (!found) return { waiting: `InferencePool ${name} (${group}) does not exist yet` };
  const accepted = findCondition(poolConditions(found.pool), 'Accepted');
  if (accepted?.status === 'True') {
    return { apiVersion: found.apiVersion, namespace, name, picker: pickerService(found.pool) };
  }
  return {
    waiting: `InferencePool ${name} ${accepted ? `not accepted (${accepted.reason})` : 'not seen by a gateway yet'}`,
  };
}

/** The listener that a route's requests come in by; undefined where the gateway has none for HTTP. */
export function listenerOf(gateway: Gateway, { sectionName, port }: Pick<ParentRef, 'sectionName' | 'port'>) {
  const usable = (gateway.spec?.listeners ?? []).filter(({ protocol }) => protocol === 'HTTP' || protocol === 'HTTPS');
  return (
    usable.find(({ name }) => name === sectionName) ??
    usable.find((one) => one.port === port) ??
    usable.find(({ protocol }) => protocol === 'HTTP') ??
    usable[0]
  );
}

/** Where the runner would reach a gateway by the listener of a route: `http://10.0.0.5`. Null while it has no address. */
export function gatewayOrigin(
  gateway: Gateway,
  reference: Pick<ParentRef, 'sectionName' | 'port'> = {},
): string | null {
  const address = gateway.status?.addresses?.[0]?.value;
  return address ? originOf(gateway, address, reference) : null;
}

function originOf(gateway: Gateway, address: string, reference: Pick<ParentRef, 'sectionName' | 'port'>): string {
  const listener = listenerOf(gateway, reference);
  const scheme = listener?.protocol === 'HTTPS' ? 'https' : 'http';
  const host = address.includes(':') ? `[${address}]` : address;
  const number = listener?.port ?? 80;
  const standard = scheme === 'https' ? 443 : 80;
  return `${scheme}://${host}${number === standard ? '' : `:${number}`}`;
}
