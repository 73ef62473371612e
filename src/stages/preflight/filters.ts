import type { Manifest } from '../../clients/files/manifests.ts';
import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { unlessForbidden } from '../../clients/kubernetes/forbidden.ts';
import type { EnvoyFilter } from '../../clients/kubernetes/kinds.ts';
import { versionOf } from '../../diagnosis/facts.ts';
import { Failure } from '../../lib/failure.ts';
import { escaped } from '../../lib/pattern.ts';
import { actingOf } from '../../stack/controllers.ts';
import {
  appliesTo,
  filterNamespaces,
  filtersFor,
  type PodLabels,
  podLabelsFor,
  readFilter,
} from '../../stack/filters.ts';
import { servingNames } from '../../stack/kserve-names.ts';
import { isOwnedBy } from '../../stack/ownership.ts';
import type { GatewayRef, ServiceRef } from '../../stack/refs.ts';
import { expectedRouteNames } from '../../stack/route-names.ts';
import { rulesOf } from '../../stack/route-rules.ts';
import { listRoutes } from '../../stack/routes.ts';
import { evidenceAt, serviceObject } from '../../stack/service.ts';
import { namedRoutes } from './gateway-choice.ts';
import { GRANT } from './kserve.ts';
import type { Subject } from './subject.ts';
import type { Look } from './table.ts';

/**
 * EnvoyFilters on the gateway: those that would erase the endpoint picker's configuration, those that match nothing.
 * `kube` lists neither filters nor routes that are deleted before the deploy.
 */
export async function checkFilters(kube: KubeClient, given: Subject): Promise<Look> {
  const { gateway, manifests } = given;
  if (gateway === null) return checkOwnFilters(kube, given);
  const { found, unread } = await filtersFor(kube, gateway);
  const own = manifests.filter(({ object }) => object.kind === 'EnvoyFilter');
  const isReplaced = ({ metadata: { name, namespace } }: EnvoyFilter) =>
    own.some(({ object: { metadata } }) => metadata.name === name && metadata.namespace === namespace);
  const left = found.filter((filter) => !isReplaced(filter));
  const candidates = [...left, ...own.map(({ object }): EnvoyFilter => object)];
  const pods = await podLabelsFor(kube, gateway, candidates);
  const stays = left.filter((filter) => appliesTo(filter, gateway, pods));
  const comes = own.filter(({ object }) => appliesTo(object, gateway, pods));
  const all = [...stays, ...comes.map(({ object }): EnvoyFilter => object)];
  refuseErasing(all, given.service, comes);
  const namesRoutes = all.some((filter) => routesOf(filter).length > 0);
  const idle = namesRoutes ? judgeRoutes(stays, comes, await routesThere(kube, given)) : null;
  if (idle) return idle;
  return (
    judgePlaces(own, gateway) ??
    judgeUnknown(candidates, given.service, gateway, pods) ??
    judgeUnread(unread) ?? {
      seen: all.length === 0 ? 'none on the gateway' : `${all.length}, none erases the picker's configuration`,
    }
  );
}

/** A filter for the endpoint picker in a namespace whose filters Istio does not apply to the gateway changes nothing. */
function judgePlaces(own: readonly Manifest[], gateway: GatewayRef): Look | null {
  const places = filterNamespaces(gateway);
  const astray = own.filter(
    ({ object }) => !places.includes(object.metadata.namespace ?? '') && /ext_proc/i.test(JSON.stringify(object.spec)),
  );
  if (astray.length === 0) return null;
  const names = astray.map(({ object }) => shown(object)).join(', ');
  return {
    outcome: 'warning',
    seen: `EnvoyFilter ${names} configures ext_proc and does not apply to the gateway ${gateway.namespace}/${gateway.name}: Istio applies those of ${places.join(' and ')}`,
    remedy: `Move it to ${gateway.namespace}, or take it out: Istio 1.27 and later need none.`,
  };
}

function judgeUnknown(
  filters: readonly EnvoyFilter[],
  { namespace, name }: ServiceRef,
  gateway: GatewayRef,
  pods: PodLabels,
): Look | null {
  const erasing = filters.filter(
    (filter) =>
      appliesTo(filter, gateway, pods) === null && readFilter(filter, { namespace, service: name }).erasesPicker,
  );
  if (erasing.length === 0) return null;
  return {
    outcome: 'not-checked',
    seen: `EnvoyFilter ${erasing.map(shown).join(', ')} would erase the picker's configuration if it selects pods of the gateway, whose labels are not known`,
    remedy: `${GRANT}.`,
  };
}

function judgeUnread(namespaces: readonly string[]): Look | null {
  if (namespaces.length === 0) return null;
  return {
    outcome: 'not-checked',
    seen: `EnvoyFilters of ${namespaces.join(', ')} may not be listed`,
    remedy: `${GRANT}.`,
  };
}

/** Those of the manifests, which can be judged while the gateway is not known. */
async function checkOwnFilters(kube: KubeClient, given: Subject): Promise<Look> {
  const own = given.manifests.filter(({ object }) => object.kind === 'EnvoyFilter');
  const filters = own.map(({ object }): EnvoyFilter => object);
  refuseErasing(filters, given.service, own);
  const namesRoutes = filters.some((filter) => routesOf(filter).length > 0);
  const idle = namesRoutes ? judgeRoutes([], own, await routesThere(kube, given)) : null;
  if (idle) return idle;
  const judged = own.length > 0 ? `; ${own.length} of the manifests, none erases the picker's configuration` : '';
  return { outcome: 'not-checked', seen: `those of the gateway are not known while it is not${judged}` };
}

function refuseErasing(
  filters: readonly EnvoyFilter[],
  { namespace, name }: ServiceRef,
  comes: readonly Manifest[],
): void {
  const erasing = filters.filter((filter) => readFilter(filter, { namespace, service: name }).erasesPicker);
  const [first] = erasing;
  if (!first) return;
  const own = comes.find(({ object }) => erasing.includes(object));
  throw new Failure({
    stage: 'preflight',
    code: 'envoyfilter-erases',
    message: `EnvoyFilter ${erasing.map(shown).join(', ')} removes ext_proc, or overrides it for a route without naming a gRPC service: requests would never reach the endpoint picker.`,
    hint: own
      ? `Take EnvoyFilter ${own.object.metadata.name} out of the manifests; Istio 1.27 and later need none.`
      : `kubectl -n ${first.metadata.namespace} delete envoyfilter ${first.metadata.name}; Istio 1.27 and later need none.`,
    ...(own
      ? {
          blame: 'change',
          evidence: evidenceAt(own, ['metadata', 'name'], 'erases the configuration of the endpoint picker'),
        }
      : {}),
  });
}

/** Routes of the gateway by Istio's names. */
interface RouteNames {
  /** Of the service under test; null where nothing shows them before KServe has made its route. */
  own: string[] | null;
  others: ReadonlySet<string>;
  /** Routes of other namespaces may not be listed. */
  partial: boolean;
  /** Namespace and name of the service's route. */
  namespace: string;
  route: string | null;
}

async function routesThere(kube: KubeClient, given: Subject): Promise<RouteNames> {
  const { service, manifests, controllers } = given;
  const everywhere = await unlessForbidden(() => listRoutes(kube));
  const all = everywhere ?? (await listRoutes(kube, service.namespace));
  const named = (await namedRoutes(kube, given)).flatMap(({ route }) => route ?? []);
  const others = all
    .filter((route) => !isOwnedBy(route, service))
    .flatMap((route) => rulesOf(route).map(({ istioName }) => istioName));
  const acting = actingOf(controllers);
  const version = acting.length === 1 ? versionOf(acting[0]?.image ?? null) : null;
  const object = serviceObject(manifests);
  return {
    own:
      named.length > 0
        ? named.flatMap((route) => rulesOf(route).map(({ istioName }) => istioName))
        : object
          ? expectedRouteNames(object, service.namespace, version)
          : null,
    others: new Set(others),
    partial: everywhere === null,
    namespace: service.namespace,
    route: object ? servingNames(object).route : null,
  };
}

/** A patch of a route that does not exist changes nothing, and Istio reports nothing. Null where every patch has a route. */
function judgeRoutes(stays: readonly EnvoyFilter[], comes: readonly Manifest[], names: RouteNames): Look | null {
  for (const manifest of comes) {
    const object: EnvoyFilter = manifest.object;
    const routes = routesOf(object);
    if (names.own && routes.length > 0 && routes.every((name) => existence(name, names) === 'no')) {
      throw matchesNothing(manifest, object, names.own);
    }
  }
  const all = [...stays, ...comes.map(({ object }): EnvoyFilter => object)];
  const told = (which: 'no' | 'unknown') =>
    all.flatMap((filter) => {
      const routes = routesOf(filter).filter((name) => existence(name, names) === which);
      return routes.length > 0 ? `${shown(filter)} (${routes.join(', ')})` : [];
    });
  const [idle, unsure] = [told('no'), told('unknown')];
  if (idle.length > 0) {
    return {
      outcome: 'warning',
      seen: `patches of routes that do not exist change nothing: ${idle.join('; ')}`,
      remedy: `Correct or delete them.${names.own ? ` The routes of this service will be ${names.own.join(', ')}.` : ''}`,
    };
  }
  if (unsure.length === 0) return null;
  const why = names.own === null ? 'KServe has not made its route yet' : 'routes of other namespaces may not be listed';
  return { outcome: 'not-checked', seen: `whether these routes exist is not known, for ${why}: ${unsure.join('; ')}` };
}

/** A name with dots begins with the namespace of its route; any other is a rule's own, which every route may have. */
function existence(name: string, { own, others, partial, namespace, route }: RouteNames): 'yes' | 'no' | 'unknown' {
  if (others.has(name) || own?.includes(name)) return 'yes';
  const mayBeOwn = !name.includes('.') || name.startsWith(`${namespace}.${route}.`);
  if (own === null && mayBeOwn) return 'unknown';
  return partial && !name.startsWith(`${namespace}.`) ? 'unknown' : 'no';
}

function matchesNothing(manifest: Manifest, filter: EnvoyFilter, own: readonly string[]): Failure {
  const [first = ''] = routesOf(filter);
  return new Failure({
    stage: 'preflight',
    code: 'envoyfilter-no-route',
    message: `EnvoyFilter ${shown(filter)} patches the routes ${routesOf(filter).join(', ')}, and the gateway will have none of them: it would change nothing.`,
    hint: `Name routes that this KServe makes: ${own.join(', ')}. Istio 1.27 and later need no such filter.`,
    evidence: evidenceAt(manifest, new RegExp(`name: *["']?${escaped(first)}`), 'no such route'),
  });
}

function routesOf(filter: EnvoyFilter): string[] {
  return readFilter(filter, { namespace: '', service: undefined }).routes;
}

function shown({ metadata }: EnvoyFilter): string {
  return `${metadata.namespace}/${metadata.name}`;
}
