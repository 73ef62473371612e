import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from './client.ts';
import { TABLE } from './client.ts';
import { configMap, pod, WIDGET_VERSION, widget } from './objects.ts';

const AGE = expect.stringMatching(/^\d+s$/);
const columns = (body: Json) =>
  body.columnDefinitions.map((each: Json) => [each.name, each.type, each.format, each.priority]);
const cells = (body: Json) => body.rows.map((each: Json) => each.cells);

export function tableContract(kube: () => Client): void {
  describe('a table', () => {
    let pods: string;
    let widgets: string;
    let maps: string;
    const table = (path: string) => kube().get(path, { accept: `${TABLE},application/json` });
    beforeAll(async () => {
      const place = await kube().place();
      [pods, maps, widgets] = [place.path('pods'), place.path('configmaps'), place.path('widgets', WIDGET_VERSION)];
      await kube().ask('POST', pods, pod('p'));
      await kube().ask('POST', widgets, widget('w', { model: 'm' }));
      await kube().ask('POST', maps, configMap('c', { a: '1', b: '2' }));
    });

    it('of pods has the columns that kubectl shows', async () => {
      const { code, body } = await table(pods);
      expect(code).toBe(200);
      expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
      expect(columns(body)).toEqual([
        ['Name', 'string', 'name', 0],
        ['Ready', 'string', '', 0],
        ['Status', 'string', '', 0],
        ['Restarts', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['IP', 'string', '', 1],
        ['Node', 'string', '', 1],
        ['Nominated Node', 'string', '', 1],
        ['Readiness Gates', 'string', '', 1],
      ]);
      expect(cells(body)).toEqual([['p', '0/1', 'Pending', '0', AGE, '<none>', '<none>', '<none>', '<none>']]);
      expect(body.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'p' } });
    });

    it('of a custom resource has the columns of its definition, with nothing where nothing is', async () => {
      const { body } = await table(widgets);
      expect(columns(body)).toEqual([
        ['Name', 'string', 'name', 0],
        ['Model', 'string', '', 0],
        ['Ready', 'string', '', 0],
        ['Replicas', 'integer', '', 1],
        ['Age', 'date', '', 0],
      ]);
      expect(body.columnDefinitions[1].description).toBe(
        'Custom resource definition column (in JSONPath format): .spec.model',
      );
      expect(cells(body)).toEqual([['w', 'm', null, 1, AGE]]);
      const ready = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
      await kube().merge(`${widgets}/w/status`, ready);
      expect(cells((await table(`${widgets}/w`)).body)).toEqual([['w', 'm', 'True', 1, AGE]]);
    });

    it('of events and replica sets has their own columns', async () => {
      const typed = async (path: string) =>
        columns((await table(path)).body).map(([name, type]: string[]) => [name, type]);
      expect((await typed('/api/v1/events')).map(([name]: string[]) => name)).toEqual([
        ...['Last Seen', 'Type', 'Reason', 'Object', 'Subobject', 'Source', 'Message', 'First Seen', 'Count', 'Name'],
      ]);
      expect((await typed('/apis/apps/v1/replicasets')).slice(0, 5)).toEqual([
        ['Name', 'string'],
        ['Desired', 'integer'],
        ['Current', 'integer'],
        ['Ready', 'integer'],
        ['Age', 'string'],
      ]);
    });

    it('carries as much of the objects as is asked for', async () => {
      expect(cells((await table(`${maps}/c`)).body)).toEqual([['c', 2, AGE]]);
      expect((await table(`${maps}/c?includeObject=None`)).body.rows[0].object).toBeNull();
      expect((await table(`${maps}/c?includeObject=Object`)).body.rows[0].object).toMatchObject({
        kind: 'ConfigMap',
        data: { a: '1', b: '2' },
      });
    });

    it('keeps paging and the version of the list', async () => {
      await kube().ask('POST', maps, configMap('d'));
      const { body } = await table(`${maps}?limit=1`);
      expect(body.rows).toHaveLength(1);
      expect(body.metadata).toMatchObject({ resourceVersion: expect.any(String), continue: expect.any(String) });
    });
  });
}
