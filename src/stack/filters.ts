import type { KubeClient } from '../clients/kubernetes/client.ts';
import { unlessForbidden } from '../clients/kubernetes/forbidden.ts';
import type { EnvoyFilter, EnvoyPatch } from '../clients/kubernetes/kinds.ts';
import { GATEWAY_LABEL, gatewaySelector } from './labels.ts';
import { MESH_NAMESPACE } from './mesh.ts';
import type { GatewayRef } from './refs.ts';

const GATEWAY_GROUP = 'gateway.networking.k8s.io';

/** What an EnvoyFilter does to the requests of a service. */
export interface FilterView {
  /** It overrides ext_proc of one of the service's routes without a gRPC service, or removes the filter. */
  erasesPicker: boolean;
  /** It buffers request bodies. */
  buffers: boolean;
  /** Routes that it names, by Istio's names. */
  routes: string[];
  /** It changes the transport of a cluster. */
  patchesCluster: boolean;
}

/** Labels of each pod of a gateway; null where they are not known. */
export type PodLabels = readonly Readonly<Record<string, string>>[] | null;

/** EnvoyFilters of the namespaces that count for a gateway, and namespaces whose filters may not be listed. */
export interface FiltersThere {
  found: EnvoyFilter[];
  unread: string[];
}

/** Lists the EnvoyFilters that Istio looks at for a gateway: of the gateway's namespace, and of Istio's own. */
export async function filtersFor(kube: KubeClient, gateway: GatewayRef): Promise<FiltersThere> {
  const unread: string[] = [];
  const lists = filterNamespaces(gateway).map(async (namespace) => {
    const listed = await unlessForbidden(
      async () => (await kube.list('networking.istio.io/v1alpha3', 'EnvoyFilter', { namespace })) ?? [],
    );
    if (listed === null) unread.push(namespace);
    return listed ?? [];
  });
  return { found: (await Promise.all(lists)).flat(), unread };
}

/** Namespaces whose EnvoyFilters Istio applies to a gateway. */
export function filterNamespaces({ namespace }: GatewayRef): string[] {
  return [...new Set([namespace, MESH_NAMESPACE])];
}

/**
 * Labels of the pods of a gateway, where one of the filters selects pods by others than the gateway's name. They are asked
 * for then alone. Null where no filter needs them, where the pods may not be listed, and where there are none yet.
 */
export async function podLabelsFor(
  kube: KubeClient,
  gateway: GatewayRef,
  filters: readonly EnvoyFilter[],
): Promise<PodLabels> {
  if (filters.every((filter) => appliesTo(filter, gateway, null) !== null)) return null;
  const labelSelector = gatewaySelector(gateway.name);
  const pods = await unlessForbidden(() => kube.list('v1', 'Pod', { namespace: gateway.namespace, labelSelector }));
  return pods?.length ? pods.map(({ metadata }) => metadata.labels ?? {}) : null;
}

/**
 * Whether Istio applies a filter to a gateway; null where that depends on labels that are not known. A filter counts in the
 * namespace of the gateway and in Istio's own. It selects pods by labels, all of which they must have, or names the gateway
 * in `targetRefs`, beside it alone. (istio pilot/pkg/model: push_context.go, `EnvoyFilters`; policyattachment.go,
 * `ShouldAttachPolicy`.)
 */
export function appliesTo({ metadata, spec }: EnvoyFilter, gateway: GatewayRef, pods: PodLabels): boolean | null {
  if (!filterNamespaces(gateway).includes(metadata.namespace ?? '')) return false;
  const targets = spec?.targetRefs ?? [];
  if (targets.length > 0) {
    if (metadata.namespace !== gateway.namespace) return false;
    return targets.some(
      ({ group, kind, name, namespace }) =>
        `${group}/${kind}/${name}` === `${GATEWAY_GROUP}/Gateway/${gateway.name}` &&
        (namespace || gateway.namespace) === gateway.namespace,
    );
  }
  const { [GATEWAY_LABEL]: named = gateway.name, ...others } = spec?.workloadSelector?.labels ?? {};
  if (named !== gateway.name) return false;
  const wanted = Object.entries(others);
  if (wanted.length === 0) return true;
  return pods?.some((labels) => wanted.every(([name, value]) => labels[name] === value)) ?? null;
}

/** Envoy's name of the filter that asks the endpoint picker (istio pilot/pkg/xds/filters, `InferencePoolExtProc`). */
const EXT_PROC = 'envoy.filters.http.ext_proc';

/**
 * An ext_proc override of a route without a gRPC service erases Istio's own: merging replaces map entries
 * (istio pkg/proto/merge), and the filter falls back to a cluster that does not exist, which fails open. A patch that
 * names a route counts where it is one of the service's: `namespace.route.index`, or the bare name of a rule, which is
 * the same for every service from KServe v0.19 on. Without the filter itself no route asks. Patches of sidecars do nothing
 * to a gateway.
 */
export function readFilter(
  { spec }: EnvoyFilter,
  target: { namespace: string; service: string | undefined },
): FilterView {
  const patches = (spec?.configPatches ?? []).filter(isOfGateways);
  return {
    erasesPicker: patches.some((patch) => erasesRoute(patch, target) || removesFilter(patch)),
    buffers: patches.some(({ patch }) => /request_?body_?mode"?:"?BUFFERED/i.test(text(patch?.value))),
    routes: [...new Set(patches.flatMap(({ match }) => match?.routeConfiguration?.vhost?.route?.name ?? []))],
    patchesCluster: patches.some(
      ({ applyTo, patch }) => applyTo === 'CLUSTER' && /transport_?socket/i.test(text(patch?.value)),
    ),
  };
}

const text = (value: unknown) => JSON.stringify(value ?? null);

function isOfGateways({ match }: EnvoyPatch): boolean {
  return ['ANY', 'GATEWAY'].includes(match?.context ?? 'ANY');
}

function erasesRoute({ applyTo, match, patch }: EnvoyPatch, target: Parameters<typeof readFilter>[1]): boolean {
  return (
    (applyTo === 'HTTP_ROUTE' || applyTo === 'VIRTUAL_HOST') &&
    isRouteOf(match?.routeConfiguration?.vhost?.route?.name, target) &&
    /ext_proc/i.test(text(patch?.value)) &&
    !/grpc_service|grpcService/.test(text(patch?.value))
  );
}

function removesFilter({ applyTo, match, patch }: EnvoyPatch): boolean {
  const isExtProc = match?.listener?.filterChain?.filter?.subFilter?.name === EXT_PROC;
  if (applyTo !== 'HTTP_FILTER' || !isExtProc) return false;
  return patch?.operation === 'REMOVE' || (patch?.operation === 'REPLACE' && !/ext_proc/i.test(text(patch.value)));
}

function isRouteOf(route: string | undefined, { namespace, service }: Parameters<typeof readFilter>[1]): boolean {
  if (route === undefined || !route.includes('.') || service === undefined) return true;
  // A long name of a service ends in a hash in the name of its route.
  return route.startsWith(`${namespace}.${service.slice(0, 40)}`);
}
