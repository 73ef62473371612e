import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { OwnedRef } from '../../../../src/clients/kubernetes/objects.ts';
import { withoutGoing } from '../../../../src/stages/preflight/without-going.ts';
import type { AnyObject } from '../../../any-object.ts';

const SERVING = 'serving.kserve.io/v1alpha1';
const SERVICE: OwnedRef = { apiVersion: SERVING, kind: 'LLMInferenceService', name: 'old', namespace: 'ns' };
const owner = { apiVersion: SERVING, kind: 'LLMInferenceService', name: 'old', uid: 'u1' };

/** As in a list, which leaves kind and version out of its objects. */
const route = (name: string, metadata: object = {}) =>
  ({ metadata: { name, namespace: 'ns', ...metadata } }) as AnyObject;

async function left(going: OwnedRef[], objects: AnyObject[] | null): Promise<string[] | null> {
  const kube = { list: async () => objects } as unknown as KubeClient;
  const listed = await withoutGoing(kube, going, 'ns').list('gateway.networking.k8s.io/v1', 'HTTPRoute');
  return listed?.map(({ metadata }) => metadata.name) ?? null;
}

describe('lists without what goes before the deploy', () => {
  const ROUTE: OwnedRef = { apiVersion: 'gateway.networking.k8s.io/v1beta1', kind: 'HTTPRoute', name: 'r' };

  it('leave out an object in any version of its group, of the namespace and of the UID that were recorded', async () => {
    const there = [route('r', { uid: 'u' }), route('other')];
    expect(await left([ROUTE], there)).toEqual(['other']);
    expect(await left([{ ...ROUTE, uid: 'u' }], there)).toEqual(['other']);
    expect(await left([{ ...ROUTE, uid: 'since' }], there)).toEqual(['r', 'other']);
    expect(await left([{ ...ROUTE, namespace: 'elsewhere' }], there)).toEqual(['r', 'other']);
    expect(await left([{ ...ROUTE, apiVersion: 'example.com/v1' }], there)).toEqual(['r', 'other']);
    expect(await left([ROUTE], null)).toBeNull();
  });

  it('leave out what a deleted object owns', async () => {
    const owned = { ownerReferences: [owner] };
    const there = [route('r', owned), route('elsewhere', { ...owned, namespace: 'web' }), route('free')];
    expect(await left([SERVICE], there)).toEqual(['elsewhere', 'free']);
    expect(await left([{ ...SERVICE, uid: 'u1' }], there)).toEqual(['elsewhere', 'free']);
    expect(await left([{ ...SERVICE, uid: 'since' }], there)).toEqual(['r', 'elsewhere', 'free']);
  });

  it('keep what an object that stays owns too', async () => {
    const ownerReferences = [owner, { ...owner, name: 'stays', uid: 'u2' }];
    expect(await left([SERVICE], [route('r', { ownerReferences })])).toEqual(['r']);
  });
});
