import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { KubeObject } from '../clients/kubernetes/objects.ts';
import { Failure } from '../lib/failure.ts';
import { isOwnedBy, type ServiceRef } from '../stages/context.ts';
import { completionPool, pathPrefix, type RouteRule, rulesOf } from './route-rules.ts';

const GATEWAY_GROUP = 'gateway.networking.k8s.io';

/** How requests reach the service, as the cluster has it. */
export interface ServingRoute {
  routeName: string;
  gateway: { namespace: string; name: string };
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
  wantedGateway: { namespace: string; name: string } | null,
): Promise<{ route: ServingRoute } | { waiting: string }> {
  const apiVersion = `${GATEWAY_GROUP}/v1`;
  const routes = (await kube.list(apiVersion, 'HTTPRoute', { namespace: service.namespace })) ?? [];
  const own = routes.filter((candidate) => isOwnedBy(candidate, service));
  // With a route of its own for each purpose, the one with the pool is the one to measure.
  const route = own.find((candidate) => rulesOf(candidate).some(({ pool }) => pool !== null)) ?? own[0];
  if (!route) return { waiting: 'no HTTPRoute yet' };
  const parents = (route.status?.parents ?? []) as RouteParent[];
  if (parents.length === 0) return { waiting: `HTTPRoute ${route.metadata.name} not seen by a gateway yet` };
  for (const parent of parents) {
    for (const type of ['Accepted', 'ResolvedRefs']) {
      const found = parent.conditions?.find((entry) => entry.type === type);
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

  const references = ((route.spec?.parentRefs ?? []) as ParentRef[]).filter(
    ({ kind = 'Gateway' }) => kind === 'Gateway',
  );
  const gatewayOf = ({ name, namespace = service.namespace }: ParentRef) => ({ namespace, name });
  const wanted = references.find(
    (one) => wantedGateway?.name === one.name && wantedGateway.namespace === gatewayOf(one).namespace,
  );
  const [first] = references;
  const reference = wanted ?? first;
  if (!reference) return { waiting: `HTTPRoute ${route.metadata.name} has no parentRef` };
  const gateway = gatewayOf(reference);
  if (wantedGateway && !wanted) {
    throw new Failure({
      stage: 'ready',
      code: 'wrong-gateway',
      message: `The route of ${service.name} is attached to ${gateway.namespace}/${gateway.name}, not to ${wantedGateway.namespace}/${wantedGateway.name}.`,
      hint: 'Correct the input "gateway", or spec.router.gateway.refs of the LLMInferenceService.',
      blame: 'change',
    });
  }
  const object = await kube.get({ apiVersion, kind: 'Gateway', ...gateway });
  const address = ((object?.status?.addresses ?? []) as { value?: string }[])[0]?.value;
  if (!object || !address) return { waiting: `Gateway ${gateway.namespace}/${gateway.name} has no address yet` };
  const origin = originOf(object, address, reference);
  return {
    route: {
      routeName: route.metadata.name,
      gateway,
      origin,
      endpoint: `${origin}${prefix}`,
      hostname: ((route.spec?.hostnames ?? []) as string[])[0] ?? null,
      pool,
      rules,
    },
  };
}

interface ParentRef {
  kind?: string;
  name: string;
  namespace?: string;
  sectionName?: string;
  port?: number;
}

interface RouteParent {
  conditions?: { type: string; status: string; reason?: string }[];
}

async function readPool(
  kube: KubeClient,
  backend: NonNullable<RouteRule['pool']>,
): Promise<NonNullable<ServingRoute['pool']> | { waiting: string }> {
  const { group, name, namespace } = backend;
  for (const version of await kube.versionsOf(group)) {
    const apiVersion = `${group}/${version}`;
    const pool = await kube.get({ apiVersion, kind: 'InferencePool', name, namespace });
    if (!pool) continue;
    // v1 calls the list `parents`, v1alpha2 `parent`; an implementation may fill neither before it has seen the pool.
    const parents = (pool.status?.parents ?? pool.status?.parent ?? []) as RouteParent[];
    const accepted = parents.flatMap(({ conditions }) => conditions ?? []).find(({ type }) => type === 'Accepted');
    // v1 names its Service in endpointPickerRef, v1alpha2 in extensionRef.
    const picker = (pool.spec?.endpointPickerRef?.name ?? pool.spec?.extensionRef?.name ?? null) as string | null;
    if (accepted?.status === 'True') return { apiVersion, namespace, name, picker };
    return {
      waiting: `InferencePool ${name} ${accepted ? `not accepted (${accepted.reason})` : 'not seen by a gateway yet'}`,
    };
  }
  return { waiting: `InferencePool ${name} (${group}) does not exist yet` };
}

function originOf(gateway: KubeObject, address: string, { sectionName, port }: ParentRef): string {
  const listeners = (gateway.spec?.listeners ?? []) as { name: string; protocol: string; port: number }[];
  const usable = listeners.filter(({ protocol }) => protocol === 'HTTP' || protocol === 'HTTPS');
  const listener =
    usable.find(({ name }) => name === sectionName) ??
    usable.find((one) => one.port === port) ??
    usable.find(({ protocol }) => protocol === 'HTTP') ??
    usable[0];
  const scheme = listener?.protocol === 'HTTPS' ? 'https' : 'http';
  const host = address.includes(':') ? `[${address}]` : address;
  const number = listener?.port ?? 80;
  const standard = scheme === 'https' ? 443 : 80;
  return `${scheme}://${host}${number === standard ? '' : `:${number}`}`;
}
