import type { EnvoyFilter } from '../clients/kubernetes/kinds.ts';
import { GATEWAY_LABEL } from './labels.ts';

/** What an EnvoyFilter does to the requests of a service. */
export interface FilterView {
  /** It overrides ext_proc of one of the service's routes without a gRPC service. */
  erasesPicker: boolean;
  /** It buffers request bodies. */
  buffers: boolean;
  /** Routes that it names, by Istio's names. */
  routes: string[];
  /** It changes the transport of a cluster. */
  patchesCluster: boolean;
}

/** Whether a filter applies to the pods of a gateway: it names that gateway or none. */
export function selectsGateway({ spec }: EnvoyFilter, gateway: { name: string } | null): boolean {
  return (spec?.workloadSelector?.labels?.[GATEWAY_LABEL] ?? gateway?.name) === gateway?.name;
}

/**
 * An ext_proc override of a route without a gRPC service erases Istio's own: merging replaces map entries
 * (istio pkg/proto/merge), and the filter falls back to a cluster that does not exist, which fails open. A patch that
 * names a route counts where it is one of the service's: `namespace.route.index`, or the bare name of a rule, which is
 * the same for every service from KServe v0.19 on.
 */
export function readFilter(
  { spec }: EnvoyFilter,
  target: { namespace: string; service: string | undefined },
): FilterView {
  const patches = spec?.configPatches ?? [];
  const text = (value: unknown) => JSON.stringify(value ?? null);
  return {
    erasesPicker: patches.some(
      ({ applyTo, match, patch }) =>
        (applyTo === 'HTTP_ROUTE' || applyTo === 'VIRTUAL_HOST') &&
        isRouteOf(match?.routeConfiguration?.vhost?.route?.name, target) &&
        /ext_proc/i.test(text(patch?.value)) &&
        !/grpc_service|grpcService/.test(text(patch?.value)),
    ),
    buffers: patches.some(({ patch }) => /request_?body_?mode"?:"?BUFFERED/i.test(text(patch?.value))),
    routes: patches.flatMap(({ match }) => match?.routeConfiguration?.vhost?.route?.name ?? []),
    patchesCluster: patches.some(
      ({ applyTo, patch }) => applyTo === 'CLUSTER' && /transport_?socket/i.test(text(patch?.value)),
    ),
  };
}

function isRouteOf(route: string | undefined, { namespace, service }: Parameters<typeof readFilter>[1]): boolean {
  if (route === undefined || !route.includes('.') || service === undefined) return true;
  // A long name of a service ends in a hash in the name of its route.
  return route.startsWith(`${namespace}.${service.slice(0, 40)}`);
}
