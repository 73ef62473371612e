import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from './client.ts';
import { service, WIDGET_VERSION, widget } from './objects.ts';

export function applyListsContract(kube: () => Client): void {
  describe('server-side apply of lists', () => {
    let services: string;
    let widgets: string;
    const serve = (ports: Json[], manager = 'one') =>
      kube().apply(`${services}/s`, service('s', { ports }), `fieldManager=${manager}`);
    const make = (spec: Json, manager = 'one') =>
      kube().apply(`${widgets}/w`, widget('w', spec), `fieldManager=${manager}`);
    beforeAll(async () => {
      const place = await kube().place();
      services = place.path('services');
      widgets = place.path('widgets', WIDGET_VERSION);
    });

    it('joins the ports of two managers by port and protocol', async () => {
      const first = await serve([{ name: 'http', port: 80, targetPort: 8000 }]);
      expect(first.body.metadata.managedFields[0].fieldsV1).toEqual({
        'f:spec': {
          'f:ports': {
            'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {}, 'f:targetPort': {} },
          },
        },
      });
      expect(first.body.spec).toMatchObject({
        type: 'ClusterIP',
        sessionAffinity: 'None',
        internalTrafficPolicy: 'Cluster',
        ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8000 }],
      });
      expect(first.body.spec.clusterIPs).toEqual([first.body.spec.clusterIP]);
      const second = await serve([{ name: 'metrics', port: 90 }], 'two');
      expect(second.body.spec.ports.map((each: Json) => each.name)).toEqual(['http', 'metrics']);
      expect(second.body.spec.clusterIP).toBe(first.body.spec.clusterIP);
    });

    it('names the item of a conflict by its key', async () => {
      const { code, body } = await serve([{ name: 'http', port: 80, targetPort: 9000 }], 'two');
      expect(code).toBe(409);
      expect(body.details.causes).toEqual([
        {
          reason: 'FieldManagerConflict',
          message: 'conflict with "one"',
          field: '.spec.ports[port=80,protocol="TCP"].targetPort',
        },
      ]);
    });

    it('removes the items that were its own', async () => {
      const { body } = await serve([{ name: 'other', port: 81 }]);
      expect(body.spec.ports.map((each: Json) => each.name).sort()).toEqual(['metrics', 'other']);
    });

    it('refuses two items with one key', async () => {
      const { code, body } = await serve([
        { name: 'a', port: 90 },
        { name: 'b', port: 90 },
      ]);
      expect(code).toBe(500);
      expect(body.message).toContain('.spec.ports: duplicate entries for key [port=90,protocol="TCP"]');
    });

    it('joins a map list of a custom resource, and defaults what nobody set', async () => {
      await make({ model: 'm', parts: [{ name: 'a', size: 1 }] });
      const { body } = await make({ parts: [{ name: 'b', size: 2 }] }, 'two');
      expect(body.spec).toEqual({
        model: 'm',
        replicas: 1,
        parts: [
          { name: 'a', size: 1 },
          { name: 'b', size: 2 },
        ],
      });
      const owned = body.metadata.managedFields.map((each: Json) => [each.manager, each.fieldsV1['f:spec']['f:parts']]);
      expect(Object.fromEntries(owned)).toEqual({
        one: { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:size': {} } },
        two: { 'k:{"name":"b"}': { '.': {}, 'f:name': {}, 'f:size': {} } },
      });
      expect((await make({ model: 'm' })).body.spec.parts).toEqual([{ name: 'b', size: 2 }]);
    });

    it('refuses an item without its key', async () => {
      const { code, body } = await make({ model: 'm', parts: [{ size: 1 }] });
      expect(code).toBe(500);
      expect(body.message).toContain(
        '.spec.parts: element 0: associative list with keys has an element that omits all key fields ["name"] ' +
          "(and doesn't have default values for any key fields)",
      );
    });

    it('merges freely where the schema preserves what it does not know', async () => {
      await make({ free: { a: { x: 1 } } }, 'three');
      const { body } = await make({ free: { a: { y: [2] } } }, 'four');
      expect(body.spec.free).toEqual({ a: { x: 1, y: [2] } });
    });

    it('keeps the list of container environment by name', async () => {
      const pods = services.replace(/services$/, 'pods');
      const env = (list: Json[]) => ({ spec: { containers: [{ name: 'main', image: 'i', env: list }] } });
      const base = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };
      const variables = [
        { name: 'A', value: '1' },
        { name: 'B', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      ];
      const { code, body } = await kube().apply(`${pods}/p`, { ...base, ...env(variables) });
      expect(code).toBe(201);
      expect(body.spec.containers[0].env).toEqual([
        { name: 'A', value: '1' },
        { name: 'B', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
      ]);
      const fields = body.metadata.managedFields[0].fieldsV1['f:spec']['f:containers']['k:{"name":"main"}'];
      expect(Object.keys(fields['f:env'])).toEqual(['k:{"name":"A"}', 'k:{"name":"B"}']);
    });
  });
}
