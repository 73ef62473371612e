import type { KubeObject } from '../../src/clients/kubernetes/objects.ts';
import { openCluster } from '../../src/pipeline/connect.ts';
import type { LeaseState, StageContext } from '../../src/stages/context.ts';
import { deploy } from '../../src/stages/deploy/deploy.ts';
import { MANAGED_BY, RUN_ANNOTATION, STACK_LABEL } from '../../src/stages/deploy/marks.ts';
import { leaseObject, readLease } from '../../src/stages/lease/lease-record.ts';
import { recordOwned } from '../../src/stages/lease/lease-state.ts';
import { aReport } from '../unit/report/fixtures.ts';
import { LEASE, prepared } from '../unit/stages/fakes.ts';
import { atRest, newRun } from './cases.ts';
import { atOtherTime } from './clock-skew.ts';
import { LEASES, POOL, startWorld, type World } from './world.ts';

/** What somebody else does beside a run; no request fails. Returns what does not hold. */
export interface Deed {
  name: string;
  play(world: World): Promise<(string | null)[]>;
}

type Run = ReturnType<typeof newRun>;

const RECORD = 'tpu-serving-gate/lease';
const POLICIES = { group: 'networking.k8s.io', plural: 'networkpolicies' };
const MAPS = { group: '', plural: 'configmaps' };
const OTHER: LeaseState = {
  ...{ ...LEASE, projectId: 'demo', location: 'us-east5-b', cluster: 'serving', workload: [], namespace: 'ns' },
  ...{ runKey: '7-1', holder: 'https://github.com/o/r/actions/runs/7/attempts/1' },
};

const policy = (name: string): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'ns' },
  spec: { podSelector: {}, policyTypes: ['Ingress'] },
});

const map = (name: string, metadata: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ns', ...metadata },
});

/** Main up to its nodes, with these manifests. Returns what ended it; null when all was deployed. */
async function mainWith(run: Run, manifests: KubeObject[]): Promise<unknown> {
  const files = manifests.map((object) => ({ object, file: 'stack.yaml', line: 1 }));
  const error = await run.main(files);
  if (error !== null) return error;
  const state = run.saved();
  if (!state) throw new Error('main saved no state');
  const signal = new AbortController().signal;
  const clients = await openCluster({ ...run.base, signal }, 'deploy');
  const context: StageContext = {
    ...{ ...run.base, ...clients, signal, note: () => {}, run: aReport().run, runKey: state.runKey },
    own: (ref, uid) => recordOwned(state, ref, uid),
  };
  try {
    await deploy(context, prepared({ manifests: files }));
    return null;
  } catch (caught) {
    return caught;
  } finally {
    await Promise.allSettled([clients.gke.close(), clients.kube.close()]);
  }
}

/** As it was, by its UID, labels and annotations. */
function isAsBefore(now: KubeObject | null | undefined, before: { metadata: KubeObject['metadata'] }): string | null {
  const facts = ({ uid, labels = {}, annotations = {} }: KubeObject['metadata']) =>
    JSON.stringify({ uid, labels, annotations });
  if (!now) return `${before.metadata.name} was deleted`;
  return facts(now.metadata) === facts(before.metadata) ? null : `${before.metadata.name} was marked`;
}

/** A foreign object outlives a run whose manifests name it, where they do, and one whose manifests do not. */
function foreignDeed(
  name: string,
  object: KubeObject,
  { collection, isNamed }: { collection: { group: string; plural: string }; isNamed: boolean },
): Deed {
  return {
    name,
    async play(world) {
      const before = world.store.create(collection, object as never) as { metadata: KubeObject['metadata'] };
      const look = () => isAsBefore(world.store.get(collection, 'ns', object.metadata.name) as never, before);
      const broken: (string | null)[] = [];
      for (const [runKey, manifests] of [
        ['183-1', isNamed ? [object, map('first')] : [map('first')]],
        ['184-1', [map('second')]],
      ] as const) {
        const run = newRun(world, runKey);
        const error = await mainWith(run, [...manifests]);
        broken.push(error === null ? null : `main ended: ${error}`, look());
        await run.post();
        broken.push(look(), (await atRest(world, 3_000)) ? null : 'nodes are left');
      }
      broken.push(world.store.get(MAPS, 'ns', 'first') ? 'what the first run made is left' : null);
      return broken;
    },
  };
}

/** A stack of another pool is kept under the same names; `spoil` is what somebody does to its lease. */
function livingDeed(name: string, spoil: (lease: KubeObject) => KubeObject): Deed {
  return {
    name,
    async play(world) {
      const kept = { ...OTHER, nodePool: 'v5e', kept: { until: null, deployment: null } };
      const nowMs = Date.now();
      const times = { nowMs, acquiredAtMs: nowMs, transitions: 0 };
      const holder = { identity: kept.holder, runKey: kept.runKey };
      world.store.create(LEASES, spoil(leaseObject('default', holder, kept, times)) as never);
      const labels = { ...MANAGED_BY, [STACK_LABEL]: 'qwen' };
      const theirs = map('settings', { labels, annotations: { [RUN_ANNOTATION]: kept.runKey } });
      const before = world.store.create(MAPS, theirs as never) as { metadata: KubeObject['metadata'] };
      const run = newRun(world);
      const error = await mainWith(run, [map('settings')]);
      await run.post();
      return [
        isAsBefore(world.store.get(MAPS, 'ns', 'settings') as never, before),
        /belong/.test(String(error)) ? null : `the run was not refused: ${error}`,
        (await atRest(world, 3_000)) ? null : 'nodes are left',
      ];
    },
  };
}

/** Somebody writes into the lease while the nodes are there. Neither post nor the sweeper may be green. */
function leaseDeed(name: string, change: (lease: KubeObject) => KubeObject | null): Deed {
  return {
    name,
    async play(world) {
      const run = newRun(world);
      await run.main();
      await run.sweep();
      await changeLease(world, change);
      await run.post();
      const left = !(await atRest(world, 300));
      const release = run.release();
      await run.sweep();
      const swept = run.swept().at(-1) ?? [];
      if (!left) return [release?.outcome === 'released' ? null : `no node is left, and it ${release?.outcome}`];
      return [
        release?.outcome === 'failed' && release.command !== null ? null : 'post was green and nodes are left',
        swept.some(({ outcome, command }) => outcome === 'failed' && command !== null)
          ? null
          : 'the sweeper was green and nodes are left',
        (await world.record()).resizes.length === 1 ? null : 'the pool of an unknown holder was resized',
      ];
    },
  };
}

async function changeLease(world: World, change: (lease: KubeObject) => KubeObject | null): Promise<void> {
  const found = world.store.get(LEASES, 'default', `tpu-serving-gate-${POOL}`);
  if (!found) throw new Error('there is no lease');
  const next = change(found as never);
  if (next) world.store.update(LEASES, next as never);
  else world.removeLease();
}

const annotated = (lease: KubeObject, change: Record<string, string | undefined>): KubeObject => {
  const annotations = Object.entries({ ...lease.metadata.annotations, ...change }).filter(([, value]) => value);
  return { ...lease, metadata: { ...lease.metadata, annotations: Object.fromEntries(annotations) as never } };
};
const specified = (lease: KubeObject, change: object): KubeObject => ({
  ...lease,
  spec: { ...(lease.spec as object), ...change },
});

/** A living run takes the pool over: it is its own from then on, whatever the first one saved. */
const takenOver: Deed = {
  name: 'the lease is taken over by a living run',
  async play(world) {
    const run = newRun(world);
    await run.main();
    const nowMs = Date.now();
    const taken = { ...OTHER, nodePool: POOL };
    const holder = { identity: taken.holder, runKey: taken.runKey };
    const lease = leaseObject('default', holder, taken, { nowMs, acquiredAtMs: nowMs, transitions: 1 });
    await changeLease(world, (old) => ({ ...lease, metadata: { ...old.metadata, ...lease.metadata } }));
    await run.post();
    await run.sweep();
    return [
      run.release()?.outcome === 'not-needed' ? null : `the release ended ${run.release()?.outcome}`,
      (run.swept().at(-1) ?? []).length === 0 ? null : 'the sweeper took it for a leak',
      (await world.record()).resizes.length === 1 ? null : 'the pool of a living run was resized',
      world.leaseIsThere() ? null : 'the lease of a living run was deleted',
    ];
  },
};

/** Another machine's clock is off: neither a sweeper nor a run there may take a living run's pool. */
function clockDeed(minutes: number): Deed {
  return {
    name: `the clocks of a sweeper and of another run are ${Math.abs(minutes)} min ${minutes > 0 ? 'ahead' : 'behind'}`,
    async play(world) {
      const run = newRun(world);
      await run.main();
      const other = newRun(world, '184-1');
      await atOtherTime(minutes, () => other.sweep());
      const error = await atOtherTime(minutes, () => other.main());
      const { resizes } = await world.record();
      const holder = readLease(world.store.get(LEASES, 'default', `tpu-serving-gate-${POOL}`) as never).runKey;
      await atOtherTime(minutes, () => run.post());
      return [
        resizes.length === 1 ? null : "a living run's pool was resized",
        holder === '183-1' ? null : `the lease went to ${holder}`,
        /is leased by/.test(String(error)) ? null : `the other run was not refused: ${error}`,
        (await atRest(world, 3_000)) && !world.leaseIsThere() ? null : 'the run could not release its pool',
      ];
    },
  };
}

/** What others do to a run, by name. */
export const DEEDS: readonly Deed[] = [
  foreignDeed("the manifests name an administrator's policy once", policy('deny-all'), {
    collection: POLICIES,
    isNamed: true,
  }),
  foreignDeed(
    'a foreign object carries labels and mark of a run',
    map('spoofed', { labels: { ...MANAGED_BY, [STACK_LABEL]: 'qwen' }, annotations: { [RUN_ANNOTATION]: '184-1' } }),
    { collection: MAPS, isNamed: false },
  ),
  livingDeed('a stack of another pool has the same names', (lease) => lease),
  livingDeed('a stack of another pool has the same names, and its lease was garbled', (lease) =>
    annotated(lease, { [RECORD]: '{', [RUN_ANNOTATION]: undefined }),
  ),
  livingDeed('a stack of another pool has the same names, and its lease was emptied', (lease) => ({
    ...lease,
    spec: {},
  })),
  leaseDeed('the lease has another holder', (lease) => specified(lease, { holderIdentity: 'somebody' })),
  leaseDeed('the spec of the lease is emptied', (lease) => ({ ...lease, spec: {} })),
  leaseDeed('the record of the lease is garbled', (lease) =>
    annotated(lease, { [RECORD]: lease.metadata.annotations?.[RECORD]?.slice(0, 60), [RUN_ANNOTATION]: '7-1' }),
  ),
  leaseDeed('the lease loses labels and annotations', (lease) => ({
    ...lease,
    metadata: { ...lease.metadata, labels: {}, annotations: {} },
  })),
  leaseDeed('the lease is of another schema', (lease) =>
    annotated(lease, { [RECORD]: JSON.stringify({ ...OTHER, nodePool: POOL, v: 2 }), [RUN_ANNOTATION]: '7-1' }),
  ),
  leaseDeed('the lease is lent for ever', (lease) =>
    specified(lease, { holderIdentity: 'somebody', leaseDurationSeconds: 2_000_000_000 }),
  ),
  leaseDeed('the lease is deleted', () => null),
  takenOver,
  clockDeed(20),
  clockDeed(-20),
];

/** Plays one in a world of its own. */
export async function playDeed({ play }: Deed): Promise<{ broken: string[]; by: string }> {
  const world = await startWorld();
  try {
    return { broken: (await play(world)).filter((text) => text !== null), by: 'post' };
  } finally {
    await world.close();
  }
}
