import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { refuseGone } from '../../../../src/stages/benchmark/gone-replicas.ts';
import type { ReadyStack } from '../../../../src/stages/ready/ready.ts';
import { fakeKube, prepared, stageContext } from '../fakes.ts';

const pod = (name: string, metadata: object = {}): KubeObject => ({
  ...{ apiVersion: 'v1', kind: 'Pod' },
  metadata: { name, namespace: 'ns', uid: `uid-${name}`, ...metadata },
});
const stack = { replicas: ['a', 'b', 'c'].map((name) => pod(name)) } as unknown as Pick<ReadyStack, 'replicas'>;
const look = (pods: () => KubeObject[]) => {
  const { context } = stageContext({ kube: fakeKube({ Pod: pods }).kube });
  return refuseGone(context, prepared(), stack);
};

describe('a replica that was ready', () => {
  it.each([
    ['was deleted', []],
    ['is about to end', [pod('b', { deletionTimestamp: '2026-11-22T14:20:00Z' })]],
    ['was made anew under its name', [pod('b', { uid: 'another' })]],
  ])('and %s ends the measurement before it begins', async (_, instead) => {
    await expect(look(() => [pod('a'), ...instead, pod('c')])).rejects.toMatchObject({
      code: 'replica-gone',
      stage: 'benchmark',
      blame: 'cluster',
      message: 'The replicas changed before the measurement: b went away.',
    });
  });

  it('is there, or cannot be seen, and the measurement goes on', async () => {
    await look(() => [pod('c'), pod('b'), pod('a'), pod('another')]);
    await look(() => {
      throw new Failure({ stage: 'benchmark', code: 'kube-permission', message: 'forbidden' });
    });
  });
});
