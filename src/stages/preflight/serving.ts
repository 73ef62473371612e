import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { unlessForbidden } from '../../clients/kubernetes/forbidden.ts';
import type { HTTPRoute } from '../../clients/kubernetes/kinds.ts';
import { isBefore, versionOf } from '../../diagnosis/facts.ts';
import { Failure } from '../../lib/failure.ts';
import { findCondition } from '../../stack/conditions.ts';
import { isOfTheGate } from '../../stack/labels.ts';
import { isOwnedBy } from '../../stack/ownership.ts';
import type { GatewayRef, ServiceRef } from '../../stack/refs.ts';
import { GATEWAY_API, isAttached, listRoutes } from '../../stack/routes.ts';
import { GRANT, type Istiod } from './kserve.ts';
import type { Look } from './table.ts';

/** Gateway: there, of Istio, programmed, with an address. */
export async function checkGateway(
  kube: KubeClient,
  gateway: GatewayRef | null,
  why: string | null = null,
): Promise<Look> {
  if (gateway === null) {
    return {
      outcome: 'not-checked',
      seen: `KServe chooses it, from a ConfigMap that the gate does not read${why ? `; ${why}` : ''}`,
      remedy: 'Give the input "gateway" as namespace/name.',
    };
  }
  const shown = `${gateway.namespace}/${gateway.name}`;
  const object = await kube.get({ apiVersion: GATEWAY_API, kind: 'Gateway', ...gateway });
  if (!object) {
    throw new Failure({
      stage: 'preflight',
      code: 'gateway-missing',
      message: `Gateway ${shown} does not exist.`,
      hint: 'Correct the input "gateway"; kubectl get gateways -A lists them.',
    });
  }
  const className = String(object.spec?.gatewayClassName ?? '');
  if (/^gke-/.test(className)) {
    throw new Failure({
      stage: 'preflight',
      code: 'gateway-class',
      message: `Gateway ${shown} is of class ${className}: GKE's own gateways refuse the timeouts that KServe writes into its routes.`,
      hint: 'Name a gateway of class istio.',
    });
  }
  const programmed = findCondition(object.status?.conditions, 'Programmed');
  const addresses = object.status?.addresses ?? [];
  if (programmed?.status !== 'True' || addresses.length === 0) {
    throw new Failure({
      stage: 'preflight',
      code: 'gateway-not-programmed',
      message: `Gateway ${shown} is not programmed: ${programmed ? `${programmed.reason}: ${programmed.message ?? ''}` : 'no controller has reported on it'}${addresses.length === 0 ? ', and it has no address' : ''}.`,
      hint: `kubectl -n ${gateway.namespace} describe gateway ${gateway.name}; its pods may lack an image or a pull secret.`,
    });
  }
  await checkClass(kube, className, shown);
  const found = why ? `, ${why}` : '';
  return { seen: `${shown} of class ${className} at ${addresses.map(({ value }) => value).join(', ')}${found}` };
}

/**
 * KServe reads the object of the class before it makes a route (`DiscoverGateways` in its router_discovery.go, v0.15 to
 * v0.20). A gateway keeps its state when the object goes. Who may not read it learns nothing here.
 */
async function checkClass(kube: KubeClient, name: string, gateway: string): Promise<void> {
  try {
    if (await kube.get({ apiVersion: GATEWAY_API, kind: 'GatewayClass', name })) return;
  } catch (error) {
    if (error instanceof Failure && error.code === 'kube-permission') return;
    throw error;
  }
  throw new Failure({
    stage: 'preflight',
    code: 'prerequisite-missing',
    message: `GatewayClass ${name} of gateway ${gateway} does not exist: KServe would make no route.`,
    hint: `Let Istio create it again (kubectl -n istio-system rollout restart deployment istiod), or apply a GatewayClass ${name} with controllerName istio.io/gateway-controller.`,
  });
}

/** Istio's version against the groups of InferencePool: 1.27 takes the older, 1.28 and later the newer alone. */
export function checkIstio({ image, hidden }: Istiod, poolGroups: readonly string[]): Look {
  if (hidden) return { outcome: 'not-checked', seen: 'the version of istiod is not readable', remedy: `${GRANT}.` };
  if (image === null) {
    return {
      outcome: 'warning',
      seen: 'no istiod runs in istio-system',
      remedy: 'See that Istio runs elsewhere, and takes the InferencePools of this cluster.',
    };
  }
  const version = versionOf(image);
  if (version === null) return { outcome: 'warning', seen: `${image} has no version in its tag` };
  const wanted = isBefore(version, [1, 28]) ? 'inference.networking.x-k8s.io' : 'inference.networking.k8s.io';
  if (isBefore(version, [1, 27])) {
    return {
      outcome: 'warning',
      seen: `Istio ${version.join('.')} knows InferencePool only where its vendor has added it`,
      remedy: 'Istio 1.28 or later has it.',
    };
  }
  if (!poolGroups.includes(wanted)) {
    throw new Failure({
      stage: 'preflight',
      code: 'pool-group',
      message: `Istio ${version.join('.')} takes InferencePools of ${wanted} alone, and the cluster serves only ${poolGroups.join(', ')}: the route would never be ready.`,
      hint: `Install the definitions of ${wanted} with a KServe that writes them, or another Istio.`,
    });
  }
  return { seen: `Istio ${version.join('.')}, which takes ${wanted}` };
}

/**
 * Routes that share the gateway: the picker of a younger one is lost on Istio before 1.28.5. `kube` lists none that is
 * deleted before the deploy.
 */
export async function checkRoutes(
  kube: KubeClient,
  given: {
    gateway: GatewayRef | null;
    /** Its routes, and those that it names, are no others. */
    service: Pick<ServiceRef, 'apiVersion' | 'name' | 'namespace' | 'routes'>;
    istiod: string | null;
  },
): Promise<Look> {
  const { gateway, service } = given;
  if (gateway === null) return { outcome: 'not-checked', seen: 'the gateway is not known yet' };
  const everywhere = await unlessForbidden(() => listRoutes(kube));
  const all = everywhere ?? (await listRoutes(kube, service.namespace));
  const isNamed = ({ metadata }: HTTPRoute) =>
    metadata.namespace === service.namespace && service.routes?.includes(metadata.name);
  const others = all.filter(
    (route) => isAttached(route, gateway) && !isOfTheGate(route) && !isOwnedBy(route, service) && !isNamed(route),
  );
  const partly = everywhere === null ? '; routes of other namespaces may not be listed' : '';
  if (others.length === 0) {
    return partly
      ? { outcome: 'not-checked', seen: `none in ${service.namespace}${partly}`, remedy: `${GRANT}.` }
      : { seen: 'no other route on the gateway' };
  }
  const names = others.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  const version = versionOf(given.istiod);
  const shared = others.some(({ spec }) => (spec?.hostnames ?? []).length === 0);
  if (version && isBefore(version, [1, 28, 5]) && shared) {
    throw new Failure({
      stage: 'preflight',
      code: 'route-competes',
      message: `Gateway ${gateway.namespace}/${gateway.name} has routes that are older than this run's: ${names.join(', ')}. Istio ${version.join('.')} would not use the endpoint picker for it.`,
      hint: 'Remove them for the run ("retire"), use another gateway, or upgrade Istio to 1.28.5 or later.',
    });
  }
  return {
    outcome: 'warning',
    seen: `${names.length} other ${names.length === 1 ? 'route' : 'routes'} on the gateway: ${names.join(', ')}${partly}`,
    remedy:
      'Measure alone on a gateway: other traffic disturbs, and Istio before 1.28.5 keeps only the oldest route’s picker.',
  };
}
