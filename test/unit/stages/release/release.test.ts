import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import type { ProgressEvent } from '../../../../src/progress/events.ts';
import { resizeCommand } from '../../../../src/stages/release/by-hand.ts';
import { release } from '../../../../src/stages/release/release.ts';
import type { Released } from '../../../../src/stages/release/released.ts';
import { fakeClock } from '../../lib/fake-clock.ts';
import {
  applied,
  conflict,
  type FakePool,
  fakeKube,
  fakePool,
  LEASE,
  nodes,
  operation,
  POOL,
  texts,
  unreachable,
} from '../fakes.ts';

const COMMAND =
  'gcloud container clusters resize llmd --node-pool v6e --num-nodes 0 --location europe-west4-a --project ecoeng-llmd --quiet';

/** What the run has applied, as the API server has it. */
const OBJECTS = {
  ConfigMap: () => [applied('ConfigMap', 'first')],
  LLMInferenceService: () => [applied('LLMInferenceService', 'qwen')],
};

/** There before the lease was taken. */
function older(object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, creationTimestamp: '2026-11-20T10:00:00Z' } };
}

interface Given {
  pool: FakePool;
  kube?: KubeClient | null;
  /** Kubernetes answers when it is asked again. */
  again?: boolean;
  lease?: Partial<typeof LEASE>;
  signal?: AbortSignal;
}

async function give(given: Given): Promise<{ released: Released; said: string[]; removed: string[] }> {
  const events: ProgressEvent[] = [];
  const fake = fakeKube({ Node: () => given.pool.nodes, ...OBJECTS });
  const released = await release(
    {
      gke: given.pool.gke,
      kube: given.kube === undefined ? fake.kube : given.kube,
      ...(given.again ? { kubeAgain: async () => fake.kube } : {}),
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

  it('is not done while one node more than the resting size is left', async () => {
    const pool = fakePool(3);
    let looks = 0;
    const { kube } = fakeKube({ Node: () => nodes(looks++ < 9 ? 2 : 1), ...OBJECTS });
    const { released } = await give({ pool, kube, lease: { sizeBefore: 1, restingNodes: 1 } });
    expect(released.release).toMatchObject({ outcome: 'released', nodesLeft: 1 });
    expect(looks).toBe(10);
  });

  it('is not needed when the nodes were there before, but the workload goes', async () => {
    const pool = fakePool(3);
    const { released, removed } = await give({ pool, lease: { sizeBefore: 3, restingNodes: 3 } });
    expect(pool.asked).toEqual([]);
    expect(removed).toHaveLength(2);
    expect(released.release).toMatchObject({
      outcome: 'not-needed',
      nodesLeft: 3,
      message: 'Node pool v6e had 3 nodes before the run and keeps them.',
    });
  });

  it.each<[string, KubeObject[]]>([
    ['somebody else made', [applied('ConfigMap', 'first', null)]],
    ['another run made', [applied('ConfigMap', 'first', '184-1')]],
    ['carries a mark that somebody copied', [older(applied('ConfigMap', 'first'))]],
  ])('leaves alone what %s', async (_, ConfigMap) => {
    const pool = fakePool(3);
    const { kube, removed } = fakeKube({ Node: () => pool.nodes, ...OBJECTS, ConfigMap: () => ConfigMap });
    const { released, said } = await give({ pool, kube });
    expect(removed).toEqual(['LLMInferenceService qwen in ns']);
    expect(said).toContain('ConfigMap first in ns was not made by this run and stays');
    expect(released.release.outcome).toBe('released');
  });

  it('leaves alone a namesake of what it made', async () => {
    const pool = fakePool(3);
    const workload = LEASE.workload.map((ref) => ({ ...ref, uid: ref.name === 'first' ? 'uid-of-old' : 'uid-qwen' }));
    const { removed } = await give({ pool, lease: { workload } });
    expect(removed).toEqual(['LLMInferenceService qwen in ns']);
  });

  it('bills nodes that were there before from the lease on', async () => {
    const { released } = await give({ pool: fakePool(3), lease: { startedAt: '2026-11-22T15:00:00.000Z' } });
    expect(released.billed.map(({ createdAt }) => createdAt)).toEqual(Array(3).fill('2026-11-22T15:00:00.000Z'));
  });

  it('goes on when an object cannot be removed', async () => {
    const pool = fakePool(3);
    const { kube, removed } = fakeKube(
      { Node: () => pool.nodes, ...OBJECTS },
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

describe('without Kubernetes at first', () => {
  it('removes the workload and counts the nodes when it answers after the resize', async () => {
    const pool = fakePool(3);
    const { released, removed } = await give({ pool, kube: null, again: true });
    expect(pool.asked).toEqual([0]);
    expect(removed).toEqual(['LLMInferenceService qwen in ns', 'ConfigMap first in ns']);
    expect(released.release).toMatchObject({ outcome: 'released', nodesLeft: 0 });
  });
});

describe('a resize that does not go through', () => {
  const api = (code: string, message: string) => new Failure({ stage: 'release', code, message, blame: 'cloud' });

  it('is asked for again after a fault of the API, and after an operation that ended in an error', async () => {
    const pool = fakePool(3, {
      refusals: [api('gke-api', 'Resize of v6e: backend error')],
      operationErrors: ['internal error 13'],
    });
    const { released, said } = await give({ pool });
    expect(pool.asked).toEqual([0, 0, 0]);
    expect(said).toContain('Resize of v6e: backend error');
    expect(said).toContain('the operation ended in an error (internal error 13); it is asked again');
    expect(released.release).toMatchObject({ outcome: 'released', nodesLeft: 0 });
  });

  it('keeps its operation while that cannot be asked for', async () => {
    const pool = fakePool(3);
    const faults = [api('gke-api', 'Operation: backend error'), api('gke-api', 'Operation: backend error')];
    const { getOperation } = pool.gke;
    pool.gke.getOperation = async (name) => {
      const fault = faults.shift();
      if (fault) throw fault;
      return getOperation(name);
    };
    const { released } = await give({ pool });
    expect(pool.asked).toEqual([0]);
    expect(released.release).toMatchObject({ outcome: 'released', nodesLeft: 0 });
  });

  it.each(['gke-permission', 'gke-not-found', 'bad-endpoint'])('ends once the API has said %s twice', async (code) => {
    const once = fakePool(3, { refusals: [api(code, 'no')] });
    expect((await give({ pool: once })).released.release.outcome).toBe('released');
    const between = fakePool(3, { refusals: [api(code, 'no'), new Error('reset'), api(code, 'no')] });
    expect((await give({ pool: between })).released.release.outcome).toBe('released');
    const pool = fakePool(3, { refusals: [api(code, 'no'), api(code, 'no')] });
    const { released } = await give({ pool });
    expect(pool.asked).toEqual([0, 0]);
    expect(released.release).toMatchObject({ outcome: 'failed', command: COMMAND });
    expect(released.release.message).toMatch(/: no$/);
  });

  it.each<[string, number, ReturnType<typeof operation>[], string]>([
    ['at rest', 0, [operation({ status: 'DONE' }), operation({ targetLink: 'https://x/nodePools/cpu' })], 'released'],
    ['larger', 3, [], 'failed'],
    ['being resized', 0, [operation()], 'failed'],
  ])('that is not permitted on a pool %s (%d nodes)', async (_, size, running, outcome) => {
    const pool = fakePool(size, { refusals: [api('gke-permission', 'no'), api('gke-permission', 'no')], running });
    const { released, said } = await give({ pool });
    expect(released.release).toMatchObject({ outcome, command: outcome === 'failed' ? COMMAND : null });
    expect(said.includes('v6e is set to 0 nodes already')).toBe(outcome === 'released');
  });

  it('waits for its whole time for a token that is accepted', async () => {
    const unauthenticated = () =>
      new Failure({ stage: 'release', code: 'gke-permission', message: '401', evidence: { grpcCode: 16 } });
    const pool = fakePool(3, { refusals: Array.from({ length: 60 }, unauthenticated) });
    const { released } = await give({ pool });
    expect(released.release).toMatchObject({ outcome: 'released', nodesLeft: 0 });
  });

  it('since the scale-up still runs, asks once to cancel that, and waits', async () => {
    const pool = fakePool(1, {
      refusals: [conflict(), conflict(), conflict()],
      running: [
        operation({ name: 'done', status: 'DONE' }),
        operation({ name: 'upgrade', type: 'UPGRADE_NODES' }),
        operation({ name: 'elsewhere', targetLink: 'https://x/nodePools/not-v6e' }),
        operation({ name: 'scale-up' }),
      ],
    });
    const { released, said } = await give({ pool });
    expect(pool.cancelled).toEqual(['scale-up']);
    expect(pool.asked).toEqual([0, 0, 0, 0]);
    expect(said).toContain('asked to cancel operation scale-up');
    expect(said).toContainEqual(expect.stringContaining('incompatible operation'));
    expect(released.release.outcome).toBe('released');
  });

  it('waits all the same when the cancelling is refused', async () => {
    const pool = fakePool(1, { refusals: [conflict(), conflict()], running: [operation({ name: 'scale-up' })] });
    let asked = 0;
    pool.gke.cancelOperation = async () => {
      asked += 1;
      throw new Error('9 FAILED_PRECONDITION: cannot be cancelled');
    };
    const { released, said } = await give({ pool });
    expect(asked).toBe(1);
    expect(said).toContain('the running resize cannot be cancelled: 9 FAILED_PRECONDITION: cannot be cancelled');
    expect(released.release.outcome).toBe('released');
  });
});

describe('giving back without Kubernetes', () => {
  it('shrinks the pool all the same, and claims no count', async () => {
    const pool = fakePool(3);
    const { released } = await give({ pool, kube: null });
    expect(pool.asked).toEqual([0]);
    expect(released).toMatchObject({ release: { outcome: 'released', nodesLeft: null }, billed: [] });
    expect(released.release.message).toBe(
      'Node pool v6e is set to its resting size of 0 nodes; its nodes could not be counted.',
    );
  });

  it('claims no count either when the nodes stay', async () => {
    const { released } = await give({ pool: fakePool(3), kube: null, lease: { sizeBefore: 3, restingNodes: 3 } });
    expect(released.release).toMatchObject({ outcome: 'not-needed', nodesLeft: null });
  });

  it('is no release when the pool is set to another size in the end', async () => {
    const pool = fakePool(3);
    pool.gke.getNodePool = async () => ({ ...POOL, initialNodeCount: 2 });
    const { released } = await give({ pool, kube: null });
    expect(released.release).toMatchObject({
      outcome: 'failed',
      message: 'Node pool v6e could not be released: the pool is set to 2 nodes, not 0',
      command: COMMAND,
    });
  });

  it('shrinks the pool when the API stops answering, after one try to remove', async () => {
    const pool = fakePool(3);
    let tried = 0;
    const { kube } = fakeKube(
      {
        Node: () => {
          throw unreachable();
        },
        ...OBJECTS,
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

describe('odd answers while the nodes are counted', () => {
  const odd = (answers: (() => KubeObject[])[], rest: () => KubeObject[]) =>
    fakeKube({ Node: () => (answers.shift() ?? rest)(), ...OBJECTS }).kube;
  const broken = () => {
    throw new TypeError('page.items is not iterable');
  };

  it('are waited for', async () => {
    const pool = fakePool(3);
    const kube = odd([() => nodes(3), broken, broken, () => nodes(1), broken], () => nodes(0));
    const { released } = await give({ pool, kube });
    expect(released.release).toMatchObject({ outcome: 'released', nodesLeft: 0, command: null });
  });

  it('that do not end leave the pool to be asked, which claims no count', async () => {
    const { released, said } = await give({ pool: fakePool(3), kube: odd([], broken) });
    expect(released.release).toMatchObject({ outcome: 'released', nodesLeft: null, command: null });
    expect(said).toContainEqual(expect.stringContaining('the nodes could not be counted'));
  });
});

describe('a failed release', () => {
  it.each<[string, () => Given, RegExp]>([
    [
      'a resize that is refused for ever',
      () => ({ pool: fakePool(3, { refusals: Array.from({ length: 999 }, () => new Error('an odd answer')) }) }),
      /Waited 10 min for node pool v6e to be set to 0; last seen: an odd answer/,
    ],
    [
      'operations that all fail',
      () => ({ pool: fakePool(3, { operationError: 'internal error' }) }),
      /Waited 10 min for node pool v6e to be set to 0; last seen: .*internal error/,
    ],
    [
      'a scale-up that never ends',
      () => ({ pool: fakePool(3, { refusals: Array.from({ length: 999 }, conflict) }) }),
      /Waited 10 min for node pool v6e to be set to 0; last seen: .*incompatible/,
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
      'one node that stays',
      () => ({ pool: fakePool(3), kube: fakeKube({ Node: () => nodes(1) }).kube }),
      /Waited 10 min for 0 nodes in v6e; last seen: 1 nodes left/,
    ],
    [
      'the end of its time',
      () => ({ pool: fakePool(3), signal: AbortSignal.abort(new Error('the time for the release is over')) }),
      /the time for the release is over$/,
    ],
  ])('is told with the command to run: %s', async (_, given, text) => {
    const { released } = await give(given());
    expect(released.release).toMatchObject({ outcome: 'failed', nodesLeft: null, command: COMMAND });
    expect(released.release.message).toMatch(/^Node pool v6e could not be released: /);
    expect(released.release.message).toMatch(text);
  });

  it('has a command for any resting size', () => {
    expect(resizeCommand({ ...LEASE, restingNodes: 2 })).toContain('--num-nodes 2 ');
    expect(resizeCommand(LEASE)).toBe(COMMAND);
  });
});
