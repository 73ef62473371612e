import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lab } from './lab.ts';
import { configMap, podObject, startLab } from './lab.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

describe('lists', () => {
  it('selects by labels and fields, and pages', async () => {
    for (const [name, tier] of [
      ['l1', 'a'],
      ['l2', 'b'],
      ['l3', 'c'],
    ] as const) {
      await lab.ask('POST', MAPS, configMap(name, {}, { tier, set: 'lists' }));
    }
    const names = async (query: string) => {
      const { body } = await lab.ask('GET', `${MAPS}?${query}`);
      return body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
    };
    const select = (selector: string) => names(`labelSelector=${encodeURIComponent(selector)}`);
    expect(await select('set=lists,tier!=b')).toEqual(['l1', 'l3']);
    expect(await select('tier in (a, b)')).toEqual(['l1', 'l2']);
    expect(await select('set,tier notin (a)')).toEqual(['l2', 'l3']);
    expect(await select('set=lists,!nope')).toEqual(['l1', 'l2', 'l3']);
    expect(await names('fieldSelector=metadata.name%3Dl2')).toEqual(['l2']);
    expect((await lab.ask('GET', `${MAPS}?fieldSelector=data.x%3D1`)).body.message).toBe(
      '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );

    const first = (await lab.ask('GET', `${MAPS}?limit=2&labelSelector=set%3Dlists`)).body;
    expect(first.metadata).not.toHaveProperty('remainingItemCount');
    expect(await names(`limit=2&labelSelector=set%3Dlists&continue=${first.metadata.continue}`)).toEqual(['l3']);
  });

  it('deletes a collection by selector', async () => {
    await lab.ask('POST', MAPS, configMap('k1', {}, { gone: 'yes' }));
    await lab.ask('POST', MAPS, configMap('k2', {}, { gone: 'no' }));
    await lab.ask('DELETE', `${MAPS}?labelSelector=gone%3Dyes`);
    expect((await lab.ask('GET', `${MAPS}/k1`)).code).toBe(404);
    expect((await lab.ask('GET', `${MAPS}/k2`)).code).toBe(200);
  });

  it('shows tables and metadata alone', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    lab.store.create(
      { group: '', plural: 'pods' },
      podObject('t', { status: { phase: 'Running', containerStatuses: [{ ready: true, restartCount: 2 }] } }),
    );
    const { body } = await lab.ask('GET', '/api/v1/namespaces/default/pods', undefined, { accept });
    expect(body.columnDefinitions.map((each: { name: string }) => each.name).slice(0, 5)).toEqual([
      'Name',
      'Ready',
      'Status',
      'Restarts',
      'Age',
    ]);
    expect(body.rows.find((row: { cells: string[] }) => row.cells[0] === 't').cells.slice(0, 4)).toEqual([
      't',
      '1/1',
      'Running',
      '2',
    ]);
    const partial = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
    expect((await lab.ask('GET', '/api/v1/pods', undefined, { accept: partial })).body.items[0]).not.toHaveProperty(
      'spec',
    );
    expect(
      (await lab.ask('GET', '/api/v1/pods', undefined, { accept: 'application/vnd.kubernetes.protobuf' })).code,
    ).toBe(406);
  });
});
