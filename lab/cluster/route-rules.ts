import type { KubeObject } from '../protocol.ts';
import type { Condition } from './objects.ts';

export interface BackendRef {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  port?: number;
  weight?: number;
}

export interface RouteRule {
  name?: string;
  matches?: {
    path?: { type?: string; value?: string };
    headers?: { type?: string; name: string; value: string }[];
  }[];
  filters?: {
    type: string;
    urlRewrite?: { path?: { type: string; replacePrefixMatch?: string } };
    responseHeaderModifier?: { set?: { name: string; value: string }[]; add?: unknown; remove?: unknown };
  }[];
  backendRefs?: BackendRef[];
}

interface ParentRef {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
}

export function rulesOf(route: KubeObject): RouteRule[] {
  return (route.spec?.rules ?? [{}]) as RouteRule[];
}

/** The route's reference to that gateway, if it has one. */
export function parentRefTo(route: KubeObject, gateway: KubeObject): ParentRef | undefined {
  return ((route.spec?.parentRefs ?? []) as ParentRef[]).find(
    (ref) =>
      (ref.kind ?? 'Gateway') === 'Gateway' &&
      ref.name === gateway.metadata.name &&
      (ref.namespace ?? route.metadata.namespace) === gateway.metadata.namespace,
  );
}

/** Whether the gateway's listeners take routes from the route's namespace. */
export function isAllowed(route: KubeObject, gateway: KubeObject, namespaces: KubeObject[]): boolean {
  const listeners = (gateway.spec?.listeners ?? []) as {
    allowedRoutes?: { namespaces?: { from?: string; selector?: { matchLabels?: Record<string, string> } } };
  }[];
  return listeners.some(({ allowedRoutes }) => {
    const from = allowedRoutes?.namespaces?.from ?? 'Same';
    if (from === 'All') return true;
    if (from === 'Same') return route.metadata.namespace === gateway.metadata.namespace;
    const labels = namespaces.find((one) => one.metadata.name === route.metadata.namespace)?.metadata.labels ?? {};
    const wanted = Object.entries(allowedRoutes?.namespaces?.selector?.matchLabels ?? {});
    return wanted.every(([name, value]) => labels[name] === value);
  });
}

/**
 * What the lab's gateway cannot do; null when it can do all that the route asks. Such a route is refused rather than
 * served wrongly. A real Istio would take it.
 */
export function unsupported(route: KubeObject): string | null {
  if ((route.spec?.hostnames ?? []).length > 0) return 'hostnames';
  for (const rule of rulesOf(route)) {
    for (const match of rule.matches ?? []) {
      const other = Object.keys(match).find((field) => field !== 'path' && field !== 'headers');
      if (other) return `a match on ${other}`;
      const type = match.path?.type ?? 'PathPrefix';
      if (type !== 'PathPrefix' && type !== 'Exact') return `a path match of type ${type}`;
      const header = match.headers?.find((one) => (one.type ?? 'Exact') !== 'Exact');
      if (header) return `a header match of type ${header.type}`;
    }
    for (const filter of rule.filters ?? []) {
      const headers = filter.type === 'ResponseHeaderModifier' ? filter.responseHeaderModifier : undefined;
      if (headers && !headers.add && !headers.remove) continue;
      if (filter.type !== 'URLRewrite') return `a filter of type ${filter.type}`;
      const type = filter.urlRewrite?.path?.type;
      if (type !== 'ReplacePrefixMatch') return `a URLRewrite of type ${type ?? 'hostname'}`;
    }
    if ((rule.backendRefs ?? []).filter((ref) => ref.weight !== 0).length > 1) return 'more than one weighted backend';
  }
  return null;
}

export function isAccepted(route: KubeObject, gateway: KubeObject): boolean {
  const parents = (route.status?.parents ?? []) as { parentRef: ParentRef; conditions: Condition[] }[];
  return parents.some(
    ({ parentRef, conditions }) =>
      parentRef.name === gateway.metadata.name &&
      (parentRef.namespace ?? route.metadata.namespace) === gateway.metadata.namespace &&
      conditions.some((condition) => condition.type === 'Accepted' && condition.status === 'True'),
  );
}
