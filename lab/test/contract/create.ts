import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from './client.ts';
import { configMap, pod, service, WIDGET_VERSION, widget } from './objects.ts';

export function createContract(kube: () => Client): void {
  describe('create', () => {
    let maps: string;
    let widgets: string;
    const post = (body: unknown, query = '') => kube().ask('POST', maps + query, body);
    beforeAll(async () => {
      const place = await kube().place();
      maps = place.path('configmaps');
      widgets = place.path('widgets', WIDGET_VERSION);
    });

    it('answers 201 with identity, version and an entry for the writer', async () => {
      const { code, body } = await post(configMap('a', { k: '1' }, { labels: { app: 'x' } }));
      expect(code).toBe(201);
      expect(body.metadata).toMatchObject({
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        resourceVersion: expect.stringMatching(/^\d+$/),
        creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      });
      expect(body.metadata.managedFields).toEqual([
        {
          manager: 'contract',
          operation: 'Update',
          apiVersion: 'v1',
          time: expect.any(String),
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:data': { '.': {}, 'f:k': {} },
            'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          },
        },
      ]);
    });

    it('records the fields that were set, and structs that are always there only by their content', async () => {
      const { path } = await kube().place();
      const spec = { type: 'ClusterIP', selector: { app: 'x' }, ports: [{ name: 'http', port: 80 }] };
      const services = await kube().ask('POST', path('services'), service('s', spec));
      expect(services.body.metadata.managedFields[0].fieldsV1).toEqual({
        'f:spec': {
          'f:internalTrafficPolicy': {},
          'f:ports': {
            '.': {},
            'k:{"port":80,"protocol":"TCP"}': {
              '.': {},
              'f:name': {},
              'f:port': {},
              'f:protocol': {},
              'f:targetPort': {},
            },
          },
          'f:selector': {},
          'f:sessionAffinity': {},
          'f:type': {},
        },
      });
      const pods = await kube().ask('POST', path('pods'), pod('p'));
      expect(Object.keys(pods.body.metadata.managedFields[0].fieldsV1['f:spec']).sort()).toEqual([
        ...['f:containers', 'f:dnsPolicy', 'f:enableServiceLinks', 'f:restartPolicy', 'f:schedulerName'],
        ...['f:securityContext', 'f:terminationGracePeriodSeconds'],
      ]);
    });

    it('does not create twice', async () => {
      await post(configMap('twice'));
      for (const query of ['', '?dryRun=All']) {
        const { code, body } = await post(configMap('twice'), query);
        expect(code).toBe(409);
        expect(body).toMatchObject({
          reason: 'AlreadyExists',
          message: 'configmaps "twice" already exists',
          details: { name: 'twice', kind: 'configmaps' },
        });
      }
    });

    it('makes up a name on request', async () => {
      const { body } = await post({ metadata: { generateName: 'run-' } });
      expect(body.metadata.name).toMatch(/^run-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    });

    it('of a dry run leaves nothing behind', async () => {
      const { code, body } = await post(configMap('dry'), '?dryRun=All');
      expect(code).toBe(201);
      expect(body.metadata.uid).toBeDefined();
      expect(body.metadata.resourceVersion).toBeUndefined();
      expect((await kube().get(`${maps}/dry`)).code).toBe(404);
    });

    it('keeps built-in objects free of empty maps and lists', async () => {
      const { body } = await post(configMap('empty', {}, { labels: {}, finalizers: [] }));
      expect(Object.keys(body)).not.toContain('data');
      expect(Object.keys(body.metadata)).not.toContain('labels');
      expect(body.metadata.managedFields).toBeUndefined();
    });

    it('is not possible any more in a namespace that is ending', async () => {
      const { name, path } = await kube().place();
      await kube().ask('POST', path('configmaps'), configMap('held', {}, { finalizers: ['example.com/hold'] }));
      const ending = await kube().ask('DELETE', `/api/v1/namespaces/${name}`);
      expect(ending.body).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });
      expect(ending.body.metadata).not.toHaveProperty('deletionGracePeriodSeconds');
      const refused = [
        await kube().ask('POST', path('configmaps'), configMap('late')),
        await kube().apply(`${path('configmaps')}/late`, configMap('late')),
      ];
      for (const { code, body } of refused) {
        expect(code).toBe(403);
        expect(body).toMatchObject({
          reason: 'Forbidden',
          message:
            `configmaps "late" is forbidden: unable to create new content in namespace ${name} ` +
            'because it is being terminated',
          details: {
            causes: [
              {
                reason: 'NamespaceTerminating',
                message: `namespace ${name} is being terminated`,
                field: 'metadata.namespace',
              },
            ],
          },
        });
      }
    });

    it('needs a namespace that is there', async () => {
      const { code, body } = await kube().ask('POST', '/api/v1/namespaces/nowhere/configmaps', configMap('a'));
      expect([code, body.message]).toEqual([404, 'namespaces "nowhere" not found']);
      const other = await post(configMap('a', {}, { namespace: 'other' }));
      expect(other.code).toBe(400);
      expect(other.body.message).toBe(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    });

    it.each([
      [
        '{',
        "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error:",
      ],
      [
        '',
        "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error:",
      ],
      [
        '[]',
        "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error:",
      ],
      ['{"apiVersion":"v1","kind":"Pod"}', 'Pod in version "v1" cannot be handled as a ConfigMap: '],
      ['{"apiVersion":"v2","kind":"ConfigMap"}', 'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind'],
    ])('refuses the body %s', async (body, start) => {
      const answer = await post(body);
      expect([answer.code, answer.body.reason]).toEqual([400, 'BadRequest']);
      expect(answer.body.message.slice(0, start.length)).toBe(start);
    });

    it('refuses a media type that it cannot read', async () => {
      const { code, body } = await kube().ask('POST', maps, 'a: b', { type: 'text/plain' });
      expect([code, body.reason]).toEqual([415, 'UnsupportedMediaType']);
      expect(body.message).toContain('the body of the request was in an unknown format');
    });

    it('takes a built-in object without its kind, but no custom one', async () => {
      expect((await post({ metadata: { name: 'kindless' } })).body.kind).toBe('ConfigMap');
      const bare = await kube().ask('POST', widgets, { metadata: { name: 'w' }, spec: { model: 'm' } });
      expect(bare.code).toBe(400);
      expect(bare.body.message).toMatch(
        /^the object provided is unrecognized \(must be of type Widget\): Object 'Kind' is missing in '/,
      );
      const other = await kube().ask('POST', widgets, { ...widget('w', { model: 'm' }), kind: 'Gizmo' });
      expect(other.code).toBe(422);
      expect(other.body).toMatchObject({
        message: 'Gizmo.contract.example.com "w" is invalid: kind: Invalid value: "Gizmo": must be Widget',
        details: { kind: 'Gizmo', group: 'contract.example.com', name: 'w' },
      });
      const { apiVersion: _version, ...unversioned } = widget('w', { model: 'm' });
      expect((await kube().ask('POST', widgets, unversioned)).body.message).toBe(
        'the API version in the data () does not match the expected API version (contract.example.com/v1)',
      );
      const version = await kube().ask('POST', widgets, { ...widget('w', {}), apiVersion: 'contract.example.com/v2' });
      expect(version.code).toBe(400);
      expect(version.body.message).toBe(
        'the API version in the data (contract.example.com/v2) does not match the expected API version ' +
          '(contract.example.com/v1)',
      );
    });

    it.each<[string, string, Json]>([
      [
        'dryRun',
        'Some',
        { reason: 'FieldValueNotSupported', message: 'Unsupported value: ["Some"]: supported values: "All"' },
      ],
      [
        'fieldValidation',
        'Some',
        {
          reason: 'FieldValueNotSupported',
          message: 'Unsupported value: "Some": supported values: "", "Ignore", "Strict", "Warn"',
        },
      ],
      [
        'fieldManager',
        'm'.repeat(129),
        { reason: 'FieldValueTooLong', message: 'Too long: may not be more than 128 bytes' },
      ],
    ])('refuses the option %s=%s', async (option, value, cause) => {
      const { code, body } = await post(configMap('option'), `?${option}=${value}`);
      expect(code).toBe(422);
      expect(body).toMatchObject({ reason: 'Invalid', code: 422 });
      expect(body.details).toEqual({
        group: 'meta.k8s.io',
        kind: 'CreateOptions',
        causes: [{ ...cause, field: option }],
      });
    });

    it('takes no method that does not fit the path', async () => {
      const attempts: [string, string][] = [
        ['POST', `${maps}/a`],
        ['PUT', maps],
        ['POST', '/api/v1/configmaps'],
        ['DELETE', '/api/v1/namespaces'],
        ['GET', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
      ];
      for (const [method, path] of attempts) {
        const { code, body } = await kube().ask(method, path, method === 'GET' ? undefined : configMap('a'));
        expect([method, path, code]).toEqual([method, path, 405]);
        expect(body).toMatchObject({
          reason: 'MethodNotAllowed',
          message: 'the server does not allow this method on the requested resource',
          details: {},
        });
      }
    });
  });
}
