import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../src/clients/kubernetes/client.ts';
import type { ObjectRef } from '../../../src/clients/kubernetes/objects.ts';
import { modelServerOf } from '../../../src/stack/model-server.ts';
import { readPicker } from '../../../src/stack/picker.ts';
import { readRoute } from '../../../src/stack/route.ts';
import { pathPrefix, rulesOf } from '../../../src/stack/route-rules.ts';
import type { AnyObject } from '../../any-object.ts';
import { fakeKube } from '../stages/fakes.ts';
import { GATEWAY, type KserveVersion, NAMESPACE, SERVICE, VERSIONS } from './kserve.ts';

const byVersion = VERSIONS.map((version) => [version.name, version] as const);
const ref = (version: KserveVersion) => ({
  apiVersion: version.expected.apiVersion,
  name: SERVICE,
  namespace: NAMESPACE,
  replicas: 3,
});

/** A cluster that holds what a version makes; a pool is found only in the group that it is asked for. */
function cluster(version: KserveVersion, change: { routes?: AnyObject[]; deployments?: AnyObject[] } = {}) {
  const { kube } = fakeKube({
    HTTPRoute: () => change.routes ?? [version.route],
    Gateway: () => [GATEWAY],
    Deployment: () => change.deployments ?? [version.picker],
  });
  const get = async (wanted: ObjectRef) =>
    wanted.kind === 'InferencePool'
      ? (version.pools.find(({ apiVersion }) => apiVersion === wanted.apiVersion) ?? null)
      : kube.get(wanted);
  return { ...kube, get } as KubeClient;
}

describe('six versions of KServe', () => {
  it('make 3, 1, 3, 4, 8 and 12 rules', () => {
    expect(VERSIONS.map(({ route }) => rulesOf(route).length)).toEqual([3, 1, 3, 4, 8, 12]);
  });

  it.each(byVersion)('%s: rules by name or by place, and which lead to the pool', (_name, { route, expected }) => {
    const rules = rulesOf(route);
    expect(rules.map(({ index }) => index)).toEqual(rules.map((_rule, index) => index));
    expect(rules.flatMap(({ pool, index }) => (pool ? [index] : []))).toEqual(expected.poolRules);
    expect(rules.flatMap(({ pool, istioName }) => (pool ? [istioName] : []))).toEqual(expected.istioNames);
    expect(pathPrefix(rules)).toBe(`/${NAMESPACE}/${SERVICE}`);
  });

  it.each(byVersion)('%s: the endpoint, its gateway and the group of its pool', async (_name, version) => {
    const found = await readRoute(cluster(version), ref(version), null);
    expect(found).toMatchObject({
      route: {
        gateway: { namespace: 'opendatahub', name: 'inference-gateway' },
        endpoint: `http://34.1.2.3/${NAMESPACE}/${SERVICE}`,
        hostname: null,
        pool: { name: `${SERVICE}-inference-pool` },
      },
    });
    const pool = 'route' in found ? found.route.pool : null;
    expect(pool?.apiVersion.split('/')[0]).toBe(version.expected.poolGroup);
  });

  it.each(byVersion)('%s: scheme and port of vLLM, past the sidecar', (_name, { pod, expected }) => {
    expect(modelServerOf(pod)).toMatchObject({ container: 'main', scheme: expected.scheme, port: 8000 });
  });

  it.each(byVersion)('%s: the endpoint picker and its live weights', async (_name, version) => {
    expect(await readPicker(cluster(version), ref(version))).toEqual({
      image: version.expected.pickerImage,
      scorers: version.expected.scorers,
      source: 'arguments',
    });
  });

  it.each(byVersion)('%s: an endpoint picker with other labels, by its owner', async (_name, version) => {
    const hashed = structuredClone(version.picker);
    hashed.metadata.name = 'qwen2-3b-pattern3-0123456789abcdef0123-router-scheduler';
    hashed.metadata.labels = {};
    const kube = cluster(version, { deployments: [version.workload, hashed] });
    const list: typeof kube.list = async (apiVersion, kind, options) =>
      options?.labelSelector ? [] : kube.list(apiVersion, kind, options);
    expect((await readPicker({ ...kube, list }, ref(version))).scorers).toEqual(version.expected.scorers);
  });
});

const [odh, , v17] = VERSIONS as [KserveVersion, KserveVersion, KserveVersion];

describe('a route', () => {
  const copy = (version: KserveVersion, change: (route: AnyObject) => void): AnyObject => {
    const route = structuredClone(version.route);
    change(route);
    return route;
  };

  it('of another service is not taken, however alike its name', async () => {
    const other = copy(v17, (route) => {
      route.metadata.ownerReferences = [{ kind: 'LLMInferenceService', name: `${SERVICE}-two`, uid: 'v' }];
    });
    expect(await readRoute(cluster(v17, { routes: [other] }), ref(v17), null)).toEqual({ waiting: 'no HTTPRoute yet' });
  });

  it('of a namesake in another group is not taken', async () => {
    const other = copy(v17, (route) => {
      route.metadata.ownerReferences = [
        { apiVersion: 'example.com/v1', kind: 'LLMInferenceService', name: SERVICE, uid: 'v' },
      ];
    });
    expect(await readRoute(cluster(v17, { routes: [other] }), ref(v17), null)).toEqual({ waiting: 'no HTTPRoute yet' });
  });

  it('with the pool is taken before one without', async () => {
    const plain = copy(v17, (route) => {
      route.metadata.name = 'a-first';
      route.spec.rules = [route.spec.rules.at(-1)];
    });
    const found = await readRoute(cluster(v17, { routes: [plain, v17.route] }), ref(v17), null);
    expect(found).toMatchObject({ route: { routeName: `${SERVICE}-kserve-route` } });
  });

  it('is read whatever the order of its rules', async () => {
    for (const version of VERSIONS) {
      const turned = copy(version, (route) => route.spec.rules.reverse());
      const found = await readRoute(cluster(version, { routes: [turned] }), ref(version), null);
      expect(found, version.name).toMatchObject({
        route: { endpoint: `http://34.1.2.3/${NAMESPACE}/${SERVICE}`, pool: { name: `${SERVICE}-inference-pool` } },
      });
    }
  });

  it('that leads completions past the pool has none, whatever other rules do', async () => {
    const bypassing = copy(v17, (route) => {
      route.spec.rules[0].backendRefs = structuredClone(route.spec.rules[2].backendRefs);
    });
    const found = await readRoute(cluster(v17, { routes: [bypassing] }), ref(v17), null);
    expect(found).toMatchObject({ route: { pool: null } });
  });

  it('on several gateways is read on the one that is wanted', async () => {
    const both = copy(v17, (route) => {
      route.spec.parentRefs = [{ name: 'internal', namespace: 'infra' }, ...route.spec.parentRefs];
    });
    const wanted = { namespace: 'opendatahub', name: 'inference-gateway' };
    const found = await readRoute(cluster(v17, { routes: [both] }), ref(v17), wanted);
    expect(found).toMatchObject({ route: { gateway: wanted } });
  });

  it('still in the old group while both pools are there is read in the old one', async () => {
    const found = await readRoute(cluster(odh), ref(odh), null);
    expect(found).toMatchObject({ route: { pool: { apiVersion: 'inference.networking.x-k8s.io/v1alpha2' } } });
  });
});

describe('the model server', () => {
  const pod = (container: Record<string, unknown>, ...others: Record<string, unknown>[]): AnyObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'main', ...container }, ...others] },
  });

  it.each<[string, Record<string, unknown>, Partial<ReturnType<typeof modelServerOf>>]>([
    [
      'the last --port of several',
      { command: ['vllm', 'serve', '--port', '8000'], args: ['--port=9000'] },
      { port: 9000 },
    ],
    ['a port with an equals sign', { args: ['vllm serve --port=8001'] }, { port: 8001 }],
    ['a port in quotes', { args: ['vllm serve --port "8002"'] }, { port: 8002 }],
    [
      'no flag that only begins alike',
      { args: ['vllm serve --port-range 1'], ports: [{ containerPort: 8003 }] },
      { port: 8003 },
    ],
    [
      'a named port of the probe',
      { ports: [{ name: 'http', containerPort: 8004 }], readinessProbe: { httpGet: { port: 'http' } } },
      { port: 8004 },
    ],
    ['vLLM’s own port when nothing tells', {}, { port: 8000, scheme: 'http' }],
    ['TLS by a flag with an equals sign', { args: ['--ssl-certfile=/tls.crt'] }, { scheme: 'https' }],
    ['TLS by the probe', { readinessProbe: { httpGet: { port: 8000, scheme: 'HTTPS' } } }, { scheme: 'https' }],
    [
      'no TLS by a comment of the script',
      { command: ['bash', '-c', '# --ssl-certfile x\nvllm serve'] },
      { scheme: 'http' },
    ],
    ['no TLS by a file of another purpose', { args: ['--ssl-certfile-check'] }, { scheme: 'http' }],
  ])('has %s', (_what, container, expected) => {
    expect(modelServerOf(pod(container))).toMatchObject(expected);
  });

  it('is told from its neighbours by its command, then by its chips', () => {
    const renamed: AnyObject = {
      ...pod({}),
      spec: {
        containers: [{ name: 'istio-proxy' }, { name: 'web' }, { name: 'llm', args: ['vllm serve --port 8005'] }],
      },
    };
    expect(modelServerOf(renamed)).toMatchObject({ container: 'llm', port: 8005 });
    const chips: AnyObject = {
      ...pod({}),
      spec: { containers: [{ name: 'web' }, { name: 'llm', resources: { limits: { 'google.com/tpu': '4' } } }] },
    };
    expect(modelServerOf(chips)).toMatchObject({ container: 'llm' });
  });
});

describe('the endpoint picker', () => {
  const withArgs = (args: string[]): AnyObject => {
    const picker = structuredClone(v17.picker);
    picker.spec.template.spec.containers[0].args = args;
    return picker;
  };

  it.each<[string, AnyObject[], string]>([
    ['has a file that cannot be read from here', [withArgs(['--config-file', '/etc/epp.yaml'])], 'file'],
    ['goes by its own defaults', [withArgs(['--pool-name', 'p'])], 'default'],
    ['is not there', [], 'not found'],
  ])('that %s is not guessed at', async (_what, deployments, source) => {
    expect(await readPicker(cluster(v17, { deployments }), ref(v17))).toMatchObject({ scorers: null, source });
  });
});
