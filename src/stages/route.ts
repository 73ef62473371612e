import type { KubeClient } from '../clients/kube.ts';
import type { KubeObject } from '../clients/objects.ts';
import { Failure } from '../lib/failure.ts';
import type { ServiceRef } from './context.ts';

const GATEWAY_GROUP = 'gateway.networking.k8s.io';
const POOL_GROUPS = ['inference.networking.k8s.io', 'inference.networking.x-k8s.io'];

/** How requests reach the service, as the cluster has it. */
export interface ServingRoute {
  routeName: string;
  gateway: { namespace: string; name: string };
  /** `http://34.1.2.3/ns/service`, without a trailing slash. */
  endpoint: string;
  /** Listener host, scheme and port without the path. */
  origin: string;
  hostname: string | null;
  pool: { apiVersion: string; name: string } | null;
}

/** The service's route and what is still missing for it to carry traffic. */
export async function readRoute(
  kube: KubeClient,
  service: ServiceRef,
  wantedGateway: { namespace: string; name: string } | null,
): Promise<{ route: ServingRoute } | { waiting: string }> {
  const apiVersion = `${GATEWAY_GROUP}/v1`;
  const routes = (await kube.list(apiVersion, 'HTTPRoute', { namespace: service.namespace })) ?? [];
  const route = routes.find((candidate) => isOwnedBy(candidate, service));
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
  const pool = await readPool(kube, route, service);
  if (pool && 'waiting' in pool) return pool;

  const reference = (route.spec?.parentRefs ?? [])[0] as
    | { name: string; namespace?: string; sectionName?: string }
    | undefined;
  if (!reference) return { waiting: `HTTPRoute ${route.metadata.name} has no parentRef` };
  const gateway = { namespace: reference.namespace ?? service.namespace, name: reference.name };
  if (wantedGateway && (wantedGateway.name !== gateway.name || wantedGateway.namespace !== gateway.namespace)) {
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
  const origin = originOf(object, address, reference.sectionName);
  const prefix = pathPrefix(route);
  return {
    route: {
      routeName: route.metadata.name,
      gateway,
      origin,
      endpoint: `${origin}${prefix}`,
      hostname: ((route.spec?.hostnames ?? []) as string[])[0] ?? null,
      pool,
    },
  };
}

interface RouteParent {
  conditions?: { type: string; status: string; reason?: string }[];
}

/** By owner reference, so that a hashed long name is found too. */
function isOwnedBy(object: KubeObject, service: ServiceRef): boolean {
  return (object.metadata.ownerReferences ?? []).some(
    ({ kind, name }) => kind === 'LLMInferenceService' && name === service.name,
  );
}

async function readPool(
  kube: KubeClient,
  route: KubeObject,
  service: ServiceRef,
): Promise<{ apiVersion: string; name: string } | { waiting: string } | null> {
  const backends = ((route.spec?.rules ?? []) as { backendRefs?: { group?: string; kind?: string; name: string }[] }[])
    .flatMap(({ backendRefs }) => backendRefs ?? [])
    .filter(({ kind }) => kind === 'InferencePool');
  const [backend] = backends;
  if (!backend) return null;
  const group = backend.group ?? POOL_GROUPS[0];
  for (const version of await kube.versionsOf(group as string)) {
    const apiVersion = `${group}/${version}`;
    const pool = await kube.get({
      apiVersion,
      kind: 'InferencePool',
      name: backend.name,
      namespace: service.namespace,
    });
    if (!pool) continue;
    // v1 calls the list `parents`, v1alpha2 `parent`; an implementation may fill neither before it has seen the pool.
    const parents = (pool.status?.parents ?? pool.status?.parent ?? []) as RouteParent[];
    const accepted = parents.flatMap(({ conditions }) => conditions ?? []).find(({ type }) => type === 'Accepted');
    if (accepted?.status === 'True') return { apiVersion, name: backend.name };
    return {
      waiting: `InferencePool ${backend.name} ${accepted ? `not accepted (${accepted.reason})` : 'not seen by a gateway yet'}`,
    };
  }
  return { waiting: `InferencePool ${backend.name} (${group}) does not exist yet` };
}

function originOf(gateway: KubeObject, address: string, sectionName: string | undefined): string {
  const listeners = (gateway.spec?.listeners ?? []) as { name: string; protocol: string; port: number }[];
  const usable = listeners.filter(({ protocol }) => protocol === 'HTTP' || protocol === 'HTTPS');
  const listener =
    usable.find(({ name }) => name === sectionName) ?? usable.find(({ protocol }) => protocol === 'HTTP') ?? usable[0];
  const scheme = listener?.protocol === 'HTTPS' ? 'https' : 'http';
  const host = address.includes(':') ? `[${address}]` : address;
  const port = listener?.port ?? 80;
  const standard = scheme === 'https' ? 443 : 80;
  return `${scheme}://${host}${port === standard ? '' : `:${port}`}`;
}

/** The part before `/v1/…` of the service's paths; KServe has changed the number of rules five times, never this. */
function pathPrefix(route: KubeObject): string {
  const paths = ((route.spec?.rules ?? []) as { matches?: { path?: { value?: string } }[] }[])
    .flatMap(({ matches }) => matches ?? [])
    .map(({ path }) => path?.value ?? '')
    .filter((value) => value.startsWith('/'));
  const completion = paths.find((path) => /^\/.+\/v1\/completions$/.test(path) && !path.startsWith('/publishers/'));
  if (completion) return completion.replace(/\/v1\/completions$/, '');
  const shortest = paths.sort((a, b) => a.length - b.length)[0] ?? '';
  return shortest.replace(/\/$/, '');
}
