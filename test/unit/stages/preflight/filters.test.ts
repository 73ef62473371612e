import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import type { KubeClient, ListOptions } from '../../../../src/clients/kubernetes/client.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import type { Controllers, Flavour } from '../../../../src/stack/controllers.ts';
import { checkFilters } from '../../../../src/stages/preflight/filters.ts';
import type { AnyObject } from '../../../any-object.ts';
import { objectsBelow, pattern } from '../../manifests/files.ts';

const NAMESPACE = 'llm-d-inference-scheduling';
const GATEWAY = { namespace: 'opendatahub', name: 'inference-gateway' };
const SHIPPED = objectsBelow('components/envoyfilter').find(({ kind }) => kind === 'EnvoyFilter')!;
const SERVICE = {
  apiVersion: 'serving.kserve.io/v1alpha1',
  name: 'qwen2-3b-pattern3',
  namespace: NAMESPACE,
  replicas: 3,
};

function asManifest(object: AnyObject): Manifest {
  const placed = { ...object, metadata: { namespace: NAMESPACE, ...object.metadata } };
  return { object: placed, file: 'filter.yaml', line: 1, lineMatching: () => 7, lineOf: () => 5 };
}

function controllers(image: string, flavour: Flavour = 'upstream'): Controllers {
  return { found: [{ namespace: 'kserve', image, flavour, actsOnServices: true }], hidden: [] };
}

function filter(name: string, ...routes: string[]): AnyObject {
  const value = { typed_per_filter_config: { 'envoy.filters.http.ext_proc': { overrides: { grpc_service: {} } } } };
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name, namespace: GATEWAY.namespace },
    spec: {
      configPatches: routes.map((route) => ({
        applyTo: 'HTTP_ROUTE',
        match: { routeConfiguration: { vhost: { route: { name: route } } } },
        patch: { operation: 'MERGE', value },
      })),
    },
  };
}

const shopRoute: AnyObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'shop', namespace: 'web' },
  spec: { rules: [{}, { name: 'checkout' }] },
};

/** Checks with objects that are there, beside Pattern 3 and what it comes with. */
function check(given: {
  there?: AnyObject[];
  comes?: AnyObject[];
  controllers?: Controllers;
  everywhere?: boolean;
  gateway?: typeof GATEWAY | null;
  /** Kinds of namespaces that may not be listed, as `Kind namespace`. */
  hidden?: string[];
}) {
  const { there = [], comes = [], everywhere = true, hidden = [] } = given;
  const kube = {
    list: async (_apiVersion: string, kind: string, { namespace }: ListOptions = {}) => {
      if ((kind === 'HTTPRoute' && namespace === undefined && !everywhere) || hidden.includes(`${kind} ${namespace}`)) {
        throw new Failure({ stage: 'preflight', code: 'kube-permission', message: 'forbidden' });
      }
      return there.filter(
        (one) => one.kind === kind && (namespace === undefined || one.metadata.namespace === namespace),
      );
    },
  } as unknown as KubeClient;
  return checkFilters(kube, {
    service: SERVICE,
    manifests: [...pattern('pattern3'), ...comes].map(asManifest),
    gateway: given.gateway === undefined ? GATEWAY : given.gateway,
    controllers: given.controllers ?? controllers('kserve/llmisvc-controller:v0.20.0'),
  });
}

describe('an EnvoyFilter of the manifests', () => {
  it('that matches no route of KServe v0.20 is refused, with the names that there are', async () => {
    await expect(check({ comes: [SHIPPED] })).rejects.toMatchObject({
      code: 'envoyfilter-no-route',
      blame: 'change',
      message: expect.stringContaining(
        'opendatahub/inference-pool-ext-proc-pattern3 patches the routes llm-d-inference-scheduling.qwen2-3b-pattern3-kserve-route.0',
      ),
      hint: expect.stringContaining('v1-completions-path, v1-chat-completions-path'),
      evidence: { file: 'filter.yaml', line: 7 },
    });
  });

  it.each<[string, Controllers]>([
    ['ODH v0.15', controllers('quay.io/opendatahub/kserve-controller:v0.15-latest', 'odh')],
    ['v0.17.1', controllers('kserve/llmisvc-controller:v0.17.1')],
    ['v0.18.0', controllers('kserve/llmisvc-controller:v0.18.0')],
  ])('as shipped fits %s', async (_, found) => {
    expect(await check({ comes: [SHIPPED], controllers: found })).not.toHaveProperty('outcome');
  });

  it('that names the rules of v0.20 fits, and a route that it misses is named', async () => {
    expect(await check({ comes: [filter('f', 'v1-completions-path')] })).not.toHaveProperty('outcome');
    expect(await check({ comes: [filter('f', 'v1-completions-path', 'v1-typo')] })).toMatchObject({
      outcome: 'warning',
      seen: 'patches of routes that do not exist change nothing: opendatahub/f (v1-typo)',
    });
  });

  it('is not judged by a version that may not be read', async () => {
    const hidden = { found: [], hidden: ['opendatahub', 'kserve'] };
    expect(await check({ comes: [SHIPPED], controllers: hidden })).toMatchObject({
      outcome: 'not-checked',
      seen: expect.stringContaining('KServe has not made its route yet'),
    });
  });
});

describe('without a gateway', () => {
  it('a filter of the manifests is judged all the same', async () => {
    await expect(check({ comes: [SHIPPED], gateway: null })).rejects.toMatchObject({ code: 'envoyfilter-no-route' });
    const erasing = filter('erasing', 'v1-completions-path');
    erasing.spec.configPatches[0].patch.value.typed_per_filter_config['envoy.filters.http.ext_proc'] = {
      overrides: {},
    };
    for (const gateway of [null, undefined]) {
      await expect(check({ comes: [erasing], ...(gateway === null ? { gateway } : {}) })).rejects.toMatchObject({
        ...{ code: 'envoyfilter-erases', blame: 'change' },
        hint: expect.stringMatching(/^Take EnvoyFilter \S+ out of the manifests/),
      });
    }
  });

  it('the check is half a check, and does not pass', async () => {
    const whole = filter('whole', 'v1-completions-path');
    expect(await check({ comes: [whole], gateway: null })).toEqual({
      outcome: 'not-checked',
      seen: "those of the gateway are not known while it is not; 1 of the manifests, none erases the picker's configuration",
    });
    expect(await check({ gateway: null })).toMatchObject({ outcome: 'not-checked' });
  });
});

/** Erases the endpoint picker's configuration of every route, for the pods that `spec` selects. */
function erasing(namespace: string, spec: object = {}): AnyObject {
  const value = { typed_per_filter_config: { 'envoy.filters.http.ext_proc': { overrides: {} } } };
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'lua', namespace },
    spec: { ...spec, configPatches: [{ applyTo: 'HTTP_ROUTE', patch: { operation: 'MERGE', value } }] },
  };
}

const gatewayPod = (labels: Record<string, string>): AnyObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'gateway-1', namespace: GATEWAY.namespace, labels },
});

describe('an EnvoyFilter that erases the configuration of the endpoint picker', () => {
  const TEAM = { workloadSelector: { labels: { team: 'serving' } } };

  it.each([
    ['in Istio’s namespace is refused, for Istio applies it to every gateway', erasing('istio-system'), []],
    ['for labels that pods of the gateway have is refused', erasing('istio-system', TEAM), [{ team: 'serving' }]],
  ])('%s', async (_, one, pods) => {
    await expect(check({ there: [one, ...pods.map(gatewayPod)] })).rejects.toMatchObject({
      code: 'envoyfilter-erases',
      hint: expect.stringMatching(/^kubectl -n istio-system delete envoyfilter lua;/),
    });
  });

  it.each([
    ['in the namespace of the service is for pods there', erasing(NAMESPACE), []],
    ['for labels that no pod of the gateway has is for others', erasing('istio-system', TEAM), [{ team: 'web' }]],
    [
      'that names another gateway is for that',
      erasing(GATEWAY.namespace, {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'else' }],
      }),
      [],
    ],
  ])('%s', async (_, one, pods) => {
    expect(await check({ there: [one, ...pods.map(gatewayPod)] })).toEqual({ seen: 'none on the gateway' });
  });

  it('is not called harmless where the pods that it selects may not be listed', async () => {
    expect(await check({ there: [erasing('istio-system', TEAM)], hidden: ['Pod opendatahub'] })).toMatchObject({
      outcome: 'not-checked',
      seen: expect.stringContaining('EnvoyFilter istio-system/lua would erase'),
    });
  });

  it('may lie in a namespace that may not be listed', async () => {
    expect(await check({ hidden: ['EnvoyFilter istio-system'] })).toMatchObject({
      outcome: 'not-checked',
      seen: 'EnvoyFilters of istio-system may not be listed',
    });
  });
});

describe('an EnvoyFilter for the endpoint picker', () => {
  it('in the namespace of the service is warned of, for it does not apply to the gateway', async () => {
    const one = filter('f', 'v1-completions-path');
    one.metadata.namespace = NAMESPACE;
    expect(await check({ comes: [one] })).toMatchObject({
      outcome: 'warning',
      seen: expect.stringContaining(`EnvoyFilter ${NAMESPACE}/f configures ext_proc and does not apply`),
      remedy: expect.stringContaining('Move it to opendatahub'),
    });
  });
});

describe('an EnvoyFilter of the gateway', () => {
  it('is left alone where its routes exist', async () => {
    const there = [shopRoute, filter('shop', 'web.shop.0', 'checkout')];
    expect(await check({ there })).toEqual({ seen: "1, none erases the picker's configuration" });
  });

  it('that matches nothing is named', async () => {
    expect(await check({ there: [filter('old', 'web.gone.0')] })).toMatchObject({
      outcome: 'warning',
      seen: expect.stringContaining('opendatahub/old (web.gone.0)'),
    });
  });

  it('is not called idle where routes of other namespaces may not be listed', async () => {
    expect(await check({ there: [filter('shop', 'web.shop.0')], everywhere: false })).toMatchObject({
      outcome: 'not-checked',
      seen: expect.stringContaining('routes of other namespaces may not be listed'),
    });
  });
});
