import { afterEach, describe, expect, it } from 'vitest';
import {
  DESTINATION_RULES,
  HTTP_ROUTES,
  LLM_SERVICES,
  NODES,
  PEER_AUTHENTICATIONS,
  PODS,
  SERVICES,
} from '../../cluster/resources.ts';
import type { GatewayRoute, KubeObject } from '../../protocol.ts';
import { GATEWAY, NAMESPACE, nodePool, patternThree, podsOf, type TestCluster, testCluster, until } from './harness.ts';

let lab: TestCluster;
afterEach(() => lab.close());

const ENVOY_FILTERS = { group: 'networking.istio.io', plural: 'envoyfilters' };
const GATEWAY_LABEL = 'gateway.networking.k8s.io/gateway-name';
const ROUTE = `${NAMESPACE}/qwen2-3b-pattern3-kserve-route`;

function routeNamed(name: string): GatewayRoute | undefined {
  return lab.serving.table().routes.find((route) => route.name === name);
}

async function threeReplicas(): Promise<void> {
  lab = await testCluster();
  lab.store.create(LLM_SERVICES, patternThree());
  lab.cluster.setNodePool('tpu-v6e-pool', nodePool(3));
  await until('three endpoints and a picker', () => {
    const backend = routeNamed(`${ROUTE}/0`)?.backend;
    return backend?.endpoints.length === 3 && backend.picker?.address != null;
  });
}

function temporaryRoute(backend: Record<string, unknown>): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'one-replica', namespace: NAMESPACE },
    spec: {
      parentRefs: [GATEWAY],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/gate/one' } }],
          filters: [
            { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } },
          ],
          backendRefs: [backend],
        },
      ],
    },
  };
}

let filters = 0;

/** Erases the endpoint picker's configuration on every route, of the gateways that `spec` selects. */
function erasing(namespace: string, spec: object = {}): KubeObject {
  const value = { typed_per_filter_config: { 'envoy.filters.http.ext_proc': { overrides: {} } } };
  filters += 1;
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: `erasing-${filters}`, namespace },
    spec: { ...spec, configPatches: [{ applyTo: 'HTTP_ROUTE', patch: { operation: 'MERGE', value } }] },
  };
}

const oneReplicaService = (): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'one-replica', namespace: NAMESPACE },
  spec: { selector: { arm: 'one' }, ports: [{ port: 8000 }] },
});

describe('the routing table of an LLMInferenceService', () => {
  it('sends inference to the pool with the picker’s scorers and the rest to the Service, over TLS', async () => {
    await threeReplicas();
    const routes = lab.serving.table().routes.filter((route) => route.name.startsWith(ROUTE));
    const base = `/${NAMESPACE}/qwen2-3b-pattern3`;
    expect(routes.map(({ pathPrefix, replacePrefix }) => [pathPrefix, replacePrefix])).toEqual([
      [`${base}/v1/completions`, '/v1/completions'],
      [`${base}/v1/chat/completions`, '/v1/chat/completions'],
      [base, '/'],
    ]);
    expect(routes.map(({ backend }) => [backend?.kind, backend?.tls, backend?.endpoints.length])).toEqual([
      ['InferencePool', true, 3],
      ['InferencePool', true, 3],
      ['Service', true, 3],
    ]);
    expect(routes[0]?.backend?.picker?.scorers).toEqual([
      { name: 'prefix-cache-scorer', weight: 2 },
      { name: 'load-aware-scorer', weight: 1 },
    ]);
    expect(routes[2]?.backend?.picker).toBeNull();
  });

  it('lists no address of an endpoint picker that is not Ready', async () => {
    await threeReplicas();
    const [picker] = podsOf(lab.store, 'qwen2-3b-pattern3', 'router-scheduler');
    const address = `${picker!.status.podIP}:9002`;
    const seen = () => routeNamed(`${ROUTE}/0`)?.backend?.picker;
    expect(seen()).toMatchObject({ address, asked: true, reachable: true, tls: true, servesTls: true, failOpen: true });
    // The next one waits until it has been seen that there is none.
    const [node] = lab.store.list(NODES).filter(({ metadata }) => metadata.name === picker!.spec.nodeName);
    const cordoned = lab.store.update(NODES, { ...node!, spec: { ...node!.spec, unschedulable: true } });
    lab.store.delete(PODS, NAMESPACE, picker!.metadata.name);
    await until('no picker', () => seen()?.address === null);
    lab.store.update(NODES, { ...cordoned, spec: node!.spec });
    await until('a new picker', () => seen()?.address != null);
  });

  it('gets through to no pod whose sidecar demands mTLS, but at a port where it does not', async () => {
    await threeReplicas();
    const seen = () => {
      const { backend } = routeNamed(`${ROUTE}/0`) ?? {};
      return [backend?.tls, backend?.picker?.tls, routeNamed(`${ROUTE}/2`)?.backend?.tls];
    };
    expect(seen()).toEqual([true, true, true]);
    const policy = (name: string, spec: object): KubeObject => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name, namespace: NAMESPACE },
      spec: { mtls: { mode: 'STRICT' }, ...spec },
    });
    lab.store.create(PEER_AUTHENTICATIONS, policy('strict', {}));
    await until('nothing to get through', () => seen().every((tls) => tls === false));
    const selector = { matchLabels: { 'kserve.io/component': 'workload' } };
    const portLevelMtls = { 8000: { mode: 'PERMISSIVE' } };
    lab.store.create(PEER_AUTHENTICATIONS, policy('strict-vllm', { selector, portLevelMtls }));
    await until('the way to the replicas', () => seen()[0] === true && seen()[2] === true);
    expect(seen()).toEqual([true, false, true]);
  });

  it('asks no picker where an EnvoyFilter that applies to the gateway erases it, and only there', async () => {
    await threeReplicas();
    const asked = () => routeNamed(`${ROUTE}/0`)?.backend?.picker?.asked;
    const other = { workloadSelector: { labels: { [GATEWAY_LABEL]: 'other-gateway' } } };
    const web = { workloadSelector: { labels: { team: 'web' } } };
    const named = { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: GATEWAY.name }] };
    const without = [erasing(NAMESPACE), erasing('istio-system', other), erasing('istio-system', named)];
    for (const filter of [...without, erasing(GATEWAY.namespace, web)]) lab.store.create(ENVOY_FILTERS, filter);
    const removing = erasing('istio-system');
    const ofSidecars = erasing('istio-system');
    ofSidecars.spec.configPatches[0].match = { context: 'SIDECAR_OUTBOUND' };
    lab.store.create(ENVOY_FILTERS, ofSidecars);
    removing.spec.configPatches = [
      {
        applyTo: 'HTTP_FILTER',
        match: { listener: { filterChain: { filter: { subFilter: { name: 'envoy.filters.http.ext_proc' } } } } },
        patch: { operation: 'REMOVE' },
      },
    ];
    const applied = [erasing('istio-system'), erasing(GATEWAY.namespace, named), removing];
    for (const filter of applied) {
      expect(asked()).toBe(true);
      const { namespace = '', name } = lab.store.create(ENVOY_FILTERS, filter).metadata;
      await until('a route without a picker', () => asked() === false);
      lab.store.delete(ENVOY_FILTERS, namespace, name);
      await until('the picker again', () => asked() === true);
    }
  });

  it('follows the flags of the endpoint picker, the failure mode of its pool and its DestinationRule', async () => {
    lab = await testCluster({ scenario: 'no-tls-rules' });
    const service = patternThree();
    const args = ['--pool-name=p', '--secure-serving=false'];
    service.spec.router.scheduler = {
      pool: { spec: { extensionRef: { failureMode: 'FailClose' } } },
      template: { containers: [{ name: 'main', args }] },
    };
    lab.store.create(LLM_SERVICES, service);
    const seen = () => routeNamed(`${ROUTE}/0`)?.backend?.picker;
    await until('the picker', () => seen()?.address != null);
    expect(seen()).toMatchObject({ tls: false, servesTls: false, failOpen: false });
  });
});

it('deletes what a scenario deletes once a replica is bound, and only then', async () => {
  lab = await testCluster({ scenario: 'rule-deleted-picker' });
  const name = 'qwen2-3b-pattern3-picker';
  lab.store.create(DESTINATION_RULES, {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name, namespace: NAMESPACE },
    spec: { host: 'qwen2-3b-pattern3-epp-service', trafficPolicy: { tls: { mode: 'SIMPLE' } } },
  });
  lab.store.create(LLM_SERVICES, patternThree());
  await until('a picker over TLS', () => routeNamed(`${ROUTE}/0`)?.backend?.picker?.tls === true);
  lab.cluster.setNodePool('tpu-v6e-pool', nodePool(3));
  await until('the rule gone', () => lab.store.get(DESTINATION_RULES, NAMESPACE, name) === undefined);
  await until('a picker without TLS', () => routeNamed(`${ROUTE}/0`)?.backend?.picker?.tls === false);
});

describe('a route made by somebody else', () => {
  it('follows labels put on single pods, and TLS follows the DestinationRule', async () => {
    await threeReplicas();
    const { store } = lab;
    store.create(SERVICES, oneReplicaService());
    store.create(HTTP_ROUTES, temporaryRoute({ name: 'one-replica', port: 8000 }));
    const route = await until('the route', () => routeNamed(`${NAMESPACE}/one-replica/0`));
    expect(route).toMatchObject({ pathPrefix: '/gate/one', replacePrefix: '/' });
    expect(route.backend).toMatchObject({ kind: 'Service', tls: false, endpoints: [], picker: null });
    const parent = store.get(HTTP_ROUTES, NAMESPACE, 'one-replica')?.status.parents[0];
    expect(parent.conditions.map((one: { type: string; status: string }) => `${one.type}=${one.status}`)).toEqual([
      'Accepted=True',
      'ResolvedRefs=True',
    ]);

    const [chosen] = podsOf(store, 'qwen2-3b-pattern3');
    store.update(PODS, {
      ...chosen!,
      metadata: { ...chosen!.metadata, labels: { ...chosen!.metadata.labels, arm: 'one' } },
    });
    store.create(DESTINATION_RULES, {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'one-replica', namespace: NAMESPACE },
      spec: { host: `one-replica.${NAMESPACE}.svc.cluster.local`, trafficPolicy: { tls: { mode: 'SIMPLE' } } },
    });
    const backend = await until('one endpoint over TLS', () => {
      const found = routeNamed(`${NAMESPACE}/one-replica/0`)?.backend;
      return found?.tls === true && found.endpoints.length === 1 && found;
    });
    expect(backend.endpoints.map((endpoint) => endpoint.pod)).toEqual([chosen!.metadata.name]);

    store.delete(HTTP_ROUTES, NAMESPACE, 'one-replica');
    await until('the route gone', () => routeNamed(`${NAMESPACE}/one-replica/0`) === undefined);
  });

  it('names a backend that is not there, and a pool of a group that this Istio does not know', async () => {
    lab = await testCluster({ seeds: () => true });
    const { store } = lab;
    const reasonFor = async (backend: Record<string, unknown>) => {
      store.delete(HTTP_ROUTES, NAMESPACE, 'one-replica');
      store.create(HTTP_ROUTES, temporaryRoute(backend));
      const parents = await until('a status', () => store.get(HTTP_ROUTES, NAMESPACE, 'one-replica')?.status?.parents);
      return parents[0].conditions.find((one: { type: string }) => one.type === 'ResolvedRefs').reason;
    };
    expect(await reasonFor({ name: 'nobody', port: 80 })).toBe('BackendNotFound');
    const pool = { kind: 'InferencePool', name: 'qwen2-3b-pattern1-inference-pool' };
    expect(await reasonFor({ ...pool, group: 'inference.networking.k8s.io' })).toBe('InvalidKind');
    expect(await reasonFor({ ...pool, group: 'inference.networking.x-k8s.io' })).toBe('ResolvedRefs');
  });

  it('is refused when it asks for what the gateway cannot do', async () => {
    lab = await testCluster();
    const route = temporaryRoute({ name: 'nobody', port: 80 });
    route.spec.rules[0].matches = [{ path: { type: 'RegularExpression', value: '/x.*' } }];
    lab.store.create(HTTP_ROUTES, route);
    const parents = await until(
      'a status',
      () => lab.store.get(HTTP_ROUTES, NAMESPACE, 'one-replica')?.status?.parents,
    );
    expect(parents[0].conditions[0]).toMatchObject({ type: 'Accepted', status: 'False', reason: 'UnsupportedValue' });
  });
});
