import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { Condition, HTTPRoute, ParentRef, ParentStatus } from '../clients/kubernetes/kinds.ts';
import { currentConditions, findCondition, listOf } from './conditions.ts';
import { isOwnedBy } from './ownership.ts';
import type { GatewayRef, ServiceRef } from './refs.ts';

/** The Gateway API's group and version of HTTPRoute and Gateway. */
export const GATEWAY_API = 'gateway.networking.k8s.io/v1';

/** The HTTPRoutes of a namespace, or of all of them; empty where the cluster does not know the kind. */
export async function listRoutes(kube: KubeClient, namespace?: string): Promise<HTTPRoute[]> {
  return (await kube.list(GATEWAY_API, 'HTTPRoute', namespace === undefined ? {} : { namespace })) ?? [];
}

/** The routes of a service: those that it names, or else those that KServe has made for it. */
export async function listOwnRoutes(
  kube: KubeClient,
  service: Pick<ServiceRef, 'apiVersion' | 'name' | 'namespace' | 'routes'>,
): Promise<HTTPRoute[]> {
  const { routes: named } = service;
  const all = await listRoutes(kube, service.namespace);
  return all.filter((route) => named?.includes(route.metadata.name) ?? isOwnedBy(route, service));
}

/** The references of a route to gateways, each with its namespace, which is the route's own by default. */
export function gatewayRefs({ spec, metadata }: HTTPRoute): (ParentRef & GatewayRef)[] {
  return (spec?.parentRefs ?? [])
    .filter(({ kind = 'Gateway' }) => kind === 'Gateway')
    .map((ref) => ({ ...ref, namespace: ref.namespace ?? metadata.namespace ?? '' }));
}

/** Whether a route is attached to the gateway. */
export function isAttached(route: HTTPRoute, gateway: GatewayRef): boolean {
  return gatewayRefs(route).some(({ namespace, name }) => namespace === gateway.namespace && name === gateway.name);
}

/**
 * What gateways have reported on a route: without entries of gateways that it no longer names, and without those of
 * policy controllers, which have no `Accepted`.
 */
export function routeReports({ spec, status, metadata }: HTTPRoute): ParentStatus[] {
  const own = spec?.parentRefs ?? [];
  const named = ({ parentRef }: ParentStatus) =>
    !parentRef ||
    own.length === 0 ||
    own.some(
      ({ name, namespace }) =>
        name === parentRef.name && (namespace ?? metadata.namespace) === (parentRef.namespace ?? metadata.namespace),
    );
  return (status?.parents ?? []).filter(
    (parent) => named(parent) && findCondition(listOf(parent.conditions), 'Accepted') !== undefined,
  );
}

/** The conditions of all gateways on a route, or on a pool, that are about its present generation. */
export function parentConditions(
  parents: readonly ParentStatus[] | undefined,
  generation: number | undefined,
): Condition[] {
  return (parents ?? []).flatMap(({ conditions }) => currentConditions(conditions, generation));
}
