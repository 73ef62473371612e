import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json, Place } from './client.ts';
import { configMap, lease, pod, service, WIDGET_VERSION, widget, widgetDefinition } from './objects.ts';

const LABEL_NAME =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const CONFIG_KEY =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or " +
  "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

type Case = [what: string, plural: string, version: string, object: Json, causes: [field: string, message: string][]];

const CASES: Case[] = [
  [
    'an object without a name',
    'configmaps',
    'v1',
    {},
    [['metadata.name', 'Required value: name or generateName is required']],
  ],
  [
    'a label key',
    'configmaps',
    'v1',
    configMap('a', {}, { labels: { 'bad key': 'x' } }),
    [['metadata.labels', `Invalid value: "bad key": ${LABEL_NAME}`]],
  ],
  [
    'a key of a ConfigMap',
    'configmaps',
    'v1',
    configMap('a', { 'bad key': 'x' }),
    [['data[bad key]', `Invalid value: "bad key": ${CONFIG_KEY}`]],
  ],
  [
    'a finalizer without a domain',
    'configmaps',
    'v1',
    configMap('a', {}, { finalizers: ['hold'] }),
    [
      [
        'metadata.finalizers[0]',
        'Invalid value: "hold": name is neither a standard finalizer name nor is it fully qualified',
      ],
    ],
  ],
  [
    'an owner without an identity',
    'configmaps',
    'v1',
    configMap('a', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: '' }] }),
    [['metadata.ownerReferences.uid', 'Invalid value: "": must not be empty']],
  ],
  [
    'a Secret of a type that needs a key',
    'secrets',
    'v1',
    { metadata: { name: 's' }, type: 'kubernetes.io/dockerconfigjson', data: { token: 'YWJj' } },
    [['data[.dockerconfigjson]', 'Required value']],
  ],
  [
    'an Event about another namespace',
    'events',
    'v1',
    { metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'p', namespace: 'other' } },
    [['involvedObject.namespace', 'Invalid value: "other": does not match event.namespace']],
  ],
  [
    'a pod without containers',
    'pods',
    'v1',
    { metadata: { name: 'p' }, spec: {} },
    [['spec.containers', 'Required value']],
  ],
  [
    'a container without name and image',
    'pods',
    'v1',
    { metadata: { name: 'p' }, spec: { containers: [{}] } },
    [
      ['spec.containers[0].image', 'Required value'],
      ['spec.containers[0].name', 'Required value'],
    ],
  ],
  [
    'a Service',
    'services',
    'v1',
    service('s', { type: 'Nope', ports: [{ port: 0 }, { port: 80 }] }),
    [
      ['spec.ports[0].name', 'Required value'],
      ['spec.ports[0].port', 'Invalid value: 0: must be between 1 and 65535, inclusive'],
      ['spec.ports[0].targetPort', 'Invalid value: 0: must be between 1 and 65535, inclusive'],
      ['spec.ports[1].name', 'Required value'],
      [
        'spec.type',
        'Unsupported value: "Nope": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
  ],
  [
    'a Lease',
    'leases',
    'coordination.k8s.io/v1',
    lease('l', { leaseDurationSeconds: 0, leaseTransitions: -1 }),
    [
      ['spec.leaseDurationSeconds', 'Invalid value: 0: must be greater than 0'],
      ['spec.leaseTransitions', 'Invalid value: -1: must be greater than or equal to 0'],
    ],
  ],
  [
    'a custom resource',
    'widgets',
    WIDGET_VERSION,
    widget('w', { model: 'M!', replicas: -1, mode: 'odd' }),
    [
      ['.spec.replicas', 'Invalid value: -1: should be a non-negative integer'],
      ['spec.mode', 'Unsupported value: "odd": supported values: "fast", "safe"'],
      ['spec.model', `Invalid value: "M!": spec.model in body should match '^[a-z]+$'`],
      ['spec.replicas', 'Invalid value: -1: spec.replicas in body should be greater than or equal to 0'],
    ],
  ],
  [
    'a custom resource that lacks a required field',
    'widgets',
    WIDGET_VERSION,
    widget('w', {}),
    [['spec.model', 'Required value']],
  ],
  [
    'a custom resource with a value of another type',
    'widgets',
    WIDGET_VERSION,
    widget('w', { model: 5 }),
    [['spec.model', 'Invalid value: "integer": spec.model in body must be of type string: "integer"']],
  ],
];

const sorted = (pairs: string[][]) => pairs.toSorted((a, b) => (a.join() < b.join() ? -1 : 1));

export function validationContract(kube: () => Client): void {
  describe('validation', () => {
    let place: Place;
    beforeAll(async () => {
      place = await kube().place();
    });

    it.each(CASES)('names every fault of %s', async (_what, plural, version, object, causes) => {
      const { code, body } = await kube().ask('POST', place.path(plural, version), object);
      expect(
        body.details?.causes && sorted(body.details.causes.map((each: Json) => [each.field, each.message])),
      ).toEqual(sorted(causes));
      expect(code).toBe(422);
      expect(body).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'Invalid' });
      expect(body.details.name).toBe(object.metadata?.name);
      expect(body.details.group ?? '').toBe(version.includes('/') ? version.split('/')[0] : '');
      const text = causes.length === 1 ? `is invalid: ${causes[0]?.join(': ')}` : 'is invalid: [';
      expect(body.message).toContain(text);
    });

    it.each<[string, string, Json, string]>([
      [
        'text for a number',
        'services',
        service('s', { ports: [{ port: 'http' }] }),
        'ServicePort.spec.ports.port of type int32',
      ],
      ['a number for text', 'configmaps', configMap('a', { n: 1 }), 'ConfigMap.data of type string'],
      [
        'a number for an annotation',
        'configmaps',
        configMap('a', {}, { annotations: { n: 1 } }),
        'ObjectMeta.metadata.annotations of type string',
      ],
      ['an object for a list', 'pods', pod('p', { containers: {} }), 'PodSpec.spec.containers of type []v1.Container'],
    ])('cannot decode %s', async (_what, plural, object, ending) => {
      const { code, body } = await kube().ask('POST', place.path(plural), object);
      expect([code, body.reason]).toEqual([400, 'BadRequest']);
      expect(body.message).toContain('json: cannot unmarshal ');
      expect(body.message.slice(-ending.length)).toBe(ending);
    });

    it('cannot decode what is not base64', async () => {
      const secret = { metadata: { name: 's' }, data: { token: 'ab*c' } };
      const { code, body } = await kube().ask('POST', place.path('secrets'), secret);
      expect(code).toBe(400);
      expect(body.message).toBe(
        'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 2',
      );
    });

    it('cannot decode a quantity that is none', async () => {
      const resources = { limits: { 'google.com/tpu': 'four' } };
      const object = pod('p', { containers: [{ name: 'a', image: 'b', resources }] });
      const { code, body } = await kube().ask('POST', place.path('pods'), object);
      expect([code, body.reason]).toEqual([400, 'BadRequest']);
      expect(body.message).toContain('quantities must match the regular expression');
    });

    it('takes a definition in a group of Kubernetes’ own only with the mark of its review', async () => {
      const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All';
      const definition = structuredClone(widgetDefinition('reviewed', 'Reviewed'));
      definition.metadata.name = 'reviewed.contract.k8s.io';
      definition.spec.group = 'contract.k8s.io';
      const refused = await kube().ask('POST', path, definition);
      expect([refused.code, refused.body.reason]).toEqual([422, 'Invalid']);
      expect(refused.body.details.causes).toEqual([
        {
          reason: 'FieldValueRequired',
          field: 'metadata.annotations[api-approved.kubernetes.io]',
          message:
            'Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
        },
      ]);
      definition.metadata.annotations = { 'api-approved.kubernetes.io': 'https://github.com/example/review/pull/1' };
      expect((await kube().ask('POST', path, definition)).code).toBe(201);
    });

    it('lets little of a pod change', async () => {
      await kube().ask('POST', place.path('pods'), pod('fixed'));
      const { code, body } = await kube().merge(`${place.path('pods')}/fixed`, { spec: { hostNetwork: true } });
      expect([code, body.reason]).toEqual([422, 'Invalid']);
      expect(body.message).toMatch(
        /^Pod "fixed" is invalid: spec: Forbidden: pod updates may not change fields other than/,
      );
      expect(body.details.causes).toMatchObject([{ reason: 'FieldValueForbidden', field: 'spec' }]);
    });
  });
}
