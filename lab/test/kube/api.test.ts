import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueToken } from '../../tokens.ts';
import type { Lab } from './lab.ts';
import { configMap, podObject, startLab } from './lab.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ denied: [{ verb: 'delete', group: '', resource: 'nodes' }] });
});
afterAll(() => lab.close());

describe('access', () => {
  it('refuses a foreign and an expired token with 401', async () => {
    const expired = issueToken('test-secret', { subject: 'x', expiresAt: 1 });
    for (const authorization of [
      'Bearer nonsense',
      `Bearer ${issueToken('other', { subject: 'x', expiresAt: 9e15 })}`,
      `Bearer ${expired}`,
    ]) {
      const answer = await lab.ask('GET', MAPS, undefined, { authorization });
      expect(answer.code).toBe(401);
      expect(answer.body).toMatchObject({
        kind: 'Status',
        status: 'Failure',
        reason: 'Unauthorized',
        message: 'Unauthorized',
      });
    }
  });

  it('shows its version and health to anyone', async () => {
    const version = await lab.ask('GET', '/version', undefined, { authorization: '' });
    expect(version.body.gitVersion).toMatch(/^v1\.32\./);
    for (const path of ['/livez', '/readyz', '/healthz']) expect((await lab.ask('GET', path)).text).toBe('ok');
  });

  it('refuses a denied verb in the words of RBAC, and says so in a review', async () => {
    const answer = await lab.ask('DELETE', '/api/v1/nodes/n1');
    expect(answer.code).toBe(403);
    expect(answer.body.message).toBe(
      'nodes "n1" is forbidden: User "gate@example.com" cannot delete resource "nodes" in API group "" at the cluster scope',
    );
    const review = async (verb: string) => {
      const spec = { resourceAttributes: { verb, resource: 'nodes' } };
      return (await lab.ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { spec })).body.status
        .allowed;
    };
    expect(await review('delete')).toBe(false);
    expect(await review('list')).toBe(true);
  });

  it('tells who the caller is', async () => {
    const { body } = await lab.ask('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {});
    expect(body.status.userInfo.username).toBe('gate@example.com');
  });

  it('records every request with its user and agent', async () => {
    await lab.ask('GET', `${MAPS}/recorded?x=1`);
    expect(lab.requests.find(({ path }) => path.includes('recorded'))).toMatchObject({
      method: 'GET',
      path: `${MAPS}/recorded?x=1`,
      status: 404,
      user: 'gate@example.com',
      userAgent: 'tester/1.0',
    });
  });
});

describe('discovery', () => {
  it('lists groups and resources, also in the aggregated form', async () => {
    expect((await lab.ask('GET', '/api')).body.versions).toEqual(['v1']);
    expect((await lab.ask('GET', '/apis')).body.groups.map((group: { name: string }) => group.name)).toContain('apps');
    const names = (await lab.ask('GET', '/api/v1')).body.resources.map((each: { name: string }) => each.name);
    expect(names).toEqual(expect.arrayContaining(['pods', 'pods/log', 'pods/proxy', 'namespaces', 'secrets']));
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const aggregated = await lab.ask('GET', '/apis', undefined, { accept });
    expect(aggregated.body.kind).toBe('APIGroupDiscoveryList');
    expect(aggregated.headers['content-type']).toContain('as=APIGroupDiscoveryList');
  });

  it('has OpenAPI documents whose PATCH takes fieldValidation', async () => {
    const { body } = await lab.ask('GET', '/openapi/v3');
    const { serverRelativeURL } = body.paths['apis/apps/v1'];
    const document = (await lab.ask('GET', serverRelativeURL)).body;
    const { patch } = document.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'];
    expect(patch.parameters.map((each: { name: string }) => each.name)).toContain('fieldValidation');
    expect(document.components.schemas.DeploymentSpec.properties.replicas.type).toBe('number');
  });

  it('has a document for every group version', async () => {
    const { body } = await lab.ask('GET', '/openapi/v3');
    for (const path of Object.keys(body.paths)) expect((await lab.ask('GET', `/openapi/v3/${path}`)).code).toBe(200);
  });
});

describe('objects', () => {
  it('creates, reads, replaces and deletes', async () => {
    const created = await lab.ask('POST', MAPS, configMap('a', { x: '1' }));
    expect(created.code).toBe(201);
    expect(created.body.metadata).toMatchObject({ name: 'a', namespace: 'default', uid: expect.any(String) });
    expect((await lab.ask('POST', MAPS, configMap('a'))).body).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "a" already exists',
    });
    const next = { ...created.body, data: { x: '2' } };
    expect((await lab.ask('PUT', `${MAPS}/a`, next)).body.data).toEqual({ x: '2' });
    const stale = await lab.ask('PUT', `${MAPS}/a`, next);
    expect(stale.body).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(stale.body.message).toContain('the object has been modified');
    expect((await lab.ask('DELETE', `${MAPS}/a`)).body).toMatchObject({
      status: 'Success',
      details: { name: 'a', kind: 'configmaps' },
    });
    expect((await lab.ask('GET', `${MAPS}/a`)).body).toMatchObject({ code: 404, message: 'configmaps "a" not found' });
  });

  it('makes a name from generateName and changes nothing on a dry run', async () => {
    const { body } = await lab.ask('POST', `${MAPS}?dryRun=All`, { metadata: { generateName: 'gen-' } });
    expect(body.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
    expect((await lab.ask('GET', `${MAPS}/${body.metadata.name}`)).code).toBe(404);
  });

  it('refuses an object of another kind, version or namespace, and an unknown namespace', async () => {
    const wrong = [
      { ...configMap('w'), kind: 'Secret' },
      { ...configMap('w'), apiVersion: 'v2' },
      { ...configMap('w'), metadata: { name: 'w', namespace: 'other' } },
    ];
    for (const object of wrong) expect((await lab.ask('POST', MAPS, object)).code).toBe(400);
    const elsewhere = await lab.ask('POST', '/api/v1/namespaces/nowhere/configmaps', configMap('w'));
    expect(elsewhere.body).toMatchObject({ code: 404, message: 'namespaces "nowhere" not found' });
  });

  it('reports an unknown field as an error, a warning or not at all', async () => {
    const misspelt = podObject('typo');
    misspelt.spec.containers[0].imagee = 'x';
    const path = '/api/v1/namespaces/default/pods';
    const strict = await lab.ask('POST', `${path}?fieldValidation=Strict`, misspelt);
    expect(strict.code).toBe(400);
    expect(strict.body.message).toBe(
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imagee"',
    );
    const warned = await lab.ask('POST', `${path}?dryRun=All`, misspelt);
    expect(warned.headers.warning).toBe('299 - "unknown field \\"spec.containers[0].imagee\\""');
    expect(warned.body.spec.containers[0]).not.toHaveProperty('imagee');
    const ignored = await lab.ask('POST', `${path}?dryRun=All&fieldValidation=Ignore`, misspelt);
    expect(ignored.headers).not.toHaveProperty('warning');
  });

  it('refuses values that a field cannot hold, and objects that lack what they need', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    const bad = await lab.ask('POST', deployments, { metadata: { name: 'd' }, spec: { replicas: 'three' } });
    expect(bad.body.message).toContain(
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
    const template = { metadata: { labels: { app: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const unmatched = await lab.ask('POST', deployments, {
      metadata: { name: 'd' },
      spec: { selector: { matchLabels: { app: 'a' } }, template },
    });
    expect(unmatched.code).toBe(422);
    expect(unmatched.body.details.causes[0]).toMatchObject({
      field: 'spec.template.metadata.labels',
      reason: 'FieldValueInvalid',
    });
  });

  it('fills in defaults as the API server does', async () => {
    const service = { metadata: { name: 's' }, spec: { selector: { a: 'b' }, ports: [{ port: 80 }] } };
    const { body } = await lab.ask('POST', '/api/v1/namespaces/default/services?dryRun=All', service);
    expect(body.spec).toMatchObject({ type: 'ClusterIP', clusterIP: expect.stringMatching(/^34\.118\./) });
    expect(body.spec.ports).toEqual([{ port: 80, protocol: 'TCP', targetPort: 80 }]);
  });

  it('keeps status and the rest apart where there is a status subresource', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    await lab.ask('POST', pods, podObject('st', { status: { phase: 'Running' } }));
    const merge = { 'content-type': 'application/merge-patch+json' };
    expect((await lab.ask('PATCH', `${pods}/st`, { status: { phase: 'Failed' } }, merge)).body.status.phase).toBe(
      'Pending',
    );
    const patch = { status: { phase: 'Running' }, metadata: { labels: { a: 'b' } } };
    const through = await lab.ask('PATCH', `${pods}/st/status`, patch, merge);
    expect(through.body.status.phase).toBe('Running');
    expect(through.body.metadata.labels).toBeUndefined();
    await lab.ask('DELETE', `${pods}/st`);
  });

  it('answers 501 for what it cannot do, never a success', async () => {
    lab.store.create({ group: '', plural: 'pods' }, podObject('x'));
    for (const [method, path] of [
      ['POST', '/api/v1/namespaces/default/serviceaccounts/x/token'],
      ['POST', '/api/v1/namespaces/default/pods/x/binding'],
    ] as const) {
      expect((await lab.ask(method, path, {})).body).toMatchObject({ code: 501, reason: 'NotImplemented' });
    }
    expect((await lab.ask('GET', '/apis/nope/v1/things')).code).toBe(404);
  });

  it.each([
    ['/apis/events.k8s.io/v1', 'events.k8s.io'],
    ['/apis/events.k8s.io/v1/namespaces/default/events', 'events.events.k8s.io'],
    ['/apis/metrics.k8s.io/v1beta1/nodes', 'nodes.metrics.k8s.io'],
    ['/api/v1/namespaces/default/replicationcontrollers', 'replicationcontrollers'],
    ['/apis/storage.k8s.io/v1/csinodes', 'csinodes.storage.k8s.io'],
  ])('names itself where a real server has more: %s', async (path, what) => {
    const { code, body } = await lab.ask('GET', path);
    expect([code, body.message]).toEqual([404, `the lab's API server does not play ${what}`]);
  });
});
