import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from './client.ts';
import { JSON_PATCH, MERGE, STRATEGIC } from './client.ts';
import { configMap, pod, WIDGET_VERSION, widget } from './objects.ts';

export function patchContract(kube: () => Client): void {
  describe('patch', () => {
    let maps: string;
    let pods: string;
    let widgets: string;
    const patch = (body: unknown, type: string, path = `${maps}/a`) => kube().ask('PATCH', path, body, { type });
    beforeAll(async () => {
      const place = await kube().place();
      maps = place.path('configmaps');
      pods = place.path('pods');
      widgets = place.path('widgets', WIDGET_VERSION);
      await kube().ask('POST', maps, configMap('a', { k: '1' }, { labels: { app: 'x' } }));
      await kube().ask('POST', pods, pod('p', {}, { labels: { app: 'x' } }));
      await kube().ask('POST', widgets, widget('w', { model: 'm' }));
    });

    it('merges, and null removes', async () => {
      const { code, body } = await patch({ data: { k: null, z: '2' } }, MERGE);
      expect([code, body.data]).toEqual([200, { z: '2' }]);
      const again = await patch({ data: { z: '2' } }, MERGE);
      expect(again.body).toEqual(body);
    });

    it('labels a pod and takes the label away, with an entry of its own', async () => {
      const before = (await kube().get(`${pods}/p`)).body;
      const { body } = await kube().ask('PATCH', `${pods}/p?fieldManager=gate`, label('idle'), { type: MERGE });
      expect(body.metadata.labels).toEqual({ app: 'x', role: 'idle' });
      expect(body.spec).toEqual(before.spec);
      expect(body.metadata.managedFields.find((each: Json) => each.manager === 'gate').fieldsV1).toEqual({
        'f:metadata': { 'f:labels': { 'f:role': {} } },
      });
      const after = await kube().ask('PATCH', `${pods}/p?fieldManager=gate`, label(null), { type: MERGE });
      expect(after.body.metadata.labels).toEqual({ app: 'x' });
      expect(after.body.metadata.managedFields.map((each: Json) => each.manager)).toEqual(['contract']);
    });

    it('is guarded by a resourceVersion in it', async () => {
      const { code, body } = await patch({ metadata: { resourceVersion: '5' }, data: { z: '3' } }, MERGE);
      expect([code, body.reason]).toEqual([409, 'Conflict']);
      expect(body.message).toContain('the object has been modified');
      const guarded = await patch([{ op: 'replace', path: '/metadata/resourceVersion', value: '5' }], JSON_PATCH);
      expect([guarded.code, guarded.body.reason]).toEqual([409, 'Conflict']);
    });

    it('needs the object, and cannot rename it or turn it into another kind', async () => {
      const gone = await patch({}, MERGE, `${maps}/gone`);
      expect([gone.code, gone.body.message]).toEqual([404, 'configmaps "gone" not found']);
      expect((await patch({ metadata: { name: 'b' } }, MERGE)).code).toBe(400);
      const kind = await patch({ kind: 'Pod' }, MERGE);
      expect([kind.code, kind.body.reason]).toEqual([422, 'Invalid']);
      expect(kind.body.message).toContain('converting (v1.Pod) to (core.ConfigMap): unknown conversion');
    });

    it.each([
      ['[]', 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}'],
      ['{', 'error decoding patch: unexpected end of JSON input'],
    ])('refuses the merge patch %s', async (body, message) => {
      const answer = await patch(body, MERGE);
      expect(answer.code).toBe(400);
      expect(answer.body).toMatchObject({ reason: 'BadRequest', message });
    });

    it('names the value that does not fit', async () => {
      const { code, body } = await patch({ data: { z: 5 } }, MERGE);
      expect(code).toBe(422);
      expect(Object.keys(body.details)).toEqual(['causes']);
      expect(body.details.causes).toMatchObject([{ reason: 'FieldValueInvalid', field: 'patch' }]);
      expect(body.message).toMatch(
        /json: cannot unmarshal number into Go struct field ConfigMap\.data of type string$/,
      );
    });

    it('follows the operations of a JSON patch', async () => {
      const steps = [
        { op: 'test', path: '/data/z', value: '2' },
        { op: 'replace', path: '/data/z', value: '4' },
        { op: 'copy', from: '/data/z', path: '/data/copy' },
        { op: 'move', from: '/data/copy', path: '/data/moved' },
        { op: 'add', path: '/metadata/annotations', value: { 'a/b': '1' } },
        { op: 'replace', path: '/metadata/annotations/a~1b', value: '2' },
        // The server is more generous than RFC 6902 here.
        { op: 'replace', path: '/data/new', value: '5' },
      ];
      const { code, body } = await patch(steps, JSON_PATCH);
      expect([code, body.data]).toEqual([200, { moved: '4', new: '5', z: '4' }]);
      expect(body.metadata.annotations).toEqual({ 'a/b': '2' });
    });

    it.each<[string, Json[]]>([
      ['a failed test', [{ op: 'test', path: '/data/z', value: 'no' }]],
      ['a missing member', [{ op: 'remove', path: '/data/nothing' }]],
      ['a missing parent', [{ op: 'add', path: '/nothing/x', value: '1' }]],
      ['an unknown operation', [{ op: 'nope', path: '/data/z', value: '1' }]],
    ])('answers %s of a JSON patch without a reason in the text', async (_what, steps) => {
      const { code, body } = await patch(steps, JSON_PATCH);
      expect(code).toBe(422);
      expect(body).toMatchObject({
        reason: 'Invalid',
        message: 'the server rejected our request due to an error in our request',
        details: {},
      });
    });

    it('takes no object for a JSON patch', async () => {
      const { code, body } = await patch({}, JSON_PATCH);
      expect([code, body.reason]).toEqual([400, 'BadRequest']);
      expect(body.message).toMatch(/^error decoding patch: json: cannot unmarshal object into Go value of type /);
    });

    it('merges lists by key in a strategic patch of a built-in kind, which a custom one does not have', async () => {
      const spec = { containers: [{ name: 'main', image: 'vllm:2' }] };
      const { code, body } = await patch({ spec }, STRATEGIC, `${pods}/p`);
      expect(code).toBe(200);
      expect(body.spec.containers).toMatchObject([{ name: 'main', image: 'vllm:2', ports: [{ containerPort: 8000 }] }]);
      const custom = await patch({ spec: {} }, STRATEGIC, `${widgets}/w`);
      expect([custom.code, custom.body.reason]).toEqual([415, 'UnsupportedMediaType']);
      expect(custom.body.message).toMatch(/^the body of the request was in an unknown format - accepted media types/);
    });

    it('needs a patch type, and no force without apply', async () => {
      for (const type of ['application/json', 'text/plain']) {
        const { code, body } = await patch({}, type);
        expect(code).toBe(415);
        expect(body).toMatchObject({
          reason: 'UnsupportedMediaType',
          message: '415: Unsupported Media Type',
          details: {},
        });
      }
      const { code, body } = await patch({}, MERGE, `${maps}/a?force=true`);
      expect(code).toBe(422);
      expect(body.details).toEqual({
        group: 'meta.k8s.io',
        kind: 'PatchOptions',
        causes: [
          {
            reason: 'FieldValueForbidden',
            message: 'Forbidden: may not be specified for non-apply patch',
            field: 'force',
          },
        ],
      });
    });

    it('through status leaves the spec alone, and raises no generation', async () => {
      const both = { spec: { replicas: 9 }, status: { n: 1 } };
      const { body } = await kube().merge(`${widgets}/w/status`, both);
      expect(body).toMatchObject({ spec: { replicas: 1 }, status: { n: 1 }, metadata: { generation: 1 } });
      const main = await kube().merge(`${widgets}/w`, { spec: { replicas: 2 }, status: { n: 2 } });
      expect(main.body).toMatchObject({ spec: { replicas: 2 }, status: { n: 1 }, metadata: { generation: 2 } });
      expect((await kube().get(`${widgets}/w/scale`)).body).toMatchObject({
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        spec: { replicas: 2 },
      });
    });

    it('of a dry run changes nothing', async () => {
      const before = (await kube().get(`${maps}/a`)).body;
      const { body } = await patch({ data: { z: 'dry' } }, MERGE, `${maps}/a?dryRun=All`);
      expect(body.data.z).toBe('dry');
      expect((await kube().get(`${maps}/a`)).body).toEqual(before);
    });
  });
}

const label = (role: string | null) => ({ metadata: { labels: { role } } });
