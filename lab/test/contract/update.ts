import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from './client.ts';
import { configMap, WIDGET_VERSION, widget } from './objects.ts';

const MODIFIED =
  'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the ' +
  'latest version and try again';

export function updateContract(kube: () => Client): void {
  describe('update', () => {
    let maps: string;
    let widgets: string;
    let live: Json;
    const put = (object: Json, query = '') => kube().ask('PUT', `${maps}/a${query}`, object);
    beforeAll(async () => {
      const place = await kube().place();
      maps = place.path('configmaps');
      widgets = place.path('widgets', WIDGET_VERSION);
      live = (await kube().ask('POST', maps, configMap('a', { k: '1' }))).body;
    });

    it('that changes nothing keeps the version', async () => {
      const { code, body } = await put(configMap('a', { k: '1' }, { resourceVersion: live.metadata.resourceVersion }));
      expect(code).toBe(200);
      expect(body).toEqual(live);
    });

    it('raises the version, and refuses whoever has read an older one', async () => {
      const { resourceVersion } = live.metadata;
      const next = await put(configMap('a', { k: '2' }, { resourceVersion }));
      expect(Number(next.body.metadata.resourceVersion)).toBeGreaterThan(Number(resourceVersion));
      expect(next.body.metadata.uid).toBe(live.metadata.uid);
      const late = await put(configMap('a', { k: '3' }, { resourceVersion }));
      expect(late.code).toBe(409);
      expect(late.body).toMatchObject({
        reason: 'Conflict',
        message: MODIFIED,
        details: { name: 'a', kind: 'configmaps' },
      });
    });

    it('without a version is unconditional for a built-in kind and refused for a custom one', async () => {
      expect((await put(configMap('a', { k: '4' }))).body.data).toEqual({ k: '4' });
      await kube().ask('POST', widgets, widget('w', { model: 'm' }));
      const { code, body } = await kube().ask('PUT', `${widgets}/w`, widget('w', { model: 'n' }));
      expect(code).toBe(422);
      expect(body).toMatchObject({
        message:
          'widgets.contract.example.com "w" is invalid: metadata.resourceVersion: Invalid value: 0: ' +
          'must be specified for an update',
        details: { kind: 'widgets', group: 'contract.example.com', name: 'w' },
      });
    });

    it('does not meet another object than the one it means', async () => {
      const name = await put(configMap('b'));
      expect(name.code).toBe(400);
      expect(name.body.message).toBe('the name of the object (b) does not match the name on the URL (a)');
      const none = await put({ data: {} });
      expect([none.code, none.body.reason]).toEqual([400, 'BadRequest']);
      expect(none.body.message).toContain('name must be provided');
      const uid = await put(configMap('a', {}, { uid: 'abc' }));
      expect([uid.code, uid.body.reason]).toEqual([409, 'Conflict']);
      expect(uid.body.message).toMatch(
        /Precondition failed: UID in precondition: abc, UID in object meta: [0-9a-f-]{36}$/,
      );
      const gone = await kube().ask('PUT', `${maps}/gone`, configMap('gone'));
      expect([gone.code, gone.body.message]).toEqual([404, 'configmaps "gone" not found']);
    });

    it('of a dry run changes nothing', async () => {
      const before = await kube().get(`${maps}/a`);
      expect((await put(configMap('a', { k: 'dry' }), '?dryRun=All')).body.data).toEqual({ k: 'dry' });
      expect((await kube().get(`${maps}/a`)).body).toEqual(before.body);
    });

    it('keeps status and spec apart where there is a status', async () => {
      const { body } = await kube().get(`${widgets}/w`);
      const changed = { ...body, spec: { model: 'changed' }, status: { ready: true } };
      const spec = await kube().ask('PUT', `${widgets}/w`, changed);
      expect(spec.body).toMatchObject({ spec: { model: 'changed' }, metadata: { generation: 2 } });
      expect(spec.body.status).toBeUndefined();
      const { resourceVersion } = spec.body.metadata;
      const again = { ...changed, spec: { model: 'again' }, metadata: { ...body.metadata, resourceVersion } };
      const status = await kube().ask('PUT', `${widgets}/w/status`, again);
      expect(status.body).toMatchObject({
        spec: { model: 'changed' },
        status: { ready: true },
        metadata: { generation: 2 },
      });
    });
  });
}
