import { createRandom } from '../../lab/google/clock.ts';
import type { GcpRecord } from '../../lab/protocol.ts';
import type { Manifest } from '../../src/clients/files/manifests.ts';
import { parseInputs } from '../../src/inputs/inputs.ts';
import { type Clock, systemClock } from '../../src/lib/poll.ts';
import { openCluster } from '../../src/pipeline/connect.ts';
import { startJournal } from '../../src/pipeline/journal.ts';
import { releaseLease } from '../../src/pipeline/release.ts';
import type { ProgressEvent } from '../../src/progress/events.ts';
import type { Report, Swept } from '../../src/report/model.ts';
import type { LeaseState, StageContext } from '../../src/stages/context.ts';
import { holdNodes } from '../../src/stages/lease/demand/hold.ts';
import { awaitNodes, requestNodes, takePool } from '../../src/stages/lease/lease.ts';
import { recordOwned } from '../../src/stages/lease/lease-state.ts';
import { lostNodes, nodesLost } from '../../src/stages/lease/lost-nodes.ts';
import type { TpuNode } from '../../src/stages/lease/nodes.ts';
import { sweep } from '../../src/stages/release/sweep.ts';
import type { SweepContext } from '../../src/stages/release/sweep-context.ts';
import { endSweep, readNote } from '../../src/stages/release/sweep-note.ts';
import { aReport } from '../unit/report/fixtures.ts';
import { prepared } from '../unit/stages/fakes.ts';
import { LEASE_FAULTS } from './fault-kinds.ts';
import type { Fault } from './proxy.ts';
import { POOL, type World } from './world.ts';

/** One thing that goes wrong at one request of a run. */
export interface Case {
  name: string;
  phase: 'main' | 'post';
  server: 'google' | 'kube';
  index: number;
  fault: Fault;
}

export interface Outcome {
  /** What does not hold; empty when the case was survived. */
  broken: string[];
  /** Whether post alone did it, or the sweeper was needed. */
  by: 'post' | 'sweeper';
  /** Whether the request came at all: how often a run asks while it waits varies. */
  met: boolean;
}

/** The gate looks again after so long, which is the `poll-interval` of the worlds. */
const POLL_MS = 50;
/** Back-offs pass a hundred times faster; what is awaited takes as long as it takes, and is looked for no more often. */
const hasty: Clock = {
  now: systemClock.now,
  sleep: (ms, signal) => systemClock.sleep(ms > POLL_MS ? 15 : ms, signal),
};

/** Every request of a clean run, met by every fault. */
export async function casesOf(world: World): Promise<Case[]> {
  const counts = await clean(world);
  const cases: Case[] = [];
  for (const phase of ['main', 'post'] as const) {
    for (const server of ['google', 'kube'] as const) {
      for (let index = 0; index < counts[phase][server]; index += 1) {
        for (const [kind, fault] of Object.entries(LEASE_FAULTS)) {
          if (phase === 'post' && kind === 'interrupt') continue;
          cases.push({ name: `${phase}/${server}/${index}/${kind}`, phase, server, index, fault });
        }
      }
    }
  }
  return cases;
}

async function clean(world: World) {
  const count = () => ({ google: world.google.seen().length, kube: world.kube.seen().length });
  disarm(world);
  const run = newRun(world);
  await run.main();
  const main = count();
  disarm(world);
  await run.post();
  const sizes = (await world.record()).resizes.map(({ nodeCount }) => nodeCount);
  // A matrix over a run that went wrong by itself would prove nothing.
  if (sizes.join() !== '3,0' || world.leaseIsThere() || !(await atRest(world, 3_000))) {
    throw new Error(`the run without a fault is not clean: resizes ${sizes.join()}\n${run.everythingSaid()}`);
  }
  return { main, post: count() };
}

function disarm({ google, kube }: World): void {
  for (const proxy of [google, kube]) proxy.arm(null, 0);
}

/** Plays a case to its end: main, post, and the sweeper where nodes are left; then looks at what is true. */
export async function play(world: World, one: Case): Promise<Outcome> {
  const before = (await world.record()).resizes.length;
  const run = newRun(world);
  disarm(world);
  if (one.phase === 'main') world[one.server].arm(one.fault, one.index);
  await run.main();
  let met = world[one.server].met();
  disarm(world);
  if (one.phase === 'post') world[one.server].arm(one.fault, one.index);
  await run.post();
  met ||= world[one.server].met();
  disarm(world);
  const broken: string[] = [];
  let by: Outcome['by'] = 'post';
  const isAtRest = await atRest(world, 200);
  if (!isAtRest && run.release()?.nodesLeft === 0) broken.push('the report counts no node, and nodes are left');
  if (!isAtRest || world.leaseIsThere()) {
    by = 'sweeper';
    world.expireLease();
    await run.sweep();
  }
  if (!(await atRest(world, 3_000))) broken.push('nodes are left');
  if (world.leaseIsThere()) broken.push('the lease is left');
  const record = await world.record();
  const resizes = record.resizes.slice(before);
  const asked = record.requests.filter(({ path }) => path.endsWith(':setSize'));
  if (asked.some(({ path }) => !path.endsWith(`/nodePools/${POOL}:setSize`))) broken.push('another pool was resized');
  if (overlaps(record)) broken.push('two operations at once');
  const last = resizes.at(-1);
  if (last && last.nodeCount !== 0) broken.push(`the last resize asked for ${last.nodeCount} nodes`);
  const text = run.everythingSaid();
  if (/is not iterable|cannot (?:read|set) prop|is not a function/i.test(text)) broken.push('JavaScript spoke');
  for (const secret of world.secrets) if (text.includes(secret)) broken.push('a secret was told');
  if (run.claims()) broken.push(run.claims() as string);
  if (broken.length > 0) await reset(world, run);
  return { broken, by, met };
}

/** Whether two resizes of one pool ever ran at once. Pure. */
export function overlaps({ operations }: Pick<GcpRecord, 'operations'>): boolean {
  const ours = operations.filter(({ type }) => type === 'SET_NODE_POOL_SIZE');
  return ours.some((one, index) =>
    ours.slice(index + 1).some((next) => next.target === one.target && (one.endTime ?? '9') > next.startTime),
  );
}

export async function atRest(world: World, limitMs: number): Promise<boolean> {
  for (const until = Date.now() + limitMs; ; ) {
    const { nodes, targetSize } = await world.record();
    if (nodes[POOL]?.length === 0 && targetSize[POOL] === 0) return true;
    if (Date.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A case that was not survived must not spoil the next. */
async function reset(world: World, run: ReturnType<typeof newRun>): Promise<void> {
  world.expireLease();
  await run.sweep().catch(() => {});
}

/** A run from its lease to its nodes, its post step and the sweeper, in this process. */
export function newRun(world: World, runKey = '183-1') {
  const given = world.inputs;
  const parsed = parseInputs({ get: (name) => given[name], given: Object.keys(given), env: world.env });
  if ('problems' in parsed) throw new Error(parsed.problems.join('\n'));
  const { inputs } = parsed;
  const said: string[] = [];
  const saved: LeaseState[] = [];
  const swept: Swept[][] = [];
  const emit = (event: ProgressEvent) => said.push(JSON.stringify(event));
  const journal = startJournal(aReport());
  let closed: Report | null = null;
  let dead = false;
  let held: TpuNode[] = [];
  const clock: Clock = {
    now: hasty.now,
    sleep: (ms, signal) => (dead ? Promise.reject(new Error('killed')) : hasty.sleep(ms, signal)),
  };
  const base = { inputs, env: world.env, clock, emit, onSecret: () => {} };

  /** As the process: what it was doing ends, none of its waits goes on, and nobody hears of it again. */
  const living = (work: (signal: AbortSignal) => Promise<unknown>) => {
    const controller = new AbortController();
    dead = false;
    world.victim.kill = () => {
      for (const proxy of [world.google, world.kube]) proxy.bury();
      dead = true;
      controller.abort(new Error('killed'));
    };
    world.victim.interrupt = () => controller.abort(new Error('interrupted'));
    return work(controller.signal).then(
      () => null,
      (error: unknown) => {
        said.push(String(error));
        return error;
      },
    );
  };

  return {
    /** What ended it too early; null when all nodes came. */
    main: (manifests: Manifest[] = []) =>
      living(async (signal) => {
        const { gke, kube } = await openCluster({ ...base, signal }, 'preflight');
        try {
          const { note, report } = journal;
          const context: StageContext = { ...base, gke, kube, signal, note, run: report().run, runKey };
          const plan = prepared({ pool: await gke.getNodePool(POOL), manifests });
          const taken = await takePool(context, plan, (state) => saved.push(state));
          const operation = await requestNodes(context, taken.prepared, inputs.leaseTimeoutMs);
          await awaitNodes(context, taken.prepared, operation, inputs.leaseTimeoutMs);
        } finally {
          await Promise.allSettled([gke.close(), kube.close()]);
        }
      }),
    /** The same by demand: ends once the nodes are held. */
    hold: () =>
      living(async (signal) => {
        const { gke, kube } = await openCluster({ ...base, signal }, 'preflight');
        try {
          const { note, report } = journal;
          const context: StageContext = { ...base, gke, kube, signal, note, run: report().run, runKey };
          const pool = await gke.getNodePool(POOL);
          const demand = { chips: 4, scaleDownMs: inputs.scaleDownTimeoutMs, queued: pool.queuedProvisioning };
          const { prepared: plan, state } = await takePool(context, prepared({ pool, demand }), (one) =>
            saved.push(one),
          );
          held = await holdNodes(context, plan, inputs.leaseTimeoutMs, {
            own: (ref, uid) => {
              recordOwned(state, ref, uid);
              saved.push(state);
            },
            onFirst: () => said.push('the first node is held'),
            onShort: (reason) => said.push(reason),
          });
        } finally {
          await Promise.allSettled([gke.close(), kube.close()]);
        }
      }),
    /** How the run ends once it has lost a held node; null where none is lost in time. */
    lost: (limitMs: number) =>
      living(async (signal) => {
        const { gke, kube } = await openCluster({ ...base, signal }, 'preflight');
        try {
          for (const until = Date.now() + limitMs; Date.now() < until; ) {
            const lost = await lostNodes(kube, POOL, held);
            if (lost.length > 0) throw nodesLost(lost, { spot: saved.at(-1)?.spot === true, stage: 'benchmark' });
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        } finally {
          await Promise.allSettled([gke.close(), kube.close()]);
        }
      }),
    post: () =>
      living(async (signal) => {
        const lease = saved.at(-1);
        if (!lease) return;
        await releaseLease({ ...base, signal }, journal, lease);
        if (!dead) closed = journal.report();
      }),
    sweep: () =>
      living(async (signal) => {
        const { gke, kube } = await openCluster({ ...base, signal }, 'release');
        try {
          const context: SweepContext = {
            gke,
            kube,
            clock,
            signal,
            emit,
            pollIntervalMs: inputs.pollIntervalMs,
            limitMs: inputs.releaseTimeoutMs,
            namespace: inputs.leaseNamespace,
            holder: { identity: 'cli/sweep-1', runKey: 'sweep-1' },
            where: { projectId: inputs.projectId, location: inputs.location, cluster: inputs.cluster },
            runEnded: async () => null,
          };
          const { seen } = await readNote(context);
          const found = [...(await sweep({ ...context, seen })), ...(await endSweep({ ...context, seen }))];
          swept.push(found);
        } finally {
          await Promise.allSettled([gke.close(), kube.close()]);
        }
      }),
    /** What main saved last. */
    saved: () => saved.at(-1),
    release: () => closed?.release ?? null,
    /** What each sweep found. */
    swept: () => swept,
    base,
    everythingSaid: () => [...said, JSON.stringify(saved), JSON.stringify(closed)].join('\n'),
    /** A report that says that the nodes were given back must be right; null when it is, or says nothing. */
    claims: () => {
      const release = closed?.release;
      if (release?.outcome !== 'failed' || release.command) return null;
      return 'a failed release without the command to run';
    },
  };
}

/** `count` of the cases, by a seeded shuffle, so that a sample can be had again. */
export function sample<T>(cases: readonly T[], count: number, seed: number): T[] {
  const random = createRandom(seed);
  return cases
    .map((one) => ({ one, at: random.between(0, 1) }))
    .sort((a, b) => a.at - b.at)
    .slice(0, count)
    .map(({ one }) => one);
}
