import { beforeAll, describe, expect, it } from 'vitest';
import type { Client } from './client.ts';
import { JSON_PATCH } from './client.ts';
import { configMap, WIDGET_VERSION, widget } from './objects.ts';

const HOLD = 'example.com/hold';

export function finalizersContract(kube: () => Client): void {
  describe('a finalizer', () => {
    let maps: string;
    let widgets: string;
    beforeAll(async () => {
      const place = await kube().place();
      maps = place.path('configmaps');
      widgets = place.path('widgets', WIDGET_VERSION);
      await kube().ask('POST', maps, configMap('a', {}, { finalizers: [HOLD] }));
    });

    it('turns a deletion into a mark, which stays the same', async () => {
      const first = await kube().ask('DELETE', `${maps}/a`);
      expect(first.code).toBe(200);
      expect(first.body).toMatchObject({
        kind: 'ConfigMap',
        metadata: { finalizers: [HOLD], deletionGracePeriodSeconds: 0, deletionTimestamp: expect.any(String) },
      });
      const second = await kube().ask('DELETE', `${maps}/a`);
      expect(second.body).toEqual(first.body);
    });

    it('does not stop other changes, but no finalizer can join', async () => {
      expect((await kube().merge(`${maps}/a`, { data: { late: '1' } })).body.data).toEqual({ late: '1' });
      const { code, body } = await kube().merge(`${maps}/a`, { metadata: { finalizers: [HOLD, 'example.com/two'] } });
      expect(code).toBe(422);
      expect(body.details.causes[0]).toEqual({
        reason: 'FieldValueForbidden',
        message:
          'Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ' +
          '[]string{"example.com/two"}',
        field: 'metadata.finalizers',
      });
    });

    it('lets the object go when it was the last', async () => {
      const { code, body } = await kube().merge(`${maps}/a`, { metadata: { finalizers: null } });
      expect([code, body.metadata.finalizers]).toEqual([200, undefined]);
      expect((await kube().get(`${maps}/a`)).code).toBe(404);
    });

    it('holds a custom resource, and counts as a change of its generation', async () => {
      const made = await kube().ask('POST', widgets, widget('w', { model: 'm' }, { finalizers: [HOLD] }));
      const { body } = await kube().ask('DELETE', `${widgets}/w`);
      expect(body.metadata.generation).toBe(made.body.metadata.generation + 1);
      const steps = [{ op: 'remove', path: '/metadata/finalizers' }];
      expect((await kube().ask('PATCH', `${widgets}/w`, steps, { type: JSON_PATCH })).code).toBe(200);
      expect((await kube().get(`${widgets}/w`)).code).toBe(404);
    });

    it('shows a watcher the mark as a change and the end as a deletion', async () => {
      await kube().ask('POST', maps, configMap('seen', {}, { finalizers: [HOLD] }));
      const { resourceVersion } = (await kube().get(maps)).body.metadata;
      await kube().ask('DELETE', `${maps}/seen`);
      await kube().merge(`${maps}/seen`, { metadata: { finalizers: null } });
      const path = `${maps}?watch=1&resourceVersion=${resourceVersion}`;
      const events = await kube().watch(path, ({ length }) => length === 2);
      expect(events.map(({ type, object }) => [type, !!object.metadata.deletionTimestamp])).toEqual([
        ['MODIFIED', true],
        ['DELETED', true],
      ]);
    });
  });
}
