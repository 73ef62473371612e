import { errorText } from '../errors.ts';
import type { Store } from '../kube/store.ts';
import type { GatewayBackend, GatewayPicker, GatewayRoute, GatewayTable, KubeObject } from '../protocol.ts';
import { targetPortOf } from './endpoint-slices.ts';
import { tlsTo } from './gateway-tls.ts';
import { ROOT_NAMESPACE } from './mesh.ts';
import { allows } from './network-policy.ts';
import { isReady, selects } from './objects.ts';
import { configTextOf, type Scorer, scorersOf, servesTls } from './picker-config.ts';
import { peerOf } from './pod-context.ts';
import { poolGroupOfIstio, readPool } from './pools.ts';
import type { ReplicaAddress } from './replicas.ts';
import * as resources from './resources.ts';
import { type BackendRef, isAccepted, rulesOf } from './route-rules.ts';

const GATEWAY_LABEL = 'gateway.networking.k8s.io/gateway-name';
const PICKER_PORT = 9002;
const { HTTP_ROUTES, PODS, SERVICES } = resources;

export type AddressOf = (namespace: string, pod: string) => ReplicaAddress | undefined;

/** The whole routing table of one gateway: what Istio would tell its Envoy, from the objects as they are now. */
export function gatewayTable(
  store: Store,
  gateway: KubeObject,
  addressOf: AddressOf,
  /** `oldest`: Envoy asks the endpoint picker for the oldest route alone, as with Istio before 1.28.5. */
  asks: 'every' | 'oldest' = 'every',
): GatewayTable {
  const routes = store
    .list(HTTP_ROUTES)
    .filter((route) => !route.metadata.deletionTimestamp && isAccepted(route, gateway))
    .sort(byAge);
  const entries = routes.map((route) => entriesOf(store, gateway, route, addressOf));
  if (asks === 'oldest') for (const route of entries.slice(firstWithPicker(entries) + 1).flat()) unask(route);
  return { routes: entries.flat() };
}

function firstWithPicker(entries: GatewayRoute[][]): number {
  return entries.findIndex((routes) => routes.some(({ backend }) => backend?.picker));
}

function unask({ backend }: GatewayRoute): void {
  if (backend?.picker) backend.picker.asked = false;
}

/** Older routes win between equal matches, then names in order (Gateway API, conflict resolution). */
function byAge(a: KubeObject, b: KubeObject): number {
  const age = (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '');
  return (
    age || `${a.metadata.namespace}/${a.metadata.name}`.localeCompare(`${b.metadata.namespace}/${b.metadata.name}`)
  );
}

function entriesOf(store: Store, gateway: KubeObject, route: KubeObject, addressOf: AddressOf): GatewayRoute[] {
  const { namespace, name } = route.metadata;
  return rulesOf(route).flatMap((rule, index) => {
    // Istio names Envoy's route by the rule where the rule has a name.
    const asked = !filtersErase(store, gateway, rule.name ?? `${namespace}.${name}.${index}`);
    const ref = rule.backendRefs?.find((one) => one.weight !== 0);
    const backend = ref ? backendOf(store, gateway, namespace as string, ref, asked, addressOf) : null;
    const rewrite = rule.filters?.find((filter) => filter.type === 'URLRewrite')?.urlRewrite?.path;
    const set = (rule.filters ?? []).flatMap((filter) => filter.responseHeaderModifier?.set ?? []);
    return (rule.matches ?? [{}]).map((match) => ({
      name: `${namespace}/${name}/${index}`,
      pathPrefix: match.path?.value ?? '/',
      replacePrefix: rewrite?.replacePrefixMatch ?? null,
      ...(match.path?.type === 'Exact' ? { exact: true } : {}),
      ...(match.headers ? { headers: match.headers.map((one) => ({ name: one.name, value: one.value })) } : {}),
      ...(set.length > 0 ? { setHeaders: set.flatMap(({ name, value }) => [name, value]) } : {}),
      backend,
    }));
  });
}

function backendOf(
  store: Store,
  gateway: KubeObject,
  namespace: string,
  ref: BackendRef,
  /** Whether Envoy knows of the route's endpoint picker. */
  asked: boolean,
  addressOf: AddressOf,
): GatewayBackend | null {
  if ((ref.kind ?? 'Service') === 'Service') {
    const service = store.get(SERVICES, namespace, ref.name);
    const port = service?.spec?.ports?.find((one: { port: number }) => one.port === ref.port);
    if (!service || !port) return null;
    return {
      kind: 'Service',
      name: ref.name,
      cluster: clusterName(port.port, ref.name, namespace),
      tls: tlsTo(store, namespace, { service: ref.name, port: port.port }, service.spec.selector, (pod) =>
        targetPortOf(port, pod),
      ),
      endpoints: endpointsOf(store, namespace, service.spec.selector, (pod) => targetPortOf(port, pod), addressOf),
      reachable: reaches(store, gateway, namespace, service.spec.selector, (pod) => targetPortOf(port, pod)),
      picker: null,
    };
  }
  const group = poolGroupOfIstio(store);
  const object = ref.group === group ? store.get(resources.poolsOf(group), namespace, ref.name) : undefined;
  if (!object) return null;
  const pool = readPool(object);
  const shadow = store
    .list(SERVICES, namespace)
    .find((service) => service.metadata.labels?.['istio.io/inferencepool-name'] === ref.name);
  return {
    kind: 'InferencePool',
    name: ref.name,
    cluster: clusterName(54321, shadow?.metadata.name ?? ref.name, namespace),
    tls:
      shadow !== undefined &&
      tlsTo(store, namespace, { service: shadow.metadata.name, port: 54321 }, pool.selector, () => pool.targetPort),
    endpoints: endpointsOf(store, namespace, pool.selector, () => pool.targetPort, addressOf),
    reachable: reaches(store, gateway, namespace, pool.selector, () => pool.targetPort),
    picker: pool.picker === undefined ? null : pickerOf(store, gateway, namespace, pool.picker, pool.failOpen, asked),
  };
}

function pickerOf(
  store: Store,
  gateway: KubeObject,
  namespace: string,
  service: string,
  failOpen: boolean,
  asked: boolean,
): GatewayPicker {
  const selector = store.get(SERVICES, namespace, service)?.spec?.selector;
  const pod = livePicker(store, namespace, selector);
  const main = pod?.spec.containers.find((container: { name: string }) => container.name === 'main');
  const words: string[] = [...(main?.command ?? []), ...(main?.args ?? [])];
  return {
    scorers: liveScorers(`${namespace}/${service}`, words),
    cluster: clusterName(PICKER_PORT, service, namespace),
    address: pod ? `${pod.status?.podIP}:${PICKER_PORT}` : null,
    unready: unreadyAddresses(store, namespace, selector),
    asked,
    reachable: reaches(store, gateway, namespace, selector ?? {}, () => PICKER_PORT),
    tls: tlsTo(store, namespace, { service, port: PICKER_PORT }, selector ?? {}, () => PICKER_PORT),
    servesTls: servesTls(words),
    failOpen,
  };
}

function endpointsOf(
  store: Store,
  namespace: string,
  selector: Record<string, string>,
  portOf: (pod: KubeObject) => number | undefined,
  addressOf: AddressOf,
): GatewayBackend['endpoints'] {
  return store
    .list(PODS, namespace)
    .filter((pod) => selects(selector, pod) && isReady(pod) && !pod.metadata.deletionTimestamp)
    .flatMap((pod) => {
      const address = addressOf(namespace, pod.metadata.name);
      // A target port that the server does not listen on is no way to it; Envoy's answer is a 503 either way.
      if (!address || address.podPort !== portOf(pod)) return [];
      const own = `${pod.status?.podIP}:${address.podPort}`;
      return [{ namespace, pod: pod.metadata.name, port: address.port, address: own }];
    });
}

/** Whether policies let the gateway through to a pod of the selector; true while there is none. */
function reaches(
  store: Store,
  gateway: KubeObject,
  namespace: string,
  selector: Record<string, string>,
  portOf: (pod: KubeObject) => number | undefined,
): boolean {
  const policies = store.list({ group: 'networking.k8s.io', plural: 'networkpolicies' });
  const from = {
    namespace: gateway.metadata.namespace ?? '',
    labels: { [GATEWAY_LABEL]: gateway.metadata.name },
    ip: '10.4.0.9',
  };
  const pods = store.list(PODS, namespace).filter((pod) => selects(selector, pod));
  return pods.every((pod) => allows(policies, { from, to: peerOf(pod), protocol: 'TCP', port: portOf(pod) ?? 0 }));
}

/** An ext_proc override of a route without a gRPC service replaces Istio's own (its merge replaces map entries). */
function filtersErase(store: Store, gateway: KubeObject, route: string): boolean {
  const { namespace } = gateway.metadata;
  const filters = [...new Set([namespace, ROOT_NAMESPACE])].flatMap((where) =>
    store.list({ group: 'networking.istio.io', plural: 'envoyfilters' }, where),
  );
  const applied = filters.filter((filter) => isApplied(store, gateway, filter));
  const patches = applied.flatMap(({ spec }) => (spec?.configPatches ?? []) as Record<string, KubeObject>[]);
  return patches.some(({ applyTo, match, patch }) => {
    const named = match?.routeConfiguration?.vhost?.route?.name as string | undefined;
    const text = JSON.stringify(patch?.value ?? null);
    if (!['ANY', 'GATEWAY'].includes(String(match?.context ?? 'ANY'))) return false;
    const removed = match?.listener?.filterChain?.filter?.subFilter?.name === 'envoy.filters.http.ext_proc';
    if (String(applyTo) === 'HTTP_FILTER' && String(patch?.operation) === 'REMOVE') return removed;
    const fits = String(applyTo) === 'HTTP_ROUTE' && (named === undefined || named === route);
    return fits && /ext_proc/i.test(text) && !/grpc_?service/i.test(text);
  });
}

/** Istio applies a filter to a gateway that it names beside itself, or to pods that have all labels of its selector. */
function isApplied(store: Store, gateway: KubeObject, { metadata, spec }: KubeObject): boolean {
  const { namespace, name } = gateway.metadata;
  const targets = (spec?.targetRefs ?? []) as { kind: string; name: string }[];
  if (targets.length > 0) {
    return metadata.namespace === namespace && targets.some((ref) => ref.kind === 'Gateway' && ref.name === name);
  }
  const ofGateway = { [GATEWAY_LABEL]: name };
  const wanted = { ...ofGateway, ...spec?.workloadSelector?.labels };
  if (wanted[GATEWAY_LABEL] !== name) return false;
  if (Object.keys(wanted).length === 1) return true;
  return store.list(PODS, namespace).some((pod) => selects(ofGateway, pod) && selects(wanted, pod));
}

/** As Istio names the clusters of its Envoys. */
function clusterName(port: number, service: string, namespace: string): string {
  return `outbound|${port}||${service}.${namespace}.svc.cluster.local`;
}

/** The addresses of an endpoint picker's pods that are not Ready. */
function unreadyAddresses(store: Store, namespace: string, selector: Record<string, string> | undefined): string[] {
  return store
    .list(PODS, namespace)
    .filter((one) => selects(selector, one) && !isReady(one) && !one.metadata.deletionTimestamp && one.status?.podIP)
    .map((one) => `${one.status?.podIP}:${PICKER_PORT}`);
}

/** The Ready pod of an endpoint picker; undefined while there is none. */
function livePicker(
  store: Store,
  namespace: string,
  selector: Record<string, string> | undefined,
): KubeObject | undefined {
  return store
    .list(PODS, namespace)
    .find((one) => selects(selector, one) && isReady(one) && !one.metadata.deletionTimestamp);
}

/** The scorers that an endpoint picker runs with, from its own command line. */
function liveScorers(picker: string, words: string[]): readonly Scorer[] {
  const text = configTextOf(words);
  if (!text) return [];
  try {
    return scorersOf(text);
  } catch (error) {
    process.stderr.write(`lab: endpoint picker ${picker}: ${errorText(error)}\n`);
    return [];
  }
}
