import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../src/clients/kube.ts';
import type { ProgressEvent } from '../../src/progress/events.ts';
import { type Released, release, resizeCommand } from '../../src/stages/release.ts';
import { fakeClock } from '../lib/fake-clock.ts';
import { conflict, type FakePool, fakeKube, fakePool, LEASE, nodes, texts, unreachable } from './fakes.ts';

const COMMAND =
  'gcloud container clusters resize llmd --node-pool v6e --num-nodes 0 --location europe-west4-a --project ecoeng-llmd --quiet';

interface Given {
  pool: FakePool;
  kube?: KubeClient | null;
  lease?: Partial<typeof LEASE>;
  signal?: AbortSignal;
}

async function give(given: Given): Promise<{ released: Released; said: string[]; removed: string[] }> {
  const events: ProgressEvent[] = [];
  const fake = fakeKube({ Node: () => given.pool.nodes });
  const released = await release(
    {
      gke: given.pool.gke,
      kube: given.kube === undefined ? fake.kube : given.kube,
      clock: fakeClock(),
      signal: given.signal ?? new AbortController().signal,
      emit: (event) => events.push(event),
      pollIntervalMs: 5_000,
      limitMs: 600_000,
    },
    { ...LEASE, ...given.lease },
  );
  return { released, said: texts(events), removed: fake.removed };
}

describe('giving back', () => {
  it('removes the workload in reverse, shrinks the pool and sees the nodes go', async () => {
    const pool = fakePool(3);
    const { released, removed } = await give({ pool });
    expect(removed).toEqual(['LLMInferenceService qwen in ns', 'ConfigMap first in ns']);
    expect(pool.asked).toEqual([0]);
    expect(released.release).toMatchObject({
      outcome: 'released',
      nodePool: 'v6e',
      restingNodes: 0,
      nodesLeft: 0,
      message: 'Node pool v6e is back at its resting size of 0 nodes.',
      command: null,
    });
    expect(released.billed).toHaveLength(3);
    for (const node of released.billed) {
      expect(node).toMatchObject({ createdAt: '2026-11-22T14:10:00Z', chips: 4, deletedAt: expect.any(String) });
    }
  });

  it('may be done twice', async () => {
    const pool = fakePool(3);
    await give({ pool });
    const { released } = await give({ pool });
    expect(released.release).toMatchObject({ outcome: 'released', nodesLeft: 0 });
    expect(pool.asked).toEqual([0, 0]);
  });

  it('returns to the size before, not to zero', async () => {
    const pool = fakePool(3);
    const { released } = await give({ pool, lease: { sizeBefore: 1, restingNodes: 1 } });
    expect(pool.asked).toEqual([1]);
    expect(released.release.nodesLeft).toBe(1);
  });

  it('is not needed when the nodes were there before, but the workload goes', async () => {
    const pool = fakePool(3);
    const { released, removed } = await give({ pool, lease: { sizeBefore: 3, restingNodes: 3 } });
    expect(pool.asked).toEqual([]);
    expect(removed).toHaveLength(2);
    expect(released.release).toMatchObject({
      outcome: 'not-needed',
      message: 'Node pool v6e had 3 nodes before the run and keeps them.',
    });
  });

  it('waits while the scale-up still runs', async () => {
    const pool = fakePool(1, { refusals: [conflict(), conflict(), conflict()] });
    const { released, said } = await give({ pool });
    expect(pool.asked).toEqual([0, 0, 0, 0]);
    expect(said).toContainEqual(expect.stringContaining('incompatible operation'));
    expect(released.release.outcome).toBe('released');
  });

  it('goes on when an object cannot be removed', async () => {
    const pool = fakePool(3);
    const { kube, removed } = fakeKube(
      { Node: () => pool.nodes },
      {
        remove: (what) => {
          if (what.startsWith('LLM')) throw new Error('forbidden');
          return true;
        },
      },
    );
    const { released, said } = await give({ pool, kube });
    expect(said).toContain('LLMInferenceService qwen in ns was not removed: forbidden');
    expect(removed).toEqual(['ConfigMap first in ns']);
    expect(released.release.outcome).toBe('released');
  });
});

describe('giving back without Kubernetes', () => {
  it('shrinks the pool all the same, and claims no count', async () => {
    const pool = fakePool(3);
    const { released } = await give({ pool, kube: null });
    expect(pool.asked).toEqual([0]);
    expect(released).toMatchObject({ release: { outcome: 'released', nodesLeft: null }, billed: [] });
  });

  it('shrinks the pool when the API stops answering, after one try to remove', async () => {
    const pool = fakePool(3);
    let tried = 0;
    const { kube } = fakeKube(
      {
        Node: () => {
          throw unreachable();
        },
      },
      {
        remove: () => {
          tried += 1;
          throw unreachable();
        },
      },
    );
    const { released, said } = await give({ pool, kube });
    expect(pool.asked).toEqual([0]);
    expect(tried).toBe(1);
    expect(said).toContain('the nodes could not be counted: the Kubernetes API did not answer');
    expect(released.release).toMatchObject({ outcome: 'released', nodesLeft: null });
  });
});

describe('a failure to give back', () => {
  it.each<[string, () => Given, RegExp]>([
    [
      'a refused resize',
      () => ({ pool: fakePool(3, { refusals: [new Error('permission denied')] }) }),
      /permission denied$/,
    ],
    ['an operation that fails', () => ({ pool: fakePool(3, { operationError: 'internal error' }) }), /internal error$/],
    [
      'a scale-up that never ends',
      () => ({ pool: fakePool(3, { refusals: Array.from({ length: 999 }, conflict) }) }),
      /Waited 10 min for node pool v6e to accept the resize to 0; last seen: .*incompatible/,
    ],
    [
      'nodes that stay',
      () => {
        const pool = fakePool(3);
        return { pool, kube: fakeKube({ Node: () => nodes(2) }).kube };
      },
      /Waited 10 min for 0 nodes in v6e; last seen: 2 nodes left/,
    ],
    [
      'the end of its time',
      () => ({ pool: fakePool(3), signal: AbortSignal.abort(new Error('the time for the release is over')) }),
      /the time for the release is over$/,
    ],
  ])('is told with the command to run: %s', async (_, given, text) => {
    const { released } = await give(given());
    expect(released.release).toMatchObject({ outcome: 'failed', nodesLeft: null, command: COMMAND });
    expect(released.release.message).toMatch(/^Node pool v6e could not be given back: /);
    expect(released.release.message).toMatch(text);
  });

  it('has a command for any resting size', () => {
    expect(resizeCommand({ ...LEASE, restingNodes: 2 })).toContain('--num-nodes 2 ');
    expect(resizeCommand(LEASE)).toBe(COMMAND);
  });
});
