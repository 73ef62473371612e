import { describe, expect, it } from 'vitest';
import type { Client, Json } from './client.ts';
import { DEFINITIONS, WIDGET_VERSION, widgetDefinition } from './objects.ts';

const named = (body: Json, name: string): Json => body.resources.find((each: Json) => each.name === name);

export function discoveryContract(kube: () => Client): void {
  describe('discovery', () => {
    it('lists the core resources, with their subresources, verbs and short names', async () => {
      const { code, body } = await kube().get('/api/v1');
      expect(code).toBe(200);
      expect(body).toMatchObject({ kind: 'APIResourceList', groupVersion: 'v1' });
      expect(named(body, 'pods')).toMatchObject({
        singularName: 'pod',
        namespaced: true,
        kind: 'Pod',
        shortNames: ['po'],
        categories: ['all'],
        verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      });
      expect(named(body, 'pods/log')).toEqual({
        name: 'pods/log',
        singularName: '',
        namespaced: true,
        kind: 'Pod',
        verbs: ['get'],
      });
      expect(named(body, 'pods/eviction')).toMatchObject({ group: 'policy', version: 'v1', kind: 'Eviction' });
      expect(named(body, 'pods/proxy').kind).toBe('PodProxyOptions');
      expect(named(body, 'namespaces').verbs).not.toContain('deletecollection');
    });

    it('lists the groups with their versions', async () => {
      const { body } = await kube().get('/apis');
      expect(body).toMatchObject({ kind: 'APIGroupList', apiVersion: 'v1' });
      expect(body.groups.find((each: Json) => each.name === 'apps')).toEqual({
        name: 'apps',
        versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
        preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
      });
    });

    it('answers for a group and for a group version', async () => {
      const group = await kube().get('/apis/coordination.k8s.io');
      expect(group.body).toMatchObject({ kind: 'APIGroup', apiVersion: 'v1', name: 'coordination.k8s.io' });
      const { body } = await kube().get('/apis/coordination.k8s.io/v1');
      expect(body).toMatchObject({ kind: 'APIResourceList', apiVersion: 'v1' });
      expect(named(body, 'leases')).toMatchObject({ kind: 'Lease', namespaced: true, singularName: 'lease' });
    });

    it('comes in one document when that is asked for', async () => {
      const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
      const { body } = await kube().get('/apis', { accept });
      expect(body).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
      const group = body.items.find((each: Json) => each.metadata.name === 'apps');
      expect(group.metadata).toEqual({ name: 'apps' });
      expect(group.versions[0]).toMatchObject({ version: 'v1', freshness: 'Current' });
      expect(group.versions[0].resources.find((each: Json) => each.resource === 'deployments')).toMatchObject({
        responseKind: { kind: 'Deployment' },
        scope: 'Namespaced',
        singularResource: 'deployment',
        shortNames: ['deploy'],
        categories: ['all'],
      });
    });

    it('prefers the stable version of a custom group and lists its subresources', async () => {
      const group = await kube().get('/apis/contract.example.com');
      expect(group.body.versions.map((each: Json) => each.version)).toEqual(['v1', 'v1alpha1']);
      expect(group.body.preferredVersion.version).toBe('v1');
      const { body } = await kube().get(`/apis/${WIDGET_VERSION}`);
      expect(body.apiVersion).toBe('v1');
      expect(named(body, 'widgets')).toMatchObject({ kind: 'Widget', singularName: 'widget', shortNames: ['wi'] });
      expect(named(body, 'widgets/status').verbs).toEqual(['get', 'patch', 'update']);
      expect(named(body, 'widgets/scale')).toMatchObject({ group: 'autoscaling', version: 'v1', kind: 'Scale' });
    });

    it('says a version without being asked who wants to know', async () => {
      for (const as of ['anonymous', 'powerless', 'admin'] as const) {
        const { code, body } = await kube().get('/version', { as });
        expect(code).toBe(200);
        expect(body).toMatchObject({ major: '1', gitVersion: expect.stringMatching(/^v1\.\d+\.\d+/) });
      }
      expect(await kube().get('/readyz', { as: 'anonymous' })).toMatchObject({ code: 200, body: 'ok' });
    });

    it('tells an unknown group from an unknown resource: plain text, and a Status', async () => {
      for (const path of ['/nothing', '/apis/nothing.example.com', '/apis/nothing.example.com/v1/things']) {
        const { code, type, body } = await kube().get(path);
        expect([code, type, body]).toEqual([404, 'text/plain; charset=utf-8', '404 page not found\n']);
      }
      for (const path of ['/apis/apps/v9', '/api/v1/namespaces/default/things', '/api/v1/configmaps/name']) {
        const { code, body } = await kube().get(path);
        expect(code).toBe(404);
        expect(body).toEqual({
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: 'the server could not find the requested resource',
          reason: 'NotFound',
          details: {},
          code: 404,
        });
      }
      const deeper = await kube().get(`/apis/${WIDGET_VERSION}/namespaces/default/widgets/w/nothing`);
      expect([deeper.code, deeper.body.message]).toEqual([404, 'widgets.contract.example.com "w" not found']);
      // Custom groups are looked up by another handler, which has never heard of the resource.
      const custom = await kube().get(`/apis/${WIDGET_VERSION}/gadgets`);
      expect([custom.code, custom.body]).toEqual([404, '404 page not found\n']);
    });
  });

  describe('a CustomResourceDefinition', () => {
    it('is served some time after its creation, and its group with it', async () => {
      const made = await kube().ask('POST', DEFINITIONS, widgetDefinition('gadgets', 'Gadget'));
      expect(made.code).toBe(201);
      expect(made.body.spec.names).toEqual({
        plural: 'gadgets',
        singular: 'gadget',
        kind: 'Gadget',
        listKind: 'GadgetList',
        shortNames: ['ga'],
      });
      expect(made.body.spec.conversion).toEqual({ strategy: 'None' });
      // Nobody has looked at the names yet.
      expect(made.body.status).toMatchObject({ acceptedNames: { plural: '', kind: '' }, storedVersions: ['v1'] });

      const definition = async () => (await kube().get(`${DEFINITIONS}/gadgets.contract.example.com`)).body;
      await expect
        .poll(async () => (await definition()).status.conditions?.map((each: Json) => [each.type, each.status]), {
          timeout: 5_000,
        })
        .toEqual([
          ['NamesAccepted', 'True'],
          ['Established', 'True'],
        ]);
      expect((await definition()).status.acceptedNames.plural).toBe('gadgets');
      const gadgets = async () => (await kube().get(`/apis/${WIDGET_VERSION}/gadgets`)).body;
      await expect.poll(async () => (await gadgets()).kind, { timeout: 5_000 }).toBe('GadgetList');
      await expect
        .poll(async () => !!named((await kube().get(`/apis/${WIDGET_VERSION}`)).body, 'gadgets'), { timeout: 5_000 })
        .toBe(true);
    });

    it('ends through a finalizer that ends its objects first', async () => {
      const path = `${DEFINITIONS}/ends.contract.example.com`;
      await kube().ask('POST', DEFINITIONS, widgetDefinition('ends', 'End'));
      const established = async () => (await kube().get(path)).body.status.conditions?.at(-1).status;
      await expect.poll(established, { timeout: 5_000 }).toBe('True');
      const { code, body } = await kube().ask('DELETE', path);
      expect(code).toBe(200);
      expect(body.kind).toBe('CustomResourceDefinition');
      expect(body.metadata.deletionTimestamp).toBeDefined();
      expect(body.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
      await expect.poll(async () => (await kube().get(path)).code, { timeout: 10_000 }).toBe(404);
    });
  });
}
