import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import type { KubeClient, ListOptions } from '../../../../src/clients/kubernetes/client.ts';
import type { ObjectRef } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { chooseGateway } from '../../../../src/stages/preflight/gateway-choice.ts';
import { checkRoutes } from '../../../../src/stages/preflight/serving.ts';
import type { AnyObject } from '../../../any-object.ts';

const NS = 'serving';

function gateway(place: string, change: { from?: string; className?: string; protocol?: string } = {}): AnyObject {
  const [namespace = '', name = ''] = place.split('/');
  const { from, className = 'istio', protocol = 'HTTP' } = change;
  const allowedRoutes = from === undefined ? {} : { allowedRoutes: { namespaces: { from } } };
  const listeners = [{ name: 'one', protocol, port: 80, ...allowedRoutes }];
  return {
    apiVersion: 'x',
    kind: 'Gateway',
    metadata: { name, namespace },
    spec: { gatewayClassName: className, listeners },
  };
}

function route(name: string, parent: string, owner?: string): AnyObject {
  const [namespace = '', gatewayName = ''] = parent.split('/');
  const ownerReferences = owner ? [{ kind: 'LLMInferenceService', name: owner, uid: 'u' }] : [];
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: NS, ownerReferences },
    spec: { parentRefs: [{ name: gatewayName, namespace }] },
  };
}

interface Given {
  there?: AnyObject[];
  comes?: AnyObject[];
  wanted?: string;
  named?: string;
  routes?: string[];
  /** Whether only the namespace of the service may be listed. */
  narrow?: boolean;
}

const asManifest = (object: AnyObject): Manifest => ({ object, file: 'm.yaml', line: 1 });
const refOf = (place: string) => ({ namespace: place.split('/')[0] ?? '', name: place.split('/')[1] ?? '' });

function client({ there = [], narrow = false }: Given): KubeClient {
  return {
    list: async (_version: string, kind: string, { namespace }: ListOptions = {}) => {
      if (namespace === undefined && narrow) {
        throw new Failure({ stage: 'preflight', code: 'kube-permission', message: 'forbidden' });
      }
      return there.filter(
        (one) => one.kind === kind && (namespace ?? one.metadata.namespace) === one.metadata.namespace,
      );
    },
    get: async ({ kind, name }: ObjectRef) =>
      there.find((one) => one.kind === kind && one.metadata.name === name) ?? null,
  } as unknown as KubeClient;
}

function choose(given: Given) {
  const refs = given.named ? [refOf(given.named)] : [];
  const object = {
    apiVersion: 'x',
    kind: 'LLMInferenceService',
    metadata: { name: 'qwen', namespace: NS },
    spec: { router: { gateway: { refs } } },
  };
  return chooseGateway(client(given), {
    wanted: given.wanted ? refOf(given.wanted) : null,
    manifest: asManifest(object),
    manifests: (given.comes ?? []).map(asManifest),
    service: {
      apiVersion: 'x',
      name: 'qwen',
      namespace: NS,
      replicas: 3,
      ...(given.routes ? { routes: given.routes } : {}),
    },
  });
}

describe('the gateway of a service', () => {
  const all = gateway('infra/gw', { from: 'All' });

  it.each<[string, Given, string]>([
    ['of the input', { wanted: 'a/one', named: 'b/two', there: [all] }, 'a/one'],
    ['of the manifest', { named: 'b/two', there: [all] }, 'b/two'],
    ['of a route of the manifests that it names', { routes: ['team'], comes: [route('team', 'c/three')] }, 'c/three'],
    ['of a route of the cluster that it names', { routes: ['team'], there: [route('team', 'd/four')] }, 'd/four'],
    ['of another service of the namespace', { there: [all, route('other-kserve-route', 'e/five', 'other')] }, 'e/five'],
  ])('is that %s', async (_, given, expected) => {
    expect(await choose(given)).toEqual({ gateway: refOf(expected), why: null });
  });

  it.each<[string, AnyObject[]]>([
    ['alone', [all]],
    [
      'beside one of GKE’s own',
      [all, gateway('infra/gke', { from: 'All', className: 'gke-l7-regional-external-managed' })],
    ],
    ['beside one for its own namespace', [all, gateway('web/shop'), gateway('web/none', { from: 'None' })]],
    ['beside one that carries no HTTP', [all, gateway('infra/tcp', { from: 'All', protocol: 'TCP' })]],
  ])('in an empty cluster is the only one that fits, and is named: %s', async (_, there) => {
    expect(await choose({ there })).toEqual({
      gateway: { namespace: 'infra', name: 'gw' },
      why: 'the only gateway that takes routes of serving',
    });
  });

  it.each<[string, Given, RegExp]>([
    ['there are two', { there: [all, gateway('serving/own')] }, /^2 take routes of serving: infra\/gw, serving\/own$/],
    ['there is none', { there: [gateway('web/shop')] }, /^no gateway of the cluster takes routes of serving$/],
    ['they may not be listed', { there: [all], narrow: true }, /^gateways of all namespaces may not be listed$/],
  ])('is not known where %s', async (_, given, why) => {
    expect(await choose(given)).toEqual({ gateway: null, why: expect.stringMatching(why) });
  });
});

it('a route that the service names does not compete with it', async () => {
  const there = [route('team', 'infra/gw')];
  const look = (named: string[]) =>
    checkRoutes(client({ there }), {
      gateway: { namespace: 'infra', name: 'gw' },
      service: { apiVersion: 'serving.kserve.io/v1alpha1', name: 'qwen', namespace: NS, routes: named },
      istiod: 'istio/pilot:1.27.3',
    });
  expect(await look(['team'])).toEqual({ seen: 'no other route on the gateway' });
  await expect(look([])).rejects.toMatchObject({ code: 'route-competes' });
});
