import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RealKube } from '../../lab/apiserver/api-server.ts';
import type { KubeClient } from '../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../src/clients/kubernetes/objects.ts';
import { readPicker } from '../../src/stack/picker.ts';
import { readRoute } from '../../src/stack/route.ts';
import { GATEWAY, NAMESPACE, SERVICE, VERSIONS } from '../unit/stack/kserve.ts';
import { clientOf, makeNamespaces } from './client.ts';
import { startWithCrds } from './crds.ts';

const collection: Record<string, string> = {
  Gateway: 'gateways',
  HTTPRoute: 'httproutes',
  InferencePool: 'inferencepools',
  LLMInferenceService: 'llminferenceservices',
  Deployment: 'deployments',
};

describe.each(VERSIONS.filter(({ crds }) => crds !== null))('$name on a real API server', (version) => {
  let kube: RealKube;
  let client: KubeClient;

  /** As its controller does: the object, then its status. */
  const put = async (object: KubeObject, uid?: string) => {
    const { status, ...rest } = structuredClone(object);
    for (const owner of rest.metadata.ownerReferences ?? []) owner.uid = uid ?? owner.uid;
    const base = `/apis/${object.apiVersion}/namespaces/${object.metadata.namespace}/${collection[object.kind]}`;
    const made = await kube.ask('POST', `${base}?fieldValidation=Strict`, rest);
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    if (status === undefined) return made.body.metadata.uid as string;
    const merge = { contentType: 'application/merge-patch+json' };
    const written = await kube.ask('PATCH', `${base}/${object.metadata.name}/status`, { status }, merge);
    expect(written.status, JSON.stringify(written.body)).toBe(200);
    return made.body.metadata.uid as string;
  };

  beforeAll(async () => {
    kube = await startWithCrds('gateway-api', 'inference-extension', version.crds!);
    client = clientOf(kube);
    await makeNamespaces(client, NAMESPACE, 'opendatahub');
    // A fresh definition answers 429 for a moment, which the client waits out and a plain request does not.
    for (const { apiVersion, kind } of [GATEWAY, version.service, version.route, ...version.pools]) {
      expect(await client.list(apiVersion, kind)).toEqual([]);
    }
    const uid = await put(version.service);
    for (const object of [GATEWAY, version.route, ...version.pools, version.picker]) await put(object, uid);
  });
  afterAll(async () => {
    await client?.close();
    await kube?.stop();
  });

  it('is read as it is: API version, rules, pool, gateway, weights', async () => {
    const { apiVersion, rules, poolGroup, scorers, pickerImage } = version.expected;
    expect(await client.versionsOf('serving.kserve.io')).toContain(apiVersion.split('/')[1]);
    const service = { apiVersion, name: SERVICE, namespace: NAMESPACE, replicas: 3 };
    const found = await readRoute(client, service, null);
    expect(found).toMatchObject({
      route: {
        endpoint: `http://34.1.2.3/${NAMESPACE}/${SERVICE}`,
        gateway: { namespace: 'opendatahub', name: 'inference-gateway' },
        pool: { name: `${SERVICE}-inference-pool` },
      },
    });
    const route = 'route' in found ? found.route : null;
    expect(route?.rules).toHaveLength(rules);
    expect(route?.rules.flatMap(({ pool, istioName }) => (pool ? [istioName] : []))).toEqual(
      version.expected.istioNames,
    );
    expect(route?.pool?.apiVersion.split('/')[0]).toBe(poolGroup);
    expect(await readPicker(client, service)).toEqual({ image: pickerImage, scorers, source: 'arguments' });
  });
});
