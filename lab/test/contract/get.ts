import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Place } from './client.ts';
import { configMap, pod, WIDGET_VERSION, widget } from './objects.ts';

export function getContract(kube: () => Client): void {
  describe('get', () => {
    let place: Place;
    beforeAll(async () => {
      place = await kube().place();
    });

    it('names the resource and the object that is not there', async () => {
      const plain = await kube().get(`${place.path('configmaps')}/missing`);
      expect(plain.code).toBe(404);
      expect(plain.body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'configmaps "missing" not found',
        reason: 'NotFound',
        details: { name: 'missing', kind: 'configmaps' },
        code: 404,
      });
      const grouped = await kube().get(`${place.path('deployments', 'apps/v1')}/missing`);
      expect(grouped.body).toMatchObject({
        message: 'deployments.apps "missing" not found',
        details: { name: 'missing', group: 'apps', kind: 'deployments' },
      });
      const custom = await kube().get(`${place.path('widgets', WIDGET_VERSION)}/missing`);
      expect(custom.body.message).toBe('widgets.contract.example.com "missing" not found');
    });

    it('does not mind a namespace that is not there', async () => {
      expect((await kube().get('/api/v1/namespaces/nowhere/configmaps/a')).body.message).toBe(
        'configmaps "a" not found',
      );
      const { code, body } = await kube().get('/api/v1/namespaces/nowhere/configmaps');
      expect([code, body.items]).toEqual([200, []]);
    });

    it('answers with what was created, and only kinds that have a desired state have a generation', async () => {
      const made = await kube().ask('POST', place.path('configmaps'), configMap('a', { k: '1' }));
      const { body } = await kube().get(`${place.path('configmaps')}/a`);
      expect(body).toEqual(made.body);
      expect(Object.keys(body.metadata).sort()).toEqual([
        'creationTimestamp',
        'managedFields',
        'name',
        'namespace',
        'resourceVersion',
        'uid',
      ]);
      const custom = await kube().ask('POST', place.path('widgets', WIDGET_VERSION), widget('g', { model: 'm' }));
      expect(custom.body.metadata.generation).toBe(1);
      expect(custom.body.spec.replicas).toBe(1);
    });

    it('serves every version of a custom resource', async () => {
      const { body } = await kube().get(`${place.path('widgets', 'contract.example.com/v1alpha1')}/g`);
      expect(body).toMatchObject({ apiVersion: 'contract.example.com/v1alpha1', kind: 'Widget', spec: { model: 'm' } });
    });

    it('of the log of a pod that no node has is empty', async () => {
      await kube().ask('POST', place.path('pods'), pod('waits'));
      const { code, body } = await kube().get(`${place.path('pods')}/waits/log`);
      expect([code, body]).toEqual([204, '']);
      const { body: refusal } = await kube().get(`${place.path('pods')}/waits/log?container=odd`);
      expect(refusal.message).toBe('container odd is not valid for pod waits');
    });

    it('speaks YAML and metadata alone when asked, and refuses what it cannot speak', async () => {
      const path = `${place.path('configmaps')}/a`;
      const yaml = await kube().get(path, { accept: 'application/yaml' });
      expect([yaml.code, yaml.type]).toEqual([200, 'application/yaml']);
      expect(yaml.body).toMatch(/^apiVersion: v1\ndata:\n {2}k: "1"\nkind: ConfigMap\n/);
      const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
      const partial = await kube().get(path, { accept });
      expect(partial.body).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' });
      expect(partial.body.data).toBeUndefined();
      const refused = await kube().get(path, { accept: 'text/html' });
      expect(refused.code).toBe(406);
      expect(refused.body).toMatchObject({ reason: 'NotAcceptable', details: {} });
    });
  });
}
