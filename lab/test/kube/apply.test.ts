import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lab } from './lab.ts';
import { configMap, startLab, widgetDefinition } from './lab.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const WIDGETS = '/apis/example.com/v1/namespaces/default/widgets';
let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
  await lab.ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgetDefinition());
});
afterAll(() => lab.close());

const widget = (name: string, spec: object = { model: 'qwen' }, apiVersion = 'example.com/v1') => ({
  apiVersion,
  kind: 'Widget',
  metadata: { name },
  spec,
});

describe('apply over HTTP', () => {
  it('creates with 201, and applying the same again changes nothing', async () => {
    const first = await lab.apply(`${MAPS}/a`, configMap('a', { x: '1' }));
    expect(first.code).toBe(201);
    const again = await lab.apply(`${MAPS}/a`, configMap('a', { x: '1' }));
    expect(again.code).toBe(200);
    expect(again.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    expect(again.body.metadata.managedFields).toEqual([
      {
        manager: 'gate',
        operation: 'Apply',
        apiVersion: 'v1',
        time: expect.any(String),
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:x': {} } },
      },
    ]);
  });

  it('answers a conflict with its causes', async () => {
    await lab.ask('POST', `${MAPS}?fieldManager=other`, configMap('c', { x: '1', y: '1' }));
    const conflict = await lab.apply(`${MAPS}/c`, configMap('c', { x: '2', y: '2' }));
    expect(conflict.code).toBe(409);
    expect(conflict.body).toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 2 conflicts: conflicts with "other" using v1:\n- .data.x\n- .data.y',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "other" using v1', field: '.data.x' },
          { reason: 'FieldManagerConflict', message: 'conflict with "other" using v1', field: '.data.y' },
        ],
      },
    });
    const forced = await lab.apply(`${MAPS}/c`, configMap('c', { x: '2', y: '2' }), 'fieldManager=gate&force=true');
    expect(forced.body.data).toEqual({ x: '2', y: '2' });
  });

  it('changes nothing on a dry run', async () => {
    expect((await lab.apply(`${MAPS}/dry`, configMap('dry'), 'fieldManager=gate&dryRun=All')).code).toBe(201);
    expect((await lab.ask('GET', `${MAPS}/dry`)).code).toBe(404);
  });

  it('asks for a field manager and for a name that fits the URL', async () => {
    const nobody = await lab.apply(`${MAPS}/n`, configMap('n'), '');
    expect(nobody.body.message).toContain('fieldManager: Required value: is required for apply patch');
    expect((await lab.apply(`${MAPS}/n`, configMap('m'))).code).toBe(400);
  });

  it('takes YAML', async () => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yam}\ndata: {on_: "yes", date: "2026-01-01"}\n';
    const type = { 'content-type': 'application/apply-patch+yaml' };
    expect((await lab.ask('PATCH', `${MAPS}/yam?fieldManager=g`, yaml, type)).body.data).toEqual({
      on_: 'yes',
      date: '2026-01-01',
    });
  });

  it('records other verbs as updates of the client', async () => {
    const { body } = await lab.ask('POST', MAPS, configMap('u', { x: '1' }));
    expect(body.metadata.managedFields[0]).toMatchObject({ manager: 'tester', operation: 'Update' });
  });
});

describe('custom resources', () => {
  it('are established and in discovery as soon as their definition exists', async () => {
    const { body } = await lab.ask(
      'GET',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com',
    );
    expect(body.status.conditions.map((each: { type: string }) => each.type)).toContain('Established');
    expect((await lab.ask('GET', '/apis/example.com')).body.preferredVersion.version).toBe('v1');
    expect((await lab.ask('GET', '/apis/example.com/v1')).body.resources[0]).toMatchObject({
      name: 'widgets',
      shortNames: ['wd'],
    });
  });

  it('are established too when the definition was written into the store', async () => {
    const other = await startLab();
    other.store.create({ group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' }, widgetDefinition());
    expect((await other.ask('GET', WIDGETS)).body.items).toEqual([]);
    await other.close();
  });

  it('are served at every version, whatever version they were written at', async () => {
    await lab.apply(`${WIDGETS.replace('v1', 'v1alpha1')}/v`, widget('v', undefined, 'example.com/v1alpha1'));
    expect((await lab.ask('GET', `${WIDGETS}/v`)).body).toMatchObject({
      apiVersion: 'example.com/v1',
      spec: { model: 'qwen', replicas: 1 },
    });
    expect(lab.store.get({ group: 'example.com', plural: 'widgets' }, 'default', 'v')?.apiVersion).toBe(
      'example.com/v1',
    );
  });

  it('merge keyed lists of their schema and conflict field by field', async () => {
    await lab.apply(`${WIDGETS}/k`, widget('k', { model: 'm', parts: [{ name: 'a', size: 1 }] }));
    const second = await lab.apply(`${WIDGETS}/k`, widget('k', { parts: [{ name: 'b' }] }), 'fieldManager=other');
    expect(second.body.spec.parts).toEqual([{ name: 'a', size: 1 }, { name: 'b' }]);
    const conflict = await lab.apply(
      `${WIDGETS}/k`,
      widget('k', { parts: [{ name: 'a', size: 2 }] }),
      'fieldManager=other',
    );
    expect(conflict.body.details.causes[0].field).toBe('.spec.parts[name="a"].size');
  });

  it('refuse what the schema does not declare', async () => {
    const applied = await lab.apply(`${WIDGETS}/x`, widget('x', { model: 'm', foo: 1 }));
    expect(applied.code).toBe(500);
    expect(applied.body.message).toBe(
      'failed to create typed patch object (/x; example.com/v1, Kind=Widget): .spec.foo: field not declared in schema',
    );
    const created = await lab.ask('POST', `${WIDGETS}?fieldValidation=Strict`, widget('x', { model: 'm', foo: 1 }));
    expect(created.code).toBe(400);
    expect(created.body.message).toContain('strict decoding error: unknown field "spec.foo"');
    const pruned = await lab.ask(
      'POST',
      `${WIDGETS}?dryRun=All`,
      widget('x', { model: 'm', foo: 1, free: { any: 1 } }),
    );
    expect(pruned.body.spec).toEqual({ model: 'm', replicas: 1, free: { any: 1 } });
    expect(pruned.headers.warning).toContain('unknown field');
  });

  it('report every broken rule of the schema with its field', async () => {
    const { body, code } = await lab.ask(
      'POST',
      WIDGETS,
      widget('x', { replicas: 'two', mode: 'slow', parts: [{ size: 1 }] }),
    );
    expect(code).toBe(422);
    const causes = body.details.causes.map((each: { field: string; reason: string }) => [each.field, each.reason]);
    expect(causes).toEqual([
      ['spec.model', 'FieldValueRequired'],
      ['spec.replicas', 'FieldValueTypeInvalid'],
      ['spec.mode', 'FieldValueNotSupported'],
      ['spec.parts[0].name', 'FieldValueRequired'],
      ['.spec.replicas', 'FieldValueInvalid'],
    ]);
    expect(body.message).toContain('spec.mode: Unsupported value: "slow": supported values: "fast", "safe"');
    const pattern = await lab.ask('POST', WIDGETS, widget('x', { model: 'A1' }));
    expect(pattern.body.message).toContain(`spec.model in body should match '^[a-z]+$'`);
  });

  it('show their printer columns', async () => {
    await lab.apply(`${WIDGETS}/t`, widget('t'));
    const status = {
      status: {
        conditions: [
          { type: 'Other', status: 'False' },
          { type: 'Ready', status: 'True' },
        ],
      },
    };
    await lab.ask('PATCH', `${WIDGETS}/t/status`, status, { 'content-type': 'application/merge-patch+json' });
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const { body } = await lab.ask('GET', `${WIDGETS}/t`, undefined, { accept });
    expect(body.rows[0].cells.slice(0, 2)).toEqual(['t', 'True']);
  });

  it('raise generation with the spec, not with the status', async () => {
    await lab.apply(`${WIDGETS}/g`, widget('g'));
    const type = { 'content-type': 'application/merge-patch+json' };
    const status = await lab.ask('PATCH', `${WIDGETS}/g/status`, { status: { replicas: 1 } }, type);
    expect(status.body.metadata.generation).toBe(1);
    const spec = await lab.ask('PATCH', `${WIDGETS}/g`, { spec: { replicas: 3 } }, type);
    expect(spec.body.metadata.generation).toBe(2);
  });

  it('scale through their scale subresource', async () => {
    await lab.apply(`${WIDGETS}/s`, widget('s'));
    const type = { 'content-type': 'application/merge-patch+json' };
    const { body } = await lab.ask('PATCH', `${WIDGETS}/s/scale`, { spec: { replicas: 0 } }, type);
    expect(body).toMatchObject({ kind: 'Scale', spec: { replicas: 0 } });
    expect((await lab.ask('GET', `${WIDGETS}/s`)).body.spec.replicas).toBe(0);
  });
});
