import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RealKube } from '../../lab/apiserver/api-server.ts';
import type { KubeClient } from '../../src/clients/kubernetes/client.ts';
import { describe as named, refOf } from '../../src/clients/kubernetes/objects.ts';
import type { AnyObject } from '../any-object.ts';
import { objectsBelow, pattern } from '../unit/manifests/files.ts';
import { clientOf, makeNamespaces } from './client.ts';
import { startWithCrds } from './crds.ts';

const NAMESPACE = 'llm-d-inference-scheduling';
const GATEWAY_NAMESPACE = 'opendatahub';

/** As `kubectl -n`: a namespace for what carries none. */
function placed(object: AnyObject): AnyObject {
  return { ...object, metadata: { namespace: NAMESPACE, ...object.metadata } };
}

/** What can be applied; retire.yaml is a list of names. The components for production are in `components.test.ts`. */
const STACK_COMPONENTS = ['default-deny', 'envoyfilter', 'upstream-kserve'].map((name) => `components/${name}`);
const SHIPPED: AnyObject[] = [...pattern('pattern1'), ...pattern('pattern3'), ...STACK_COMPONENTS.flatMap(objectsBelow)]
  .filter(({ kind }) => kind !== 'Component')
  .map(placed);
const SERVICES = SHIPPED.filter(({ kind }) => kind === 'LLMInferenceService');

/**
 * The definitions as KServe's repository generates them: conversion None, which changes apiVersion and nothing else. On
 * a cluster KServe's webhook converts v1alpha1 to the stored v1alpha2, fills in defaults and validates. What is judged
 * here is therefore the schema of v1alpha1, its CEL rules, and that nothing is left over in v1alpha2; not the webhooks.
 */
describe.each(['kserve-odh-v0.15', 'kserve-v0.17.1', 'kserve-v0.20.0'] as const)('API server with %s', (kserve) => {
  let kube: RealKube;
  let client: KubeClient;

  // A server for each version: an installed definition cannot be replaced by one that never stored what it stores.
  beforeAll(async () => {
    kube = await startWithCrds('istio', kserve);
    client = clientOf(kube);
    await makeNamespaces(client, NAMESPACE, GATEWAY_NAMESPACE);
  });
  afterAll(async () => {
    await client?.close();
    await kube?.stop();
  });

  it.each(SHIPPED.map((object) => [named(refOf(object)), object] as const))('takes %s', async (_name, object) => {
    const answer = await client.apply(object, { dryRun: true });
    // Nothing of it was pruned, whatever was added.
    expect(answer).toMatchObject(object);
    expect(await client.get(refOf(object))).toBeNull();
  });

  it.each(SERVICES.map((object) => [named(refOf(object)), object] as const))(
    'keeps %s whole, and leaves it alone when it is applied again',
    async (_name, object) => {
      const made = await client.apply(object);
      const again = await client.apply(object);
      expect(again.metadata).toEqual(made.metadata);
      expect(await client.get(refOf(object))).toMatchObject(object);
    },
  );

  it('refuses a misspelt field and says where it is', async () => {
    const object = structuredClone(SERVICES[0]!);
    object.spec.template.containers[0].imagePullpolicy = 'Always';
    await expect(client.apply(object, { dryRun: true })).rejects.toMatchObject({
      code: 'manifest-refused',
      message: expect.stringContaining('.spec.template.containers[name="main"].imagePullpolicy'),
    });
  });

  it('refuses a value of the wrong type and says where it is', async () => {
    const object = structuredClone(SERVICES[0]!);
    object.spec.replicas = 'three';
    await expect(client.apply(object, { dryRun: true })).rejects.toMatchObject({
      code: 'manifest-refused',
      message: expect.stringContaining('spec.replicas'),
    });
  });

  it('knows scheduler.config only from v0.17 on, which is why the weights are in the args', async () => {
    const object = structuredClone(SERVICES[0]!);
    object.spec.router.scheduler.config = { inline: { kind: 'EndpointPickerConfig' } };
    const answer = client.apply(object, { dryRun: true });
    if (kserve === 'kserve-odh-v0.15') {
      await expect(answer).rejects.toMatchObject({
        code: 'manifest-refused',
        message: expect.stringContaining('.spec.router.scheduler.config'),
      });
    } else {
      expect((await (answer as Promise<AnyObject>)).spec.router.scheduler.config.inline.kind).toBe(
        'EndpointPickerConfig',
      );
    }
  });
});
