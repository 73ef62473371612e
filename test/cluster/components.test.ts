import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RealKube } from '../../lab/apiserver/api-server.ts';
import type { KubeClient } from '../../src/clients/kubernetes/client.ts';
import { describe as named, refOf } from '../../src/clients/kubernetes/objects.ts';
import { COMPONENTS } from '../../src/inputs/parsers/components.ts';
import type { AnyObject } from '../any-object.ts';
import { objectsBelow } from '../unit/manifests/files.ts';
import { clientOf, makeNamespaces } from './client.ts';
import { startWithCrds } from './crds.ts';

const NAMESPACE = 'llm-d-inference-scheduling';
const GATEWAY_NAMESPACE = 'opendatahub';
const PARTS = ['istio', 'managed-prometheus', 'prometheus-operator', 'cert-manager', 'keda'] as const;

const SHIPPED = COMPONENTS.flatMap((component) =>
  objectsBelow(`components/${component}`).map((object): [string, AnyObject] => {
    const placed = { ...object, metadata: { namespace: NAMESPACE, ...object.metadata } };
    return [`${component}: ${named(refOf(placed))}`, placed];
  }),
);

/** Without the webhooks of the products, and with the kinds that Kubernetes has itself. */
describe('API server with the definitions that the components need', () => {
  let kube: RealKube;
  let client: KubeClient;

  beforeAll(async () => {
    kube = await startWithCrds(...PARTS);
    client = clientOf(kube);
    await makeNamespaces(client, NAMESPACE, GATEWAY_NAMESPACE);
  });
  afterAll(async () => {
    await client?.close();
    await kube?.stop();
  });

  it.each(SHIPPED)('takes %s', async (_, object) => {
    expect(await client.apply(object, { dryRun: true })).toMatchObject(object);
  });
});
