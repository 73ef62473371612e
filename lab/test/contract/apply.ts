import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from './client.ts';
import { configMap, WIDGET_VERSION, widget } from './objects.ts';

const managers = (body: Json): Record<string, Json> =>
  Object.fromEntries(body.metadata.managedFields.map((each: Json) => [each.manager, each.fieldsV1]));

export function applyContract(kube: () => Client): void {
  describe('server-side apply', () => {
    let maps: string;
    let widgets: string;
    const apply = (object: Json, query?: string, name = object.metadata.name) =>
      kube().apply(`${maps}/${name}`, object, query);
    beforeAll(async () => {
      const place = await kube().place();
      maps = place.path('configmaps');
      widgets = place.path('widgets', WIDGET_VERSION);
    });

    it('creates with 201, then answers 200, and changes nothing when nothing is new', async () => {
      const first = await apply(configMap('same', { x: '1' }, { labels: { app: 'y' } }));
      expect(first.code).toBe(201);
      expect(first.body.metadata.managedFields).toEqual([
        {
          manager: 'one',
          operation: 'Apply',
          apiVersion: 'v1',
          time: expect.any(String),
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': { 'f:x': {} }, 'f:metadata': { 'f:labels': { 'f:app': {} } } },
        },
      ]);
      const second = await apply(configMap('same', { x: '1' }, { labels: { app: 'y' } }));
      expect(second.code).toBe(200);
      expect(second.body).toEqual(first.body);
    });

    it('reads YAML', async () => {
      const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata: {on: "1", "off": "2"}\n';
      const { code, body } = await apply(text, 'fieldManager=one', 'yaml');
      expect([code, body.data]).toEqual([201, { true: '1', off: '2' }]);
    });

    it('refuses to change what another manager owns, and names the manager and the field', async () => {
      await apply(configMap('owned', { x: '1', y: '1' }));
      const { code, body } = await apply(configMap('owned', { x: '2' }), 'fieldManager=two');
      expect(code).toBe(409);
      expect(body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Apply failed with 1 conflict: conflict with "one": .data.x',
        reason: 'Conflict',
        details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.x' }] },
        code: 409,
      });
      const both = await apply(configMap('owned', { x: '2', y: '2' }), 'fieldManager=two');
      expect(both.body.message).toBe('Apply failed with 2 conflicts: conflicts with "one":\n- .data.x\n- .data.y');
      expect(both.body.details.causes.map((each: Json) => each.field)).toEqual(['.data.x', '.data.y']);
    });

    it('names whoever updated a field with its API version', async () => {
      await apply(configMap('updated', { x: '1' }));
      await kube().merge(`${maps}/updated?fieldManager=kubectl-edit`, { data: { x: '2' } });
      const { code, body } = await apply(configMap('updated', { x: '1' }));
      expect(code).toBe(409);
      expect(body.message).toBe('Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.x');
    });

    it('takes over by force, and shares a field that both set alike', async () => {
      await apply(configMap('forced', { x: '1', y: '1' }));
      const taken = await apply(configMap('forced', { x: '2' }), 'fieldManager=two&force=true');
      expect(taken.body.data).toEqual({ x: '2', y: '1' });
      expect(managers(taken.body)).toEqual({ one: { 'f:data': { 'f:y': {} } }, two: { 'f:data': { 'f:x': {} } } });
      const shared = await apply(configMap('forced', { x: '2', y: '1' }));
      expect(managers(shared.body)).toEqual({
        one: { 'f:data': { 'f:x': {}, 'f:y': {} } },
        two: { 'f:data': { 'f:x': {} } },
      });
      // Two owners: the field stays until both have dropped it.
      const dropped = await apply(configMap('forced', { y: '1' }));
      expect(dropped.body.data).toEqual({ x: '2', y: '1' });
      expect((await apply(configMap('forced'), 'fieldManager=two')).body.data).toEqual({ y: '1' });
    });

    it('has no time for a manager who changed nothing', async () => {
      await apply(configMap('agreed', { x: '1' }));
      const { body } = await apply(configMap('agreed', { x: '1' }), 'fieldManager=two');
      const two = body.metadata.managedFields.find((each: Json) => each.manager === 'two');
      expect(two.time).toBeUndefined();
    });

    it('removes what it no longer says, unless somebody else wrote it', async () => {
      await apply(configMap('drop', { x: '1', y: '1' }));
      await kube().merge(`${maps}/drop?fieldManager=other`, { data: { z: '1' } });
      const { body } = await apply(configMap('drop', { x: '1' }));
      expect(body.data).toEqual({ x: '1', z: '1' });
      const last = await apply(configMap('drop'));
      expect(last.body.data).toEqual({ z: '1' });
      expect(Object.keys(managers(last.body))).toEqual(['other']);
    });

    it('needs a manager, and an object that fits its path', async () => {
      const manager = await apply(configMap('a'), '');
      expect(manager.code).toBe(422);
      expect(manager.body.details).toEqual({
        group: 'meta.k8s.io',
        kind: 'PatchOptions',
        causes: [
          {
            reason: 'FieldValueRequired',
            message: 'Required value: is required for apply patch',
            field: 'fieldManager',
          },
        ],
      });
      const cases: [Json, string][] = [
        [configMap('b'), 'the name of the object (b) does not match the name on the URL (a)'],
        [{ ...configMap('a'), apiVersion: 'v2' }, 'invalid object type: /v2, Kind=ConfigMap'],
        [{ data: {} }, 'invalid object type: /, Kind='],
        [configMap('a', {}, { managedFields: [{}] }), 'metadata.managedFields must be nil'],
        [
          configMap('a', {}, { namespace: 'other' }),
          'the namespace of the provided object does not match the namespace sent on the request',
        ],
      ];
      await apply(configMap('a'));
      for (const [object, message] of cases) {
        const { code, body } = await apply(object, 'fieldManager=one', 'a');
        expect(body).toMatchObject({ message, reason: 'BadRequest' });
        expect(code).toBe(400);
      }
      const text = await apply('only text', 'fieldManager=one', 'a');
      expect(text.code).toBe(400);
      expect(text.body.message).toMatch(/^error decoding YAML: /);
    });

    it('holds to a version and to an identity in the configuration', async () => {
      await apply(configMap('guard', { x: '1' }));
      const version = await apply(configMap('guard', { x: '2' }, { resourceVersion: '5' }));
      expect([version.code, version.body.reason]).toEqual([409, 'Conflict']);
      expect(version.body.message).toContain('the object has been modified');
      const uid = await apply(configMap('new', {}, { uid: 'abc' }));
      expect(uid.code).toBe(409);
      expect(uid.body.message).toContain('uid mismatch: the provided object specified uid abc, and no existing object');
      expect((await kube().get(`${maps}/new`)).code).toBe(404);
    });

    it('of a dry run shows the outcome, conflicts too, and changes nothing', async () => {
      const made = await apply(configMap('dry', { x: '1' }), 'fieldManager=one&dryRun=All');
      expect([made.code, made.body.data]).toEqual([201, { x: '1' }]);
      expect((await kube().get(`${maps}/dry`)).code).toBe(404);
      const live = (await apply(configMap('dry', { x: '1' }))).body;
      expect((await apply(configMap('dry', { x: '2' }), 'fieldManager=two&dryRun=All')).code).toBe(409);
      const changed = await apply(configMap('dry', { x: '2' }), 'fieldManager=one&dryRun=All');
      expect([changed.code, changed.body.data]).toEqual([200, { x: '2' }]);
      expect((await kube().get(`${maps}/dry`)).body).toEqual(live);
    });

    it('needs a namespace that is there', async () => {
      const { code, body } = await kube().apply('/api/v1/namespaces/nowhere/configmaps/a', configMap('a'));
      expect([code, body.message]).toEqual([404, 'namespaces "nowhere" not found']);
    });

    it('keeps the fields of a status apart', async () => {
      await kube().apply(`${widgets}/w`, { ...widget('w', { model: 'm' }), status: { ready: false } });
      const status = { ...widget('w', undefined), status: { ready: true } };
      const { body } = await kube().apply(`${widgets}/w/status`, status, 'fieldManager=controller');
      expect(body.status).toEqual({ ready: true });
      expect(managers(body)).toEqual({
        one: { 'f:spec': { 'f:model': {} } },
        controller: { 'f:status': { 'f:ready': {} } },
      });
      expect(body.metadata.managedFields.find((each: Json) => each.manager === 'controller').subresource).toBe(
        'status',
      );
      const again = await kube().apply(`${widgets}/w`, { ...widget('w', { model: 'm' }), status: { ready: false } });
      expect(again.body.status).toEqual({ ready: true });
    });
  });
}
