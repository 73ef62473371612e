import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kube/types.ts';
import type { Lab } from './lab.ts';
import { configMap, podObject, startLab, until, widgetDefinition } from './lab.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const create = (name: string, owner?: JsonObject, more: JsonObject = {}) => {
  const object = configMap(name);
  const ownerReferences = owner && [
    { apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid, ...more },
  ];
  return lab.ask('POST', MAPS, { ...object, metadata: { name, ...(ownerReferences ? { ownerReferences } : {}) } });
};
const gone = (path: string) =>
  until(
    () => lab.ask('GET', path),
    ({ code }) => code === 404,
  );
const merge = { 'content-type': 'application/merge-patch+json' };

describe('deletion', () => {
  it('collects what the deleted object owned, through the generations', async () => {
    const owner = (await create('o1')).body;
    const child = (await create('o1-child', owner)).body;
    await create('o1-grandchild', child);
    await lab.ask('DELETE', `${MAPS}/o1`);
    expect((await gone(`${MAPS}/o1-grandchild`)).code).toBe(404);
    expect((await gone(`${MAPS}/o1-child`)).code).toBe(404);
  });

  it('collects the dependents of an object that the system deleted from the store', async () => {
    const owner = (await create('o2')).body;
    await create('o2-child', owner);
    lab.store.delete({ group: '', plural: 'configmaps' }, 'default', 'o2');
    expect((await gone(`${MAPS}/o2-child`)).code).toBe(404);
  });

  it('keeps a dependent that has another living owner', async () => {
    const [first, second] = [(await create('o3a')).body, (await create('o3b')).body];
    const ownerReferences = [first, second].map(({ metadata }) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: metadata.name,
      uid: metadata.uid,
    }));
    await lab.ask('POST', MAPS, { metadata: { name: 'o3-child', ownerReferences } });
    await lab.ask('DELETE', `${MAPS}/o3a`);
    const left = await until(
      () => lab.ask('GET', `${MAPS}/o3-child`),
      ({ body }) => body.metadata?.ownerReferences?.length === 1,
    );
    expect(left.body.metadata.ownerReferences[0].name).toBe('o3b');
  });

  it('lets a foreground deletion wait for its blocking dependents', async () => {
    const owner = (await create('o4')).body;
    const child = (await create('o4-child', owner, { blockOwnerDeletion: true })).body;
    await lab.ask('PATCH', `${MAPS}/${child.metadata.name}`, { metadata: { finalizers: ['example.com/hold'] } }, merge);
    const answer = await lab.ask('DELETE', `${MAPS}/o4`, { propagationPolicy: 'Foreground' });
    expect(answer.body.metadata.finalizers).toEqual(['foregroundDeletion']);
    const held = await until(
      () => lab.ask('GET', `${MAPS}/o4-child`),
      ({ body }) => body.metadata?.deletionTimestamp,
    );
    expect(held.body.metadata.deletionTimestamp).toBeDefined();
    expect((await lab.ask('GET', `${MAPS}/o4`)).code).toBe(200);
    await lab.ask('PATCH', `${MAPS}/o4-child`, { metadata: { finalizers: null } }, merge);
    expect((await gone(`${MAPS}/o4`)).code).toBe(404);
  });

  it('leaves the dependents of an orphaning deletion', async () => {
    const owner = (await create('o5')).body;
    await create('o5-child', owner);
    await lab.ask('DELETE', `${MAPS}/o5?propagationPolicy=Orphan`);
    expect((await gone(`${MAPS}/o5`)).code).toBe(404);
    const child = await lab.ask('GET', `${MAPS}/o5-child`);
    expect(child.code).toBe(200);
    expect(child.body.metadata.ownerReferences).toBeUndefined();
  });

  it('checks preconditions and honours a dry run', async () => {
    const { body } = await create('o6');
    const wrong = await lab.ask('DELETE', `${MAPS}/o6`, { preconditions: { uid: 'other' } });
    expect(wrong.body).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((await lab.ask('DELETE', `${MAPS}/o6`, { dryRun: ['All'] })).code).toBe(200);
    expect((await lab.ask('DELETE', `${MAPS}/o6`, { preconditions: { uid: body.metadata.uid } })).code).toBe(200);
  });

  it('empties a namespace before it goes, and takes nothing new meanwhile', async () => {
    await lab.ask('POST', '/api/v1/namespaces', { metadata: { name: 'brief' } });
    const held = { metadata: { name: 'held', finalizers: ['example.com/hold'] } };
    await lab.ask('POST', '/api/v1/namespaces/brief/configmaps', held);
    expect((await lab.ask('DELETE', '/api/v1/namespaces/brief')).body.status.phase).toBe('Terminating');
    const refused = await lab.ask('POST', '/api/v1/namespaces/brief/configmaps', configMap('late'));
    expect(refused.code).toBe(403);
    expect(refused.body.message).toContain('because it is being terminated');
    await until(
      () => lab.ask('GET', '/api/v1/namespaces/brief/configmaps/held'),
      ({ body }) => body.metadata?.deletionTimestamp,
    );
    await lab.ask('PATCH', '/api/v1/namespaces/brief/configmaps/held', { metadata: { finalizers: null } }, merge);
    expect((await gone('/api/v1/namespaces/brief')).code).toBe(404);
  });

  it('takes the instances of a definition along', async () => {
    await lab.ask('POST', CRDS, widgetDefinition());
    await lab.ask('POST', '/apis/example.com/v1/namespaces/default/widgets', {
      metadata: { name: 'w' },
      spec: { model: 'm' },
    });
    await lab.ask('DELETE', `${CRDS}/widgets.example.com`);
    expect((await gone(`${CRDS}/widgets.example.com`)).code).toBe(404);
    expect(lab.store.list({ group: 'example.com', plural: 'widgets' })).toEqual([]);
  });
});

describe('deletion of pods', () => {
  const bound = () => podObject('p', { spec: { nodeName: 'n', containers: [{ name: 'main', image: 'i' }] } });

  it('is immediate unless the lab has a kubelet that ends them', async () => {
    lab.store.create({ group: '', plural: 'pods' }, bound());
    await lab.ask('DELETE', '/api/v1/namespaces/default/pods/p');
    expect((await lab.ask('GET', '/api/v1/namespaces/default/pods/p')).code).toBe(404);
  });

  it('leaves a bound pod to the kubelet when it is graceful', async () => {
    const graceful = await startLab({ podDeletion: 'graceful' });
    const path = '/api/v1/namespaces/default/pods/p';
    graceful.store.create({ group: '', plural: 'pods' }, bound());
    const { body } = await graceful.ask('DELETE', path, { gracePeriodSeconds: 5 });
    expect(body.metadata).toMatchObject({ deletionGracePeriodSeconds: 5, deletionTimestamp: expect.any(String) });
    expect((await graceful.ask('GET', path)).code).toBe(200);
    await graceful.ask('DELETE', `${path}?gracePeriodSeconds=0`);
    expect((await graceful.ask('GET', path)).code).toBe(404);
    await graceful.close();
  });
});
