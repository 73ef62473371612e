import type { HTTPRoute } from '../clients/kubernetes/kinds.ts';

/** One rule of an HTTPRoute, as a gateway knows it. */
export interface RouteRule {
  index: number;
  /** KServe names its rules from v0.19 on; before that they have only their place. */
  name: string | null;
  /** What Istio calls the route that it makes of the rule: the bare name, or `namespace.route.index`. */
  istioName: string;
  paths: string[];
  /** The InferencePool that the rule leads to; null for one that leads past the endpoint picker. */
  pool: { group: string; name: string; namespace: string } | null;
}

/**
 * The rules of a route in their order. KServe has had 3, 1, 3, 4, 8 and 12 of them; path and backend decide which one
 * carries completions, never its place. (istio/istio pilot/pkg/config/kube/gateway/conversion.go for the name.)
 */
export function rulesOf(route: HTTPRoute): RouteRule[] {
  const namespace = route.metadata.namespace ?? 'default';
  return (route.spec?.rules ?? []).map((rule, index) => {
    const backend = rule.backendRefs?.find(({ kind, weight }) => kind === 'InferencePool' && weight !== 0);
    return {
      index,
      name: rule.name ?? null,
      istioName: rule.name ?? `${namespace}.${route.metadata.name}.${index}`,
      paths: (rule.matches ?? []).flatMap(({ path }) => (path?.value?.startsWith('/') ? [path.value] : [])),
      pool: backend
        ? { group: backend.group ?? '', name: backend.name, namespace: backend.namespace ?? namespace }
        : null,
    };
  });
}

/**
 * The part before `/v1/…` of the service's paths. Rules for a model's own header have no such part, and those below
 * /publishers belong to the model, not to the service.
 */
export function pathPrefix(rules: readonly RouteRule[]): string {
  const paths = rules.flatMap((rule) => rule.paths).filter((path) => !path.startsWith('/publishers/'));
  const completion = paths.find((path) => /^\/.+\/v1\/completions$/.test(path));
  if (completion) return completion.replace(/\/v1\/completions$/, '');
  const shortest = paths.filter((path) => !/^\/v1\//.test(path)).sort((a, b) => a.length - b.length)[0] ?? '';
  return shortest.replace(/\/$/, '');
}

/** The pool that completions go to; null where they bypass every endpoint picker. */
export function completionPool(rules: readonly RouteRule[], prefix: string): RouteRule['pool'] {
  const carries = ({ paths }: RouteRule) =>
    paths.some((path) => path === `${prefix}/v1/completions` || path === prefix);
  // The longest match wins on a gateway, so the rule of the exact path comes first.
  const exact = rules.find(({ paths }) => paths.includes(`${prefix}/v1/completions`));
  return (exact ?? rules.find(carries) ?? rules.find(({ pool }) => pool !== null))?.pool ?? null;
}
