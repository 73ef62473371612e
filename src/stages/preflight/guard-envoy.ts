import { fieldsOf, type GuardContext, notAllowed, type Path, type ValueRule } from './guard-context.ts';

const EXT_PROC = 'type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute';

/** The namespace of the stack: a filter lies in that of the gateway. */
const stackNamespace = ({ policy }: GuardContext) => policy.namespaces[0] ?? '';

/** A patch of one route of the stack's namespace, by Istio's name for it: `<namespace>.<HTTPRoute>.<rule>`. */
const envoyPatch: ValueRule = (value, path, guardContext) => {
  const namespace = stackNamespace(guardContext);
  const { applyTo, match, patch } = fieldsOf(value);
  const { context, routeConfiguration } = fieldsOf(match);
  const route = fieldsOf(fieldsOf(fieldsOf(fieldsOf(routeConfiguration).vhost).route)).name;
  const { operation, value: change } = fieldsOf(patch);
  const filters = fieldsOf(fieldsOf(change).typed_per_filter_config);
  const type = fieldsOf(filters['envoy.filters.http.ext_proc'])['@type'];
  const wanted: [unknown, boolean, string, Path][] = [
    [applyTo, applyTo === 'HTTP_ROUTE', 'HTTP_ROUTE', ['applyTo']],
    [context, context === 'GATEWAY', 'GATEWAY', ['match', 'context']],
    [
      route,
      typeof route === 'string' && route.startsWith(`${namespace}.`),
      `a route of ${namespace}`,
      ['match', 'routeConfiguration'],
    ],
    [operation, operation === 'MERGE', 'MERGE', ['patch', 'operation']],
    [type, type === EXT_PROC, EXT_PROC, ['patch', 'value']],
  ];
  return wanted.flatMap(([given, holds, allowed, at]) =>
    holds ? [] : notAllowed(path, given ?? 'empty', allowed, at),
  );
};

/** Istio's name for the cluster of a Service of the stack: `outbound|9002||service.namespace.svc.cluster.local`. */
const stackCluster: ValueRule = (value, path, guardContext) => {
  const { hosts } = guardContext;
  const namespace = stackNamespace(guardContext);
  const [, host] = /^outbound\|\d+\|\|([a-z0-9-]+)\.([a-z0-9-]+)\.svc\.cluster\.local$/.exec(String(value)) ?? [];
  const own = String(value).endsWith(`||${host}.${namespace}.svc.cluster.local`);
  return host && own && hosts.has(host)
    ? []
    : notAllowed(path, value, `the cluster of a Service of this stack in ${namespace}`);
};

export const ENVOY_RULES = { envoyPatch, stackCluster } satisfies Record<string, ValueRule>;
