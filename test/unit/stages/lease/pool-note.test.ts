import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import { notePool, noteRef, parseSeen, SEEN_ANNOTATION, unnotePool } from '../../../../src/stages/lease/pool-note.ts';
import { startTestApi, type TestApi } from '../../clients/kubernetes/kube-api.ts';
import { texts } from '../fakes.ts';

const LEASES = { group: 'coordination.k8s.io', plural: 'leases' };
const POOL = { nodePool: 'tpu', restingNodes: 0, holder: 'run-1', seenAt: '2026-11-29T10:00:00.000Z' };

let api: TestApi;
const said: string[] = [];
beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(() => {
  said.length = 0;
  for (const { metadata } of api.store.list(LEASES)) api.store.delete(LEASES, metadata.namespace, metadata.name);
});
afterAll(() => api.close());

const noting = (change: Partial<KubeClient> = {}) => ({
  kube: { ...api.client(), ...change },
  namespace: 'default',
  emit: (event: Parameters<typeof texts>[0][number]) => void said.push(...texts([event])),
});
const noted = async () => {
  const found = await api.client().get(noteRef('default'));
  return parseSeen(found?.metadata.annotations?.[SEEN_ANNOTATION]);
};

describe('the note of a leased pool for the sweeper', () => {
  it('comes with the lease, and goes after the release', async () => {
    await notePool(noting(), POOL);
    expect(await noted()).toEqual([{ ...POOL, noted: true }]);
    await unnotePool(noting(), 'tpu', 'run-1');
    expect(await noted()).toEqual([]);
    expect(said).toEqual([]);
  });

  it('has one entry for a pool, of the run that took it last, which alone removes it', async () => {
    await notePool(noting(), POOL);
    await notePool(noting(), { ...POOL, nodePool: 'other' });
    await notePool(noting(), { ...POOL, holder: 'run-2' });
    await unnotePool(noting(), 'tpu', 'run-1');
    expect((await noted()).map(({ nodePool, holder }) => [nodePool, holder])).toEqual([
      ['other', 'run-1'],
      ['tpu', 'run-2'],
    ]);
  });

  it('keeps the time of the last sweep', async () => {
    const { apiVersion, kind, name, namespace } = noteRef('default');
    const spec = { holderIdentity: 'sweeper', renewTime: '2026-11-29T09:00:00.000000Z' };
    await api.client().create({ apiVersion, kind, metadata: { name, namespace }, spec });
    await notePool(noting(), POOL);
    expect((await api.client().get(noteRef('default')))?.spec).toEqual(spec);
  });

  it('loses no entry of two runs at once', async () => {
    await Promise.all(['a', 'b', 'c'].map((nodePool) => notePool(noting(), { ...POOL, nodePool })));
    expect((await noted()).map(({ nodePool }) => nodePool).sort()).toEqual(['a', 'b', 'c']);
  });

  it('that cannot be written is a warning', async () => {
    const refused = () => Promise.reject(new Error('leases is forbidden'));
    await notePool(noting({ create: refused, replace: refused }), POOL);
    expect(said.join()).toMatch(/the pool could not be noted for the sweeper: leases is forbidden/);
    said.length = 0;
    await notePool(noting({ create: async () => null, replace: async () => null }), POOL);
    expect(said.join()).toMatch(/it changed under each of 5 tries/);
  });

  it('that somebody garbled is read as empty', async () => {
    for (const text of [undefined, '', '{', '{}', '[1, null]', JSON.stringify([{ ...POOL, noted: 'yes' }])]) {
      expect(parseSeen(text)).toEqual([]);
    }
  });
});
