import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import type { LeaseState } from '../../../../src/stages/context.ts';
import { notOurs } from '../../../../src/stages/lease/lease-owner.ts';
import { LEASE_DURATION_S, leaseObject, readLease, SKEW_MS } from '../../../../src/stages/lease/lease-record.ts';
import { notTakenOver, overwritten } from '../../../../src/stages/lease/overwritten.ts';
import { startTestApi, type TestApi } from '../../clients/kubernetes/kube-api.ts';
import { fakeClock } from '../../lib/fake-clock.ts';
import { type FakePool, fakePool, LEASE, nodes, texts } from '../fakes.ts';

const LEASES = { group: 'coordination.k8s.io', plural: 'leases' };
const NODES = { group: '', plural: 'nodes' };
const OURS = { identity: LEASE.holder, runKey: LEASE.runKey };
const OTHERS = { identity: 'https://github.com/o/r/actions/runs/7/attempts/1', runKey: '7-1' };
const THEIRS: LeaseState = { ...LEASE, holder: OTHERS.identity, runKey: OTHERS.runKey };
const SWEEPER = { identity: 'https://github.com/o/r/actions/runs/9/attempts/1', runKey: 'sweep-9-1' };
const EXPIRED_MS = LEASE_DURATION_S * 1_000 + SKEW_MS + 1_000;
const COMMAND =
  'gcloud container clusters resize llmd --node-pool v6e --num-nodes 0 --location europe-west4-a --project ecoeng-llmd --quiet';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(() => {
  for (const { metadata } of api.store.list(LEASES)) api.store.delete(LEASES, metadata.namespace, metadata.name);
  for (const { metadata } of api.store.list(NODES)) api.store.delete(NODES, undefined, metadata.name);
});
afterAll(() => api.close());

/** A lease as a run or a sweeper writes it, so long ago. */
function written(holder = OURS, state = LEASE, agoMs = 0): KubeObject {
  const nowMs = Date.now() - agoMs;
  return leaseObject('default', holder, state, { nowMs, acquiredAtMs: nowMs, transitions: 1 });
}

/** The same, changed by somebody else. */
function changed(change: { spec?: object; annotations?: Record<string, string | undefined> }): KubeObject {
  const lease = written();
  const annotations = { ...lease.metadata.annotations, ...change.annotations } as Record<string, string>;
  const spec =
    change.spec && Object.keys(change.spec).length === 0 ? {} : { ...(lease.spec as object), ...change.spec };
  return { ...lease, metadata: { ...lease.metadata, annotations }, spec };
}

async function ask(
  state: Partial<LeaseState>,
  given: { pool?: FakePool; openKube?: () => Promise<KubeClient | null> } = {},
) {
  const said: string[] = [];
  const released = await notOurs(
    {
      gke: (given.pool ?? fakePool(0)).gke,
      openKube: given.openKube ?? (async () => api.client()),
      clock: fakeClock(),
      signal: new AbortController().signal,
      emit: (event) => said.push(...texts([event])),
      pollIntervalMs: 5_000,
      limitMs: 600_000,
    },
    { ...LEASE, ...state },
  );
  return { release: released?.release ?? null, said };
}

const ofPool = (pool: string, lease: KubeObject): KubeObject => ({
  ...lease,
  metadata: { ...lease.metadata, name: `tpu-serving-gate-${pool}` },
});
const store = (lease: KubeObject) => api.client().create(lease);

describe('whether the pool is ours to resize', () => {
  it('is said by the lease in the cluster', async () => {
    await store(written());
    expect((await ask({ phase: 'held' })).release).toBeNull();
    // Killed between the lease and the word that it is held.
    expect((await ask({ phase: 'acquiring' })).release).toBeNull();
  });

  it('is yes for a second release, and no for a lease that was never had', async () => {
    expect((await ask({ phase: 'held' })).release).toBeNull();
    expect((await ask({ phase: 'acquiring' })).release).toMatchObject({ outcome: 'not-needed' });
  });

  it.each([
    ['run', OTHERS, THEIRS],
    ['sweeper', SWEEPER, LEASE],
  ])('is no when a living %s has it, whatever our state says', async (_, holder, state) => {
    await store(written(holder, state));
    const pool = fakePool(3);
    expect((await ask({ phase: 'acquiring' }, { pool })).release).toMatchObject({
      outcome: 'not-needed',
      message: `No TPU node was leased: node pool v6e is leased by ${holder.identity}.`,
    });
    expect((await ask({ phase: 'held' }, { pool })).release).toMatchObject({
      outcome: 'not-needed',
      message: expect.stringContaining(`was taken over by ${holder.identity}`),
    });
    expect(pool.asked).toEqual([]);
  });

  it('is yes without Kubernetes as long as nobody can have taken it over', async () => {
    const openKube = async () => null;
    const renewedAt = new Date().toISOString();
    expect((await ask({ phase: 'held', renewedAt }, { openKube })).release).toBeNull();
    expect((await ask({ phase: 'acquiring' }, { openKube })).release).toMatchObject({ outcome: 'not-needed' });
  });

  it('is asked until the limit once somebody may have taken it over', async () => {
    const renewedAt = new Date(Date.now() - EXPIRED_MS).toISOString();
    let tries = 0;
    const openKube = async () => (++tries < 9 ? null : api.client());
    await store(written());
    expect((await ask({ renewedAt }, { openKube })).release).toBeNull();
    expect(tries).toBe(9);
    await expect(ask({ renewedAt }, { openKube: async () => null })).rejects.toMatchObject({
      code: 'lease-unknown',
      message: expect.stringContaining('the Kubernetes API does not respond'),
    });
  });
});

const WRONG: [string, KubeObject, RegExp][] = [
  [
    'a garbled record',
    changed({ annotations: { 'tpu-serving-gate/lease': '{', 'tpu-serving-gate/run': '7-1' } }),
    /cannot be read/,
  ],
  ['another schema', written(OTHERS, { ...THEIRS, v: 2 as 1 }), /cannot be read/],
  ['another holder', changed({ spec: { holderIdentity: 'somebody' } }), /it names somebody, and its record https/],
  ['no spec', changed({ spec: {} }), /names no holder/],
  ['another run', changed({ annotations: { 'tpu-serving-gate/run': '7-1' } }), /and its record https/],
  ['another pool', ofPool('v6e', written(OTHERS, { ...THEIRS, nodePool: 'v5e' })), /names another pool/],
  ['no end', changed({ spec: { holderIdentity: OTHERS.identity, renewTime: undefined } }), /it names/],
  ['a run that has died', written(OTHERS, THEIRS, EXPIRED_MS), /no longer renews it/],
  ['a run from before this one', written(OTHERS, THEIRS, 600_000), /before this run began/],
];

describe.each(WRONG)('a lease with %s', (_, lease, why) => {
  const startedAt = new Date(Date.now() - 60_000).toISOString();

  const began = why.source.includes('before') ? startedAt : LEASE.startedAt;

  const given = lease as KubeObject;

  it('is a failed release while nodes are left, and the pool is left alone', async () => {
    await store(given);
    const pool = fakePool(3);
    const { release } = await ask({ startedAt: began }, { pool });
    expect(release).toMatchObject({ outcome: 'failed', nodesLeft: 3, command: COMMAND });
    expect(release?.message).toMatch(/^Node pool v6e has 3 nodes left, and its lease in the cluster is not this run's/);
    expect(release?.message).toMatch(why);
    expect(pool.asked).toEqual([]);
  });

  it('is a warning when none is', async () => {
    await store(given);
    const { release, said } = await ask({ startedAt: began });
    expect(release).toMatchObject({ outcome: 'not-needed', nodesLeft: 0, command: null });
    expect(said).toContainEqual(expect.stringContaining('is at rest, but its lease'));
  });
});

describe('nodes under an overwritten lease', () => {
  it('are left when Kubernetes alone has them, and above the resting size alone', async () => {
    await store(written(OTHERS, { ...THEIRS, v: 2 as 1 }));
    for (const { metadata } of nodes(2)) {
      const labels = { 'cloud.google.com/gke-nodepool': 'v6e' };
      api.store.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name: metadata.name, labels } });
    }
    expect((await ask({})).release).toMatchObject({ outcome: 'failed', nodesLeft: 2 });
    expect((await ask({ restingNodes: 2 })).release).toMatchObject({ outcome: 'not-needed', nodesLeft: 2 });
  });

  it('that cannot be counted until the limit are a failure with the command', async () => {
    await store(written(OTHERS, { ...THEIRS, v: 2 as 1 }));
    const pool = fakePool(0);
    pool.gke.getNodePool = async () => {
      throw new TypeError('an odd answer');
    };
    expect((await ask({}, { pool })).release).toMatchObject({
      outcome: 'failed',
      nodesLeft: null,
      message: expect.stringContaining('could not be counted'),
      command: COMMAND,
    });
  });
});

describe('a lease as the gate writes it', () => {
  it.each<[string, KubeObject]>([
    ['of a run', written()],
    ['of a sweeper, with the record of the dead run', written(SWEEPER)],
    ['of a stack that is kept', written(OURS, { ...LEASE, kept: { until: null, deployment: null } })],
    ['that has run out', written(OURS, LEASE, 86_400_000)],
  ])('%s is not overwritten', (_, lease) => {
    expect(overwritten(readLease(lease as never), Date.now())).toBeNull();
  });

  it.each<[string, object, RegExp]>([
    ['lasts for years', { leaseDurationSeconds: 2_000_000_000 }, /lasts 2000000000 s/],
    ['was renewed tomorrow', { renewTime: new Date(Date.now() + 86_400_000).toISOString() }, /in the future/],
    ['has no end', { renewTime: 'yesterday' }, /no end/],
  ])('is overwritten when it %s', (_, spec, why) => {
    expect(overwritten(readLease(changed({ spec }) as never), Date.now())).toMatch(why);
    expect(notTakenOver(readLease(changed({ spec }) as never), LEASE.startedAt, Date.now())).toMatch(why);
  });

  it('ends with its stack, however long somebody makes it', () => {
    const until = new Date(Date.now() + 60_000).toISOString();
    const kept = written(OURS, { ...LEASE, kept: { until, deployment: null } });
    const spec = { ...(kept.spec as object), leaseDurationSeconds: 2_000_000_000 };
    expect(readLease({ ...kept, spec } as never).expiresAtMs).toBe(Date.parse(until));
  });
});
