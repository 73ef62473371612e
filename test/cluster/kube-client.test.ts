import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RealKube, startApiServer } from '../../lab/apiserver/api-server.ts';
import { isEstablished } from '../../lab/apiserver/established.ts';
import { widgetDefinition } from '../../lab/test/kube/lab.ts';
import type { KubeClient } from '../../src/clients/kubernetes/client.ts';
import { CORE_KINDS } from '../../src/clients/kubernetes/core-kinds.ts';
import { type KubeObject, refOf } from '../../src/clients/kubernetes/objects.ts';
import type { AnyObject } from '../any-object.ts';
import { clientOf } from './client.ts';

let kube: RealKube;
let gate: KubeClient;
let other: KubeClient;
let name: string;
beforeAll(async () => {
  kube = await startApiServer();
  gate = clientOf(kube);
  other = clientOf(kube, { fieldManager: 'somebody-else' });
});
beforeEach(() => {
  name = `t-${randomUUID().slice(0, 8)}`;
});
afterAll(async () => {
  await Promise.all([gate?.close(), other?.close()]);
  await kube?.stop();
});

const configMap = (data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});

const pod = (metadata: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', ...metadata },
  spec: { containers: [{ name: 'main', image: 'vllm' }] },
});

const deployment = (spec: Record<string, unknown>, container: Record<string, unknown> = {}): AnyObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'x', ...container }] },
    },
    ...spec,
  },
});

describe('apply', () => {
  it('creates, and changes nothing when it is repeated', async () => {
    const made = await gate.apply(configMap({ weight: '3' }));
    const again = await gate.apply(configMap({ weight: '3' }));
    expect(again.metadata).toEqual(made.metadata);
  });

  it('removes a field that it no longer names', async () => {
    await gate.apply(configMap({ weight: '3', old: 'yes' }));
    expect((await gate.apply(configMap({ weight: '3' }))).data).toEqual({ weight: '3' });
  });

  it('names field and manager of a conflict, and takes over when told to', async () => {
    await other.apply(configMap({ weight: '3', mine: 'yes' }));
    const conflict = gate.apply(configMap({ weight: '2' }));
    await expect(conflict).rejects.toMatchObject({
      code: 'apply-conflict',
      blame: 'change',
      message: `ConfigMap ${name} in default: another field manager owns .data.weight (conflict with "somebody-else").`,
    });
    const taken = await gate.apply(configMap({ weight: '2' }), { force: true });
    expect(taken.data).toEqual({ weight: '2', mine: 'yes' });
    // And now it is the other one that has the conflict.
    await expect(other.apply(configMap({ weight: '3', mine: 'yes' }))).rejects.toMatchObject({
      message: expect.stringContaining('.data.weight (conflict with "tpu-serving-gate")'),
    });
  });

  it('has no conflict over a value that both want', async () => {
    await other.apply(configMap({ weight: '3' }));
    expect((await gate.apply(configMap({ weight: '3' }))).data).toEqual({ weight: '3' });
  });

  it.each([
    [
      'an unknown field',
      {},
      { imagePullpolicy: 'Always' },
      '.containers[name="main"].imagePullpolicy: field not declared',
    ],
    ['a value of the wrong type', { replicas: 'three' }, {}, '.spec.replicas: expected numeric'],
    ['a value out of range', { replicas: -1 }, {}, 'spec.replicas: Invalid value: -1'],
  ])('says where %s is, at once', async (_what, spec, container, text) => {
    const retries: string[] = [];
    const client = clientOf(kube, { onRetry: (message) => retries.push(message) });
    await expect(client.apply(deployment(spec, container), { dryRun: true })).rejects.toMatchObject({
      code: 'manifest-refused',
      blame: 'change',
      message: expect.stringContaining(text),
    });
    expect(retries).toEqual([]);
    await client.close();
  });

  it('says that a field cannot be changed any more', async () => {
    await gate.apply(deployment({}));
    const changed = deployment({ selector: { matchLabels: { app: 'another' } } });
    changed.spec.template.metadata.labels = { app: 'another' };
    await expect(gate.apply(changed, { dryRun: true })).rejects.toMatchObject({
      code: 'manifest-immutable',
      message: expect.stringContaining('spec.selector'),
    });
  });

  it('says that the namespace is missing, also in a dry run', async () => {
    const lost = { ...configMap({}), metadata: { name, namespace: 'nowhere' } };
    await expect(gate.apply(lost, { dryRun: true })).rejects.toMatchObject({
      message: expect.stringContaining('namespaces "nowhere" not found'),
    });
  });

  it('changes nothing in a dry run, and shows whether the object is there', async () => {
    const existed: boolean[] = [];
    const onExistence = (known: boolean) => existed.push(known);
    const dry = await gate.apply(configMap({ weight: '3' }), { dryRun: true, onExistence });
    expect(dry.data).toEqual({ weight: '3' });
    expect(await gate.get(refOf(dry))).toBeNull();

    const made = await gate.apply(configMap({ weight: '3' }));
    const again = await gate.apply(configMap({ weight: '4' }), { dryRun: true, onExistence });
    expect(again.data).toEqual({ weight: '4' });
    expect(again.metadata.uid).toBe(made.metadata.uid);
    expect(await gate.get(refOf(made))).toEqual(made);
    expect(existed).toEqual([false, true]);
  });
});

describe('kinds', () => {
  it('come to be known after a CustomResourceDefinition, also in a group that was asked before', async () => {
    const widget: KubeObject = {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name, namespace: 'default' },
      spec: { model: 'qwen' },
    };
    const gadget = { ...widget, kind: 'Gadget' };
    expect(await gate.get(refOf(widget))).toBeNull();
    expect(await gate.list(widget.apiVersion, widget.kind)).toBeNull();
    expect(await gate.remove(refOf(widget))).toBe(false);
    expect(await gate.versionsOf('example.com')).toEqual([]);
    await expect(gate.apply(widget)).rejects.toMatchObject({ code: 'kind-unknown' });

    await gate.apply(widgetDefinition());
    await expect.poll(() => isEstablished(kube, widgetDefinition().metadata.name), { timeout: 10_000 }).toBe(true);
    // The first answers may be 429, "storage is (re)initializing", which the client waits out.
    expect((await gate.apply(widget)).spec).toEqual({ model: 'qwen', replicas: 1 });
    expect(await gate.versionsOf('example.com')).toEqual(['v1', 'v1alpha1']);
    expect(await gate.list(widget.apiVersion, 'Widget', { namespace: 'default' })).toMatchObject([widget]);

    expect(await gate.get(refOf(gadget))).toBeNull();
    const second = structuredClone(widgetDefinition());
    second.metadata.name = 'gadgets.example.com';
    second.spec.names = { plural: 'gadgets', singular: 'gadget', kind: 'Gadget' };
    await gate.apply(second);
    await expect.poll(() => isEstablished(kube, second.metadata.name), { timeout: 10_000 }).toBe(true);
    expect(await gate.apply(gadget)).toMatchObject(gadget);
  });

  it('are listed with the preferred version of their group first', async () => {
    expect(await gate.versionsOf('autoscaling')).toEqual(['v2', 'v1']);
  });
});

describe('objects', () => {
  it('are deleted, and were not there the second time', async () => {
    const made = await gate.apply(configMap({}));
    expect(await gate.remove(refOf(made))).toBe(true);
    expect(await gate.get(refOf(made))).toBeNull();
    expect(await gate.remove(refOf(made))).toBe(false);
  });

  it('stay while a finalizer holds them, and say since when', async () => {
    const held = await gate.apply(pod({ finalizers: ['example.com/hold'] }));
    expect(await gate.remove(refOf(held))).toBe(true);
    expect((await gate.get(refOf(held)))?.metadata.deletionTimestamp).toMatch(/^\d{4}-/);
    await gate.mergePatch(refOf(held), { metadata: { finalizers: null } });
    expect(await gate.get(refOf(held))).toBeNull();
  });

  it('are found by label, and carry their kind', async () => {
    await gate.apply(pod({ labels: { app: name } }));
    const found = await gate.list('v1', 'Pod', { namespace: 'default', labelSelector: `app=${name}` });
    expect(found).toMatchObject([{ apiVersion: 'v1', kind: 'Pod', metadata: { name } }]);
    expect(await gate.list('v1', 'Pod', { namespace: 'default', labelSelector: 'app=nothing' })).toEqual([]);
  });

  it('lose and gain a label by a merge patch, and keep the rest', async () => {
    const made = await gate.apply(pod({ labels: { app: name, keep: 'me' } }));
    await gate.mergePatch(refOf(made), { metadata: { labels: { 'tpu-serving-gate/one-replica': 'r1' } } });
    const patched = await gate.mergePatch(refOf(made), { metadata: { labels: { app: null } } });
    expect(patched.metadata.labels).toEqual({ keep: 'me', 'tpu-serving-gate/one-replica': 'r1' });
    expect(patched.spec).toEqual(made.spec);
  });

  it('have no log and no proxy before a kubelet has them', async () => {
    await gate.apply(pod());
    expect(await gate.logs('default', name, 'main', { tailLines: 10, limitBytes: 1_000 })).toBe('');
    expect(await gate.logs('default', 'absent', 'main', { tailLines: 10, limitBytes: 1_000 })).toBe('');
    expect((await gate.podProxy('default', name, 'https:8000', '/metrics')).status).toBe(400);
    expect((await gate.podProxy('default', 'absent', '8000', '/metrics')).status).toBe(404);
  });
});

describe('the kinds of the core group', () => {
  it('are those of the table', async () => {
    const { body } = await kube.ask('GET', '/api/v1');
    const resources: { name: string; kind: string; namespaced: boolean }[] = body.resources;
    const served = resources
      .filter(({ name: plural }) => !plural.includes('/'))
      .map(({ name: plural, kind, namespaced }) => [kind, { plural, namespaced }]);
    expect(Object.fromEntries(served)).toEqual(Object.fromEntries(CORE_KINDS));
  });
});
