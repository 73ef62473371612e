import type { Manifest } from '../../clients/files/manifests.ts';
import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { unlessForbidden } from '../../clients/kubernetes/forbidden.ts';
import type { Gateway, HTTPRoute } from '../../clients/kubernetes/kinds.ts';
import { servicesOwning } from '../../stack/ownership.ts';
import type { GatewayRef, ServiceRef } from '../../stack/refs.ts';
import { GATEWAY_API, gatewayRefs, listRoutes } from '../../stack/routes.ts';
import { gatewayNamed } from '../../stack/service.ts';

/** The gateway that the service will be reached by. */
export interface GatewayChoice {
  /** Null while it is not known. */
  gateway: GatewayRef | null;
  /** How it was found, or why it was not, for a reader. Null where input or manifest name it. */
  why: string | null;
}

interface Asked {
  wanted: GatewayRef | null;
  manifest: Manifest;
  manifests: readonly Manifest[];
  service: ServiceRef;
}

/**
 * The gateway of the input, of the manifest, of the route that it names, or of the namespace's other services; in a
 * cluster without any of these the only gateway that takes routes of the namespace. KServe's own default is in a ConfigMap.
 */
export async function chooseGateway(kube: KubeClient, asked: Asked): Promise<GatewayChoice> {
  const { wanted, manifest, service } = asked;
  const named = wanted ?? gatewayNamed(manifest.object);
  if (named) return { gateway: named, why: null };
  for (const { route } of (await unlessForbidden(() => namedRoutes(kube, asked))) ?? []) {
    const [parent] = route ? gatewayRefs(route) : [];
    if (parent) return { gateway: refOf(parent), why: null };
  }
  const inUse = await gatewayInUse(kube, service.namespace);
  if (inUse) return { gateway: inUse, why: null };
  return onlyGateway(kube, service.namespace);
}

/** The HTTPRoutes that a service names, each from the manifests or else from the cluster; null for one that is in neither. */
export async function namedRoutes(
  kube: KubeClient,
  { service, manifests }: Pick<Asked, 'service' | 'manifests'>,
): Promise<{ name: string; route: HTTPRoute | null; manifest: Manifest | null }[]> {
  return Promise.all(
    (service.routes ?? []).map(async (name) => {
      const manifest = manifests.find(({ object }) => object.kind === 'HTTPRoute' && object.metadata.name === name);
      if (manifest) return { name, route: manifest.object as HTTPRoute, manifest };
      const ref = { apiVersion: GATEWAY_API, kind: 'HTTPRoute' as const, name, namespace: service.namespace };
      return { name, route: await kube.get(ref), manifest: null };
    }),
  );
}

/** The gateway that KServe has given to services of the namespace before: it gives all of them the same. */
async function gatewayInUse(kube: KubeClient, namespace: string): Promise<GatewayRef | null> {
  // The routes of all namespaces are looked at later in any case.
  const routes =
    (await unlessForbidden(() => listRoutes(kube))) ?? (await unlessForbidden(() => listRoutes(kube, namespace)));
  const made = (routes ?? []).find(
    (route) => route.metadata.namespace === namespace && servicesOwning(route).length > 0,
  );
  const [gateway] = made ? gatewayRefs(made) : [];
  return gateway ? refOf(gateway) : null;
}

async function onlyGateway(kube: KubeClient, namespace: string): Promise<GatewayChoice> {
  const all = await unlessForbidden(async () => (await kube.list(GATEWAY_API, 'Gateway')) ?? []);
  if (all === null) return { gateway: null, why: 'gateways of all namespaces may not be listed' };
  const fitting = gatewaysFor(all, namespace);
  const names = fitting.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  const [only, ...more] = fitting;
  if (!only) return { gateway: null, why: `no gateway of the cluster takes routes of ${namespace}` };
  if (more.length > 0)
    return { gateway: null, why: `${names.length} take routes of ${namespace}: ${names.join(', ')}` };
  const gateway = { namespace: only.metadata.namespace ?? '', name: only.metadata.name };
  return { gateway, why: `the only gateway that takes routes of ${namespace}` };
}

/** The gateways that take routes of a namespace. */
export function gatewaysFor(all: readonly Gateway[], namespace: string): Gateway[] {
  return all.filter((gateway) => takesRoutesOf(gateway, namespace));
}

/** GKE's own gateways refuse KServe's routes. Without `allowedRoutes` a listener takes routes of its own namespace alone. */
function takesRoutesOf({ metadata, spec }: Gateway, namespace: string): boolean {
  if (/^gke-/.test(spec?.gatewayClassName ?? '')) return false;
  return (spec?.listeners ?? []).some(({ protocol, allowedRoutes }) => {
    const from = allowedRoutes?.namespaces?.from ?? 'Same';
    const takes = from === 'Same' ? metadata.namespace === namespace : from !== 'None';
    return (protocol === 'HTTP' || protocol === 'HTTPS') && takes;
  });
}

const refOf = ({ namespace, name }: GatewayRef): GatewayRef => ({ namespace, name });
