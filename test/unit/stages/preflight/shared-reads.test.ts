import { expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import { type SharedReads, sharedReads } from '../../../../src/stages/preflight/shared-reads.ts';

const API = 'gateway.networking.k8s.io/v1';
const GATEWAY = { apiVersion: API, kind: 'Gateway', metadata: { name: 'g', namespace: 'a', uid: '1' } };
const of = (namespace: string) => ({ apiVersion: API, kind: 'Gateway' as const, namespace, name: 'g' });

function counted(list: () => Promise<unknown>): { kube: SharedReads; asked: string[] } {
  const asked: string[] = [];
  const kube = {
    list: async (_api: string, kind: string, { labelSelector = '' } = {}) => {
      asked.push(`list ${kind} ${labelSelector}`.trim());
      return list();
    },
    get: async ({ kind, name }: { kind: string; name: string }) => {
      asked.push(`get ${kind} ${name}`);
      return GATEWAY;
    },
  } as unknown as KubeClient;
  return { kube: sharedReads(kube), asked };
}

it('takes an object of a list that was asked for from that, and an object that is not in it for missing', async () => {
  const { kube, asked } = counted(async () => [GATEWAY]);
  const listing = kube.list(API, 'Gateway');
  expect(await kube.get(of('a'))).toEqual(GATEWAY);
  expect(await kube.get(of('b'))).toBeNull();
  await listing;
  expect(asked).toEqual(['list Gateway']);
});

it('asks for the object itself where the list was refused, or was of some objects alone', async () => {
  const refused = counted(async () => Promise.reject(new Error('forbidden')));
  await refused.kube.list(API, 'Gateway').catch(() => {});
  expect(await refused.kube.get(of('a'))).toEqual(GATEWAY);
  const some = counted(async () => []);
  await some.kube.list(API, 'Gateway', { labelSelector: 'a=b' });
  expect(await some.kube.get(of('a'))).toEqual(GATEWAY);
  expect(some.asked).toEqual(['list Gateway a=b', 'get Gateway g']);
});

it('finds nothing of a kind that the cluster does not know', async () => {
  const { kube, asked } = counted(async () => null);
  expect(await kube.list(API, 'Gateway')).toBeNull();
  expect(await kube.get(of('a'))).toBeNull();
  expect(asked).toEqual(['list Gateway']);
});

it('takes only a request for an object itself for a proof of the right to get it', async () => {
  const alone = counted(async () => []);
  expect(await alone.kube.gets(of('a'))).toBe(true);
  await alone.kube.get(of('a'));
  expect(alone.asked).toEqual(['get Gateway g']);
  const listed = counted(async () => [GATEWAY]);
  await listed.kube.list(API, 'Gateway');
  expect(await listed.kube.get(of('a'))).toEqual(GATEWAY);
  expect(await listed.kube.gets(of('a'))).toBe(false);
  const refused = sharedReads({ get: async () => Promise.reject(new Error('forbidden')) } as unknown as KubeClient);
  const missing = sharedReads({ get: async () => null } as unknown as KubeClient);
  expect([await refused.gets(of('a')), await missing.gets(of('a'))]).toEqual([false, false]);
});

it('takes a group for absent that the cluster did not list a moment ago', async () => {
  const ages: (number | undefined)[] = [];
  const versionsOf: KubeClient['versionsOf'] = async (_group, absence) => {
    ages.push(absence?.maxAgeMs);
    return [];
  };
  const kube = sharedReads({ versionsOf } as KubeClient);
  expect([await kube.versionsOf('keda.sh'), await kube.versionsOf('keda.sh')]).toEqual([[], []]);
  expect(ages).toEqual([60_000]);
});
