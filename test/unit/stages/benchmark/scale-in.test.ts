import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { scaleIn } from '../../../../src/stages/benchmark/scale-in.ts';
import type { ReadyStack } from '../../../../src/stages/ready/ready.ts';
import { fakeKube, prepared, stageContext } from '../fakes.ts';

function pod(name: string, { metadata = {}, ready = true, phase = 'Running' } = {}): KubeObject {
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'ns', uid: `uid-${name}`, ...metadata } },
    status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}
const ending = (name: string) => pod(name, { metadata: { deletionTimestamp: '2026-11-22T14:20:00Z' } });
const stack = { replicas: ['a', 'b', 'c'].map((name) => pod(name)) } as unknown as Pick<ReadyStack, 'replicas'>;

/** Scales in while the pods change from one look to the next; the last ones stay. */
async function scaled(looks: KubeObject[][], refuseLostNodes = async () => {}) {
  let look = 0;
  const { kube } = fakeKube({ Pod: () => looks[Math.min(look++, looks.length - 1)] ?? [] });
  const patched: unknown[] = [];
  const mergePatch = async (_ref: unknown, patch: unknown) => patched.push(patch);
  const { context } = stageContext({ kube: { ...kube, mergePatch } as unknown as typeof kube });
  const ended = await scaleIn({ ...context, refuseLostNodes }, prepared(), stack).catch((error: unknown) => error);
  expect(patched).toEqual([{ spec: { replicas: 1 } }]);
  return { ended, waitedMs: context.clock.now() };
}

describe('a service that is scaled in', () => {
  it('is waited for until one of its replicas is alone', async () => {
    const { ended, waitedMs } = await scaled([
      [pod('a'), pod('b'), pod('c')],
      [pod('a'), ending('b'), ending('c')],
      [pod('a'), ending('c')],
      [pod('a')],
    ]);
    expect(ended).toBeUndefined();
    expect(waitedMs).toBeGreaterThan(0);
  });

  it('has one replica beside pods that have ended', async () => {
    expect((await scaled([[pod('a'), pod('b', { phase: 'Failed', ready: false })]])).ended).toBeUndefined();
  });

  it('that never comes down is given up after ten minutes', async () => {
    const { ended, waitedMs } = await scaled([[pod('a'), pod('b'), pod('c')]]);
    expect(ended).toMatchObject({ code: 'scale-in-timeout' });
    expect(waitedMs).toBeGreaterThanOrEqual(10 * 60_000);
  });

  it('and loses a node ends the wait at once', async () => {
    const lost = new Failure({ stage: 'benchmark', code: 'node-lost', message: 'A leased node went away.' });
    const { ended, waitedMs } = await scaled([[pod('a', { ready: false })]], () => Promise.reject(lost));
    expect(ended).toBe(lost);
    expect(waitedMs).toBe(0);
  });

  it.each([
    ['is being loaded', [pod('d', { ready: false, phase: 'Pending' })]],
    ['is Ready', [pod('d')]],
    ['has its name', [pod('a', { metadata: { uid: 'another' } })]],
    ['comes while it ends', [ending('a'), pod('d', { ready: false })]],
    ['comes after it has failed', [pod('a', { phase: 'Failed', ready: false }), pod('d', { ready: false })]],
    ['is not there yet', []],
  ])('and loses the replica that was to stay ends the wait at once, where another %s', async (_, then) => {
    const { ended, waitedMs } = await scaled([[pod('a'), ending('b'), ending('c')], then]);
    expect(ended).toMatchObject({
      ...{ stage: 'benchmark', code: 'replica-gone', blame: 'cluster' },
      message: 'The replicas changed during the scale-in: a, b, c went away.',
    });
    expect(waitedMs).toBeLessThan(60_000);
  });
});
