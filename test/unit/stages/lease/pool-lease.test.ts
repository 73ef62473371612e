import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LeaseState } from '../../../../src/stages/context.ts';
import { takePool } from '../../../../src/stages/lease/lease.ts';
import {
  isExpired,
  LEASE_DURATION_S,
  leaseObject,
  leaseRef,
  parseState,
  readLease,
  SKEW_MS,
} from '../../../../src/stages/lease/lease-record.ts';
import {
  acquirePool,
  expirePool,
  keepPool,
  type LeaseContext,
  returnPool,
  stampKept,
  storyOf,
} from '../../../../src/stages/lease/pool-lease.ts';
import { startTestApi, type TestApi } from '../../clients/kubernetes/kube-api.ts';
import { fakeClock } from '../../lib/fake-clock.ts';
import { fakePool, LEASE, prepared, stageContext, texts } from '../fakes.ts';

const LEASES = { group: 'coordination.k8s.io', plural: 'leases' };
const STOP = { onBusy: 'stop', takesKept: false, limitMs: 60_000, pollIntervalMs: 250 } as const;
const WAIT = { ...STOP, onBusy: 'wait' } as const;
const OURS = { identity: LEASE.holder, runKey: LEASE.runKey };
const OTHERS = { identity: 'https://github.com/o/r/actions/runs/7/attempts/1', runKey: '7-1' };

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(() => {
  for (const { metadata } of api.store.list(LEASES)) api.store.delete(LEASES, metadata.namespace, metadata.name);
});
afterAll(() => api.close());

function contextOf(holder = OURS, change: Partial<LeaseContext> = {}): LeaseContext & { said: string[] } {
  const said: string[] = [];
  return {
    kube: api.client(),
    clock: fakeClock(),
    signal: new AbortController().signal,
    emit: (event) => said.push(...texts([event])),
    namespace: 'default',
    holder,
    said,
    ...change,
  };
}

/** Another run's lease, last renewed so long ago. */
function foreign(agoMs: number, state: Partial<LeaseState> = {}) {
  const nowMs = Date.now() - agoMs;
  const times = { nowMs, acquiredAtMs: nowMs - 60_000, transitions: 3 };
  return api.client().create(leaseObject('default', OTHERS, { ...LEASE, ...state }, times));
}

const stored = () => api.store.get(LEASES, 'default', 'tpu-serving-gate-v6e');
const EXPIRED_MS = LEASE_DURATION_S * 1_000 + SKEW_MS + 1_000;

describe('the lease of a pool', () => {
  it('is an object that says who has it, since when, and how to give the nodes back', async () => {
    expect(await acquirePool(contextOf(), LEASE, STOP)).toEqual({ story: null, waited: false });
    expect(stored()).toMatchObject({
      metadata: { labels: { 'app.kubernetes.io/managed-by': 'tpu-serving-gate' } },
      spec: { holderIdentity: LEASE.holder, leaseDurationSeconds: 900, leaseTransitions: 0 },
    });
    expect(readLease(stored() as never).state).toEqual(LEASE);
  });

  it('is had by one of ten that want it at once', async () => {
    const runs = Array.from({ length: 10 }, (_, n) =>
      acquirePool(contextOf({ identity: `cli/${n}`, runKey: `run-${n}` }), { ...LEASE, runKey: `run-${n}` }, STOP),
    );
    const ended = await Promise.allSettled(runs);
    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    for (const failure of refused) expect(failure).toMatchObject({ code: 'pool-leased', blame: 'cluster' });
  });

  it('that has run out is taken over by one of ten, and its story is told', async () => {
    await foreign(EXPIRED_MS, { sizeBefore: 1 });
    const runs = Array.from({ length: 10 }, (_, n) =>
      acquirePool(contextOf({ identity: `cli/${n}`, runKey: `run-${n}` }), { ...LEASE, runKey: `run-${n}` }, STOP),
    );
    const won = (await Promise.allSettled(runs)).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(won).toHaveLength(1);
    expect(won[0]?.story).toMatchObject({ holder: OTHERS.identity, state: { sizeBefore: 1 } });
    expect(stored()?.spec.leaseTransitions).toBe(4);
  });

  it('is written between two calls, and not at all where the first of them refuses', async () => {
    const told: string[] = [];
    const taking = (end: () => Promise<void> = async () => {}) => ({
      before: async () => {
        told.push(stored() === undefined ? 'before, none' : 'before, one');
        await end();
      },
      refused: () => told.push('refused'),
    });
    const superseded = () => Promise.reject(new Error('superseded'));
    await expect(acquirePool(contextOf(), LEASE, { ...STOP, taking: taking(superseded) })).rejects.toThrow(
      'superseded',
    );
    expect([stored(), told]).toEqual([undefined, ['before, none']]);
    await acquirePool(contextOf(), LEASE, { ...STOP, taking: taking() });
    expect(told).toEqual(['before, none', 'before, none']);
    // Another run has it: nothing is written, and nothing is said to be.
    await expect(acquirePool(contextOf(OTHERS), LEASE, { ...STOP, taking: taking() })).rejects.toMatchObject({
      code: 'pool-leased',
    });
    expect(told).toHaveLength(2);
  });

  it('that another run writes first was not written', async () => {
    const refused: string[] = [];
    const before = async () => {
      if (stored() === undefined) await foreign(60_000);
    };
    const taking = { before, refused: () => refused.push('refused') };
    await expect(acquirePool(contextOf(), LEASE, { ...STOP, taking })).rejects.toMatchObject({ code: 'pool-leased' });
    expect(refused).toEqual(['refused']);
  });

  it('of a living run stops another that may not wait, with its name', async () => {
    await foreign(60_000);
    await expect(acquirePool(contextOf(), LEASE, STOP)).rejects.toMatchObject({
      code: 'pool-leased',
      message: expect.stringContaining(`Node pool v6e is leased by ${OTHERS.identity} since `),
    });
    expect(stored()?.spec.holderIdentity).toBe(OTHERS.identity);
  });

  it('of a living run is waited for, aloud, and had when it is returned', async () => {
    await foreign(60_000);
    const clock = fakeClock();
    const sleep = clock.sleep;
    let looks = 0;
    clock.sleep = async (ms, signal) => {
      looks += 1;
      if (looks === 3) api.store.delete(LEASES, 'default', 'tpu-serving-gate-v6e');
      return sleep(ms, signal);
    };
    const context = contextOf(OURS, { clock });
    expect(await acquirePool(context, LEASE, WAIT)).toEqual({ story: null, waited: true });
    expect(context.said[0]).toContain(`held by ${OTHERS.identity} since`);
  });

  it('is waited for no longer than allowed', async () => {
    await foreign(60_000);
    await expect(acquirePool(contextOf(), LEASE, WAIT)).rejects.toMatchObject({
      code: 'pool-leased',
      message: expect.stringMatching(/; waited (?:60 s|1 min|1:00)/),
    });
  });

  it('is ours still when the same run asks again', async () => {
    await acquirePool(contextOf(), LEASE, STOP);
    expect(await acquirePool(contextOf(), LEASE, STOP)).toEqual({ story: null, waited: false });
    expect(stored()?.spec.leaseTransitions).toBe(0);
  });

  it('is another one for another leg of the same run', async () => {
    await acquirePool(contextOf(), LEASE, STOP);
    const leg = contextOf({ ...OURS, runKey: '183-1-second' });
    await expect(acquirePool(leg, { ...LEASE, runKey: '183-1-second' }, STOP)).rejects.toMatchObject({
      code: 'pool-leased',
    });
  });

  it.each([
    [0, false],
    [LEASE_DURATION_S * 1_000 + SKEW_MS - 1, false],
    [LEASE_DURATION_S * 1_000 + SKEW_MS, true],
  ])('renewed %d ms ago: expired %s', (agoMs, expired) => {
    const nowMs = 1_800_000_000_000;
    const times = { nowMs: nowMs - agoMs, acquiredAtMs: nowMs - agoMs, transitions: 0 };
    expect(isExpired(readLease(leaseObject('default', OURS, LEASE, times)), nowMs)).toBe(expired);
  });

  it('without readable times has run out, and without a readable state tells nothing', () => {
    const { apiVersion, kind, name } = leaseRef('default', 'v6e');
    const odd = readLease({ apiVersion, kind, metadata: { name }, spec: { renewTime: 'yesterday' } });
    expect(odd).toMatchObject({ holder: 'nobody', expiresAtMs: 0, state: null });
  });
});

describe('a state that is read back', () => {
  it('is what was written', () => {
    expect(parseState(JSON.stringify(LEASE))).toEqual(LEASE);
  });

  it.each<[string, unknown]>([
    ['a pool with a path', { ...LEASE, nodePool: '../other' }],
    ['a cluster with a query', { ...LEASE, cluster: 'c?x=1' }],
    ['a project with a slash', { ...LEASE, projectId: 'a/b' }],
    ['a negative size', { ...LEASE, restingNodes: -1 }],
    ['half a node', { ...LEASE, sizeBefore: 0.5 }],
    ['a size as text', { ...LEASE, sizeAsked: '3' }],
    ['a workload that is no list', { ...LEASE, workload: {} }],
    ['an object without a name', { ...LEASE, workload: [{ apiVersion: 'v1', kind: 'Pod' }] }],
    ['another version', { ...LEASE, v: 2 }],
    ['nothing', null],
  ])('is not trusted with %s', (_what, value) => {
    expect(parseState(JSON.stringify(value))).toBeNull();
  });

  it.each([undefined, '', '{'])('is nothing when it is %j', (text) => {
    expect(parseState(text)).toBeNull();
  });
});

describe('a run that keeps its pool', () => {
  /** Runs until `n` minutes have passed; what was told. */
  async function minutes(n: number, each: (minute: number) => void | Promise<void> = () => {}) {
    const controller = new AbortController();
    const clock = fakeClock();
    let minute = 0;
    clock.sleep = async () => {
      minute += 1;
      if (minute > n) controller.abort();
      controller.signal.throwIfAborted();
      await each(minute);
    };
    const context = contextOf(OURS, { clock, signal: controller.signal });
    await acquirePool(contextOf(), LEASE, STOP);
    const lost: string[] = [];
    const renewed: string[] = [];
    await keepPool(context, LEASE, {
      onRenewed: (at) => renewed.push(at),
      onLost: (failure) => lost.push(`${failure.code}: ${failure.message}`),
    });
    return { lost, renewed, said: context.said };
  }

  it('gives a sign of life every minute, and changes nothing else', async () => {
    const { lost, renewed } = await minutes(3);
    expect(lost).toEqual([]);
    expect(renewed).toHaveLength(3);
    // Written a moment apart, perhaps on either side of a full second.
    const apartMs = Date.parse(renewed.at(-1) ?? '') - Date.parse(stored()?.spec.renewTime ?? '');
    expect(Math.abs(apartMs)).toBeLessThan(5_000);
    expect(readLease(stored() as never).state).toEqual(LEASE);
  });

  it('is told when somebody else has taken it over', async () => {
    const { lost } = await minutes(5, (minute) => {
      if (minute !== 2) return;
      const current = stored() as never as { metadata: { annotations: Record<string, string> }; spec: object };
      api.store.update(LEASES, {
        ...current,
        metadata: { ...current.metadata, annotations: { 'tpu-serving-gate/run': OTHERS.runKey } },
        spec: { ...current.spec, holderIdentity: OTHERS.identity },
      } as never);
    });
    expect(lost).toEqual([`lease-lost: The lease of node pool v6e was lost: ${OTHERS.identity} took it over.`]);
    expect(stored()?.spec.holderIdentity).toBe(OTHERS.identity);
  });

  it('is told when somebody has deleted it', async () => {
    const { lost } = await minutes(5, (minute) => {
      if (minute === 2) api.store.delete(LEASES, 'default', 'tpu-serving-gate-v6e');
    });
    expect(lost).toEqual(['lease-lost: The lease of node pool v6e was lost: somebody deleted it.']);
  });
});

describe('a stack that is kept', () => {
  const until = () => new Date(Date.now() + 7_200_000).toISOString();
  const kept = () => ({ kept: { until: until(), deployment: { repository: 'o/r', id: 7 } } });

  it('holds the pool until its end, whatever sign of life comes late', async () => {
    const context = contextOf();
    await acquirePool(context, LEASE, STOP);
    await stampKept(context, { ...LEASE, ...kept() });
    const record = readLease(stored() as never);
    expect(record.state?.kept?.deployment).toEqual({ repository: 'o/r', id: 7 });
    expect(record.expiresAtMs - Date.now()).toBeGreaterThan(7_100_000);
    const over = new AbortController();
    const clock = {
      ...fakeClock(),
      sleep: () => (over.signal.aborted ? Promise.reject(over.signal.reason) : Promise.resolve()),
    };
    const renewed: string[] = [];
    const keeping = keepPool({ ...context, clock, signal: over.signal }, LEASE, {
      onRenewed: (at) => {
        renewed.push(at);
        over.abort();
      },
      onLost: (failure) => expect.fail(failure.message),
    });
    await keeping;
    expect(readLease(stored() as never).expiresAtMs).toBe(record.expiresAtMs);
  });

  it('without an end holds it for years', async () => {
    await acquirePool(contextOf(), LEASE, STOP);
    await stampKept(contextOf(), { ...LEASE, kept: { until: null, deployment: null } });
    expect(readLease(stored() as never).expiresAtMs - Date.now()).toBeGreaterThan(9 * 365 * 86_400_000);
  });

  it('is not stamped on a lease that somebody else has', async () => {
    await foreign(0);
    await expect(stampKept(contextOf(), { ...LEASE, ...kept() })).rejects.toMatchObject({ code: 'lease-lost' });
    expect(stored()).toMatchObject({ spec: { holderIdentity: OTHERS.identity } });
  });

  it('gives way to another that is to stay, and its story is told', async () => {
    await foreign(0, kept());
    const { story, waited } = await acquirePool(contextOf(), LEASE, { ...STOP, takesKept: true });
    expect([story?.holder, waited]).toEqual([OTHERS.identity, true]);
    expect(storyOf(story!)).toMatch(
      /^node pool v6e keeps a stack that .*7\/attempts\/1 deployed, until .*; it is replaced$/,
    );
  });

  it('is waited for when it ends soon enough, and told at once when it does not', async () => {
    await foreign(0, kept());
    await expect(acquirePool(contextOf(), LEASE, WAIT)).rejects.toMatchObject({
      code: 'pool-kept',
      message: expect.stringContaining('keeps a stack that'),
      hint: expect.stringContaining('mode: cleanup'),
    });
    const clock = fakeClock();
    const waiting = acquirePool(contextOf(OURS, { clock }), LEASE, {
      ...WAIT,
      limitMs: 8_000_000,
      // Every look is a real request.
      pollIntervalMs: 60_000,
    });
    await expect(waiting).rejects.toMatchObject({
      code: 'pool-kept',
      message: expect.stringMatching(/; waited \d+ h/),
    });
  });

  it('of which the end cannot be read is not trusted', () => {
    expect(parseState(JSON.stringify({ ...LEASE, kept: { until: 'tomorrow', deployment: null } }))).toBeNull();
    expect(parseState(JSON.stringify({ ...LEASE, kept: null }))).toBeNull();
    expect(parseState(JSON.stringify({ ...LEASE, ...kept() }))).not.toBeNull();
  });
});

describe('after the release', () => {
  it('the pool is free, and nobody else’s lease is touched', async () => {
    await acquirePool(contextOf(), LEASE, STOP);
    await returnPool(contextOf(), 'v6e');
    expect(stored()).toBeUndefined();
    await returnPool(contextOf(), 'v6e');
    await foreign(0);
    await returnPool(contextOf(), 'v6e');
    expect(stored()?.spec.holderIdentity).toBe(OTHERS.identity);
  });

  it('that failed the lease has run out, and still says how to give the nodes back', async () => {
    await acquirePool(contextOf(), LEASE, STOP);
    await expirePool(contextOf(), LEASE);
    const record = readLease(stored() as never);
    expect(isExpired(record, Date.now())).toBe(true);
    expect(record.state).toEqual(LEASE);
    expect((await acquirePool(contextOf(OTHERS), LEASE, STOP)).story?.holder).toBe(LEASE.holder);
  });
});

describe('taking the pool for a run', () => {
  const take = async (inputs: Record<string, string> = {}, size = 0) => {
    const pool = fakePool(size);
    const { context, said } = stageContext({ gke: pool.gke, kube: api.client() }, inputs);
    const saved: LeaseState[] = [];
    const taken = await takePool(context, prepared(), (state) => saved.push(state));
    return { ...taken, saved, said: texts(said), asked: pool.asked };
  };

  it('saves the state before the lease and again with it, and asks for nothing yet', async () => {
    const { saved, asked, state } = await take();
    expect(saved.map(({ phase }) => phase)).toEqual(['acquiring', 'held']);
    expect(asked).toEqual([]);
    expect(readLease(stored() as never)).toMatchObject({ holder: state.holder, runKey: '183-1' });
  });

  it('reads the pool again after another run had it, and rests where it rested before a dead one', async () => {
    await foreign(EXPIRED_MS, { sizeBefore: 1, sizeAsked: 3 });
    const { prepared: now, saved, said } = await take({ 'resting-nodes': 'before' }, 3);
    expect(now).toMatchObject({ sizeBefore: 1, restingNodes: 1, pool: { initialNodeCount: 3 } });
    expect(saved.at(-1)).toMatchObject({ phase: 'held', sizeBefore: 1, restingNodes: 1 });
    expect(said[0]).toMatch(
      /^took over the lease of https:.*runs\/7\/attempts\/1.*which ran out at .*asked for 3 nodes$/,
    );
  });
});
