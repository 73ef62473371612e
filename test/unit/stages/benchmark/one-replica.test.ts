import { describe, expect, it } from 'vitest';
import type { KubeObject, ObjectRef } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { closeReplicaWays, openReplicaWays } from '../../../../src/stages/benchmark/one-replica.ts';
import { armObjects } from '../../../../src/stages/benchmark/way-objects.ts';
import { fakeKube, prepared, stageContext, texts } from '../fakes.ts';

const PODS = ['a', 'b', 'c'];
const pause = () => new Promise((resolve) => setImmediate(resolve));

/** A cluster that counts the writes which are under way. */
function busyKube(refuses: (name: string) => boolean = () => false) {
  const { kube, removed } = fakeKube({});
  const seen = { underWay: 0, most: 0, begun: 0 };
  const write = async (name: string) => {
    seen.begun += 1;
    seen.underWay += 1;
    seen.most = Math.max(seen.most, seen.underWay);
    await pause();
    seen.underWay -= 1;
    if (refuses(name)) {
      throw new Failure({ stage: 'benchmark', code: 'kube-permission', message: `${name}: forbidden` });
    }
  };
  const own = {
    ...kube,
    mergePatch: async (ref: ObjectRef) => {
      await write(ref.name);
      return { ...ref, metadata: { name: ref.name } };
    },
    apply: async (object: KubeObject) => {
      await write(object.metadata.name);
      return object;
    },
    remove: async (ref: ObjectRef) => {
      await write(ref.name);
      return kube.remove(ref);
    },
  };
  return { kube: own as unknown as typeof kube, removed, seen };
}

describe('the ways to the single replicas', () => {
  it('are removed side by side, with the marks of the pods', async () => {
    const { kube, removed, seen } = busyKube();
    const { context, said } = stageContext({ kube });
    await closeReplicaWays(context, prepared(), PODS);
    expect(removed).toHaveLength(armObjects(prepared(), context.runKey).length);
    expect(seen.begun).toBe(removed.length + PODS.length);
    expect(seen.most).toBeGreaterThan(PODS.length);
    expect(said).toEqual([]);
  });

  it('are all tried to be removed, with a warning for each that stays', async () => {
    const { kube, removed } = busyKube((name) => name.endsWith('-1') || name === 'b');
    const { context, said } = stageContext({ kube });
    await closeReplicaWays(context, prepared(), PODS);
    const refs = armObjects(prepared(), context.runKey);
    const staying = refs.filter(({ name }) => name.endsWith('-1'));
    expect(removed).toHaveLength(refs.length - staying.length);
    expect(texts(said)).toHaveLength(staying.length + 1);
    expect(texts(said)).toContain('the one-replica arm was not removed: b: forbidden');
  });

  it('are left alone without a warning once the run was aborted', async () => {
    const { kube, seen } = busyKube(() => true);
    const { context, said } = stageContext({ kube });
    await closeReplicaWays({ ...context, signal: AbortSignal.abort(new Error('cancelled')) }, prepared(), PODS);
    expect({ begun: seen.begun, said }).toEqual({ begun: 0, said: [] });
  });

  it('are refused with nothing under way any more, so that what was made can be removed', async () => {
    const { kube, seen } = busyKube((name) => name.startsWith('tpu-gate-one'));
    const { context } = stageContext({ kube });
    const stack = {
      ...{ scheme: 'http', port: 8000, pickers: [] },
      replicas: PODS.map((name) => ({ metadata: { name } })),
      route: {
        endpoint: 'http://203.0.113.7/ns/qwen',
        hostname: null,
        gateway: { namespace: 'gw', name: 'g' },
        pool: null,
      },
    } as unknown as Parameters<typeof openReplicaWays>[2];
    await expect(openReplicaWays(context, prepared(), stack, 'm')).rejects.toThrow('forbidden');
    const { begun } = seen;
    await pause();
    expect(seen).toMatchObject({ underWay: 0, begun });
  });
});
