import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from './client.ts';
import { configMap, pod, service, WIDGET_VERSION, widget } from './objects.ts';

export function deleteContract(kube: () => Client): void {
  describe('delete', () => {
    let maps: string;
    let pods: string;
    let services: string;
    let widgets: string;
    const make = async (name: string, metadata: Json = {}) =>
      (await kube().ask('POST', maps, configMap(name, { k: '1' }, metadata))).body;
    const remove = (name: string, options?: Json, query = '') =>
      kube().ask('DELETE', `${maps}/${name}${query}`, options);
    const isThere = async (name: string) => (await kube().get(`${maps}/${name}`)).code === 200;
    beforeAll(async () => {
      const place = await kube().place();
      maps = place.path('configmaps');
      pods = place.path('pods');
      services = place.path('services');
      widgets = place.path('widgets', WIDGET_VERSION);
    });

    it('answers with the identity of what is gone', async () => {
      const { uid } = (await make('a')).metadata;
      const { code, body } = await remove('a');
      expect(code).toBe(200);
      expect(body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name: 'a', kind: 'configmaps', uid },
      });
      const again = await remove('a');
      expect([again.code, again.body.message]).toEqual([404, 'configmaps "a" not found']);
      await kube().ask('POST', widgets, widget('w', { model: 'm' }));
      expect((await kube().ask('DELETE', `${widgets}/w`)).body).toMatchObject({
        status: 'Success',
        details: { name: 'w', group: 'contract.example.com', kind: 'widgets' },
      });
    });

    it('of a dry run leaves everything', async () => {
      const before = await make('dry');
      for (const options of [{ dryRun: ['All'] }, undefined]) {
        const { code, body } = await remove('dry', options, options ? '' : '?dryRun=All');
        expect([code, body.status]).toEqual([200, 'Success']);
      }
      expect((await kube().get(`${maps}/dry`)).body).toEqual(before);
    });

    it('in the background lets the dependants wait for the garbage collector', async () => {
      const { uid } = (await make('owner')).metadata;
      const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid, blockOwnerDeletion: true }];
      expect((await make('dependant', { ownerReferences })).metadata.ownerReferences).toEqual(ownerReferences);
      expect((await remove('owner', { propagationPolicy: 'Background' })).body.status).toBe('Success');
      expect(await isThere('owner')).toBe(false);
    });

    it.each([
      ['Foreground', 'foregroundDeletion'],
      ['Orphan', 'orphan'],
    ])('with the policy %s answers with the object and its finalizer', async (propagationPolicy, finalizer) => {
      const name = propagationPolicy.toLowerCase();
      const before = await make(name);
      const { code, body } = await remove(name, { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy });
      expect(code).toBe(200);
      expect(body).toMatchObject({
        kind: 'ConfigMap',
        metadata: {
          uid: before.metadata.uid,
          finalizers: [finalizer],
          deletionGracePeriodSeconds: 0,
          deletionTimestamp: expect.stringMatching(/Z$/),
        },
      });
      expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion));
    });

    it('holds to its preconditions', async () => {
      const { uid, resourceVersion } = (await make('guarded')).metadata;
      const cases: [Json, string][] = [
        [{ uid: 'abc' }, `the UID in the precondition (abc) does not match the UID in record (${uid}).`],
        [
          { resourceVersion: '5' },
          `the ResourceVersion in the precondition (5) does not match the ResourceVersion in record (${resourceVersion}).`,
        ],
      ];
      for (const [preconditions, why] of cases) {
        const { code, body } = await remove('guarded', { preconditions });
        expect([code, body.reason]).toEqual([409, 'Conflict']);
        expect(body.message).toContain(`Operation cannot be fulfilled on ConfigMap "guarded": ${why}`);
        expect(body.details).toEqual({ name: 'guarded', kind: 'ConfigMap' });
      }
      expect(await isThere('guarded')).toBe(true);
      expect((await remove('guarded', { preconditions: { uid, resourceVersion } })).code).toBe(200);
    });

    it('refuses options that make no sense, and leaves the object', async () => {
      await make('kept');
      const causes: [Json, string, string][] = [
        [
          { propagationPolicy: 'Nope' },
          'propagationPolicy',
          'Unsupported value: "Nope": supported values: "Foreground", "Background", "Orphan", "nil"',
        ],
        [{ dryRun: ['Nope'] }, 'dryRun', 'Unsupported value: ["Nope"]: supported values: "All"'],
        [
          { orphanDependents: true, propagationPolicy: 'Orphan' },
          'propagationPolicy',
          'Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
        ],
      ];
      for (const [options, field, message] of causes) {
        const { code, body } = await remove('kept', options);
        expect(code).toBe(422);
        expect(body.details).toMatchObject({
          group: 'meta.k8s.io',
          kind: 'DeleteOptions',
          causes: [{ field, message }],
        });
      }
      expect(await isThere('kept')).toBe(true);
    });

    it('of a collection takes what is selected', async () => {
      await make('red', { labels: { colour: 'red' } });
      await make('blue', { labels: { colour: 'blue' } });
      const { code, body } = await kube().ask('DELETE', `${maps}?labelSelector=colour%3Dred`);
      expect([code, body.kind, body.items.length]).toEqual([200, 'ConfigMapList', 1]);
      expect([await isThere('red'), await isThere('blue')]).toEqual([false, true]);
    });

    it('of a pod that no node has is final at once, and answers with the pod', async () => {
      await kube().ask('POST', pods, pod('waits'));
      const dry = await kube().ask('DELETE', `${pods}/waits?dryRun=All`);
      expect([dry.code, dry.body.kind]).toEqual([200, 'Pod']);
      expect((await kube().get(`${pods}/waits`)).body.metadata.deletionTimestamp).toBeUndefined();
      const { code, body } = await kube().ask('DELETE', `${pods}/waits`);
      expect([code, body.kind, body.metadata.name]).toEqual([200, 'Pod', 'waits']);
      expect((await kube().get(`${pods}/waits`)).code).toBe(404);
    });

    it('of a pod on a node waits for its kubelet, or not with no grace', async () => {
      await kube().ask('POST', pods, pod('runs', { nodeName: 'n1' }));
      const { body } = await kube().ask('DELETE', `${pods}/runs?gracePeriodSeconds=5`);
      expect(body.metadata).toMatchObject({ deletionGracePeriodSeconds: 5, deletionTimestamp: expect.any(String) });
      const still = await kube().get(`${pods}/runs`);
      expect(still.body.metadata.deletionGracePeriodSeconds).toBe(5);
      expect(still.body.status.phase).toBe('Pending');
      const forced = await kube().ask('DELETE', `${pods}/runs?gracePeriodSeconds=0`);
      expect([forced.code, forced.body.kind]).toEqual([200, 'Pod']);
      expect((await kube().get(`${pods}/runs`)).code).toBe(404);
    });

    it('of a Service answers with the Service', async () => {
      await kube().ask('POST', services, service('s', { ports: [{ port: 80 }] }));
      const { code, body } = await kube().ask('DELETE', `${services}/s`);
      expect([code, body.kind, body.metadata.name]).toEqual([200, 'Service', 's']);
    });

    it('does not touch the namespaces of the system', async () => {
      const { code, body } = await kube().ask('DELETE', '/api/v1/namespaces/default');
      expect(code).toBe(403);
      expect(body).toMatchObject({
        reason: 'Forbidden',
        message: 'namespaces "default" is forbidden: this namespace may not be deleted',
        details: { name: 'default', kind: 'namespaces' },
      });
    });
  });
}
