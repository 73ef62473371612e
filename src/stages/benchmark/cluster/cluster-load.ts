import type { KubeClient } from '../../../clients/kubernetes/client.ts';
import { errorText } from '../../../lib/failure.ts';
import { OUTAGE_MS, poll } from '../../../lib/poll.ts';
import type { FixedLoad, FixedResult } from '../../../load/fixed-source.ts';
import type { OpenLoad, OpenResult, OpenTo } from '../../../load/open-source.ts';
import { epochMs, LATE_MS, type ShardMessage, shardsFor } from '../../../load/shard/messages.ts';
import { mergeOpenReports, mostLateTogether } from '../../../load/shard/open-report.ts';
import { mergeReports } from '../../../load/shard/report.ts';
import type { SourceLoad, SourceResult, Workload } from '../../../load/source.ts';
import type { WayTarget } from '../../../load/ways.ts';
import type { StageContext } from '../../context.ts';
import { requestDeadlineMs } from '../load-client.ts';
import { type Barrier, createBarrier } from './barrier.ts';
import { clocksUnknown, MOST_SHARDS, missingText, notReady, refuseErrors, shardMissing, tooFast } from './failures.ts';
import { type LoadPlace, removeJob, startJob } from './start-job.ts';

/** Load clients in the cluster. A load that they did not start together is `invalid`, with one clause that gives the reason. */
export interface ClusterLoad {
  run(
    load: SourceLoad,
    to: { target: WayTarget; workload: Workload },
    signal: AbortSignal,
  ): Promise<SourceResult | { invalid: string }>;
  /** An open loop, of which each load client has an equal part. */
  open(load: OpenLoad, to: OpenTo, signal: AbortSignal): Promise<OpenResult | { invalid: string }>;
  /** Requests of one load client alone. */
  fixed(load: FixedLoad, target: WayTarget, signal: AbortSignal): Promise<FixedResult>;
  /** How many load clients there are. */
  clients(): number;
  fit(ratePerSecond: number): Promise<void>;
  /** Requests per second that the slowest of the load clients can send. */
  ceilingPerSecond(): number;
  close(): Promise<void>;
}

type Ready = Extract<ShardMessage, { kind: 'ready' }>;

/** The load clients of one Job, their clocks compared and their ceilings known. */
interface Crew {
  barrier: Barrier;
  ready: readonly Ready[];
  syncedMs: number;
}

/** From the plan to the start of a block: the API server hands the plan to all load clients meanwhile. */
const LEAD_MS = 1_000;
/** How often pings are looked for while clocks are compared, and reports while a block runs. */
const PING_LOOK_MS = 30;
const REPORT_LOOK_MS = 250;
/** Image, start and ceiling of the load clients; with a queue, the wait for a place too. */
const START_LIMIT_MS = 10 * 60_000;
/** From the end of a block, deadlines of its requests included, to the last report. */
const REPORT_LIMIT_MS = 30_000;
/** Clocks of machines part by some milliseconds a minute. */
const SYNC_EVERY_MS = 5 * 60_000;
const SYNC_LIMIT_MS = 60_000;

/** Starts the load clients of the inputs near a gateway. Throws a Failure where they do not come. */
export async function openClusterLoad(context: StageContext, near: LoadPlace): Promise<ClusterLoad> {
  const { kube, inputs, emit, clock } = context;
  const { namespace } = near;
  let crew = await muster(context, near, inputs.loadShards);

  const synced = async (): Promise<Crew> => {
    if (clock.now() - crew.syncedMs > SYNC_EVERY_MS) {
      crew = await compareClocks(context, crew.barrier, crew.ready.length, SYNC_LIMIT_MS);
    }
    return crew;
  };

  /** Hands out a load that starts at one moment. Returns the message of each load client about it. */
  const together = async (
    load: { kind: 'block'; load: SourceLoad } | { kind: 'open'; load: OpenLoad },
    { target, workload: { prompts, ...rest } }: OpenTo,
    signal: AbortSignal,
  ) => {
    const { barrier, ready } = await synced();
    const startsAtMs = epochMs() + LEAD_MS + Math.max(...ready.map(({ clock: { roundTripMs } }) => roundTripMs));
    const seq = await barrier.announce({
      ...load,
      startsAtMs,
      target,
      workload: { ...rest, ownPrompts: prompts !== null },
    });
    const limitMs = startsAtMs - epochMs() + load.load.durationMs + requestDeadlineMs(inputs) + REPORT_LIMIT_MS;
    return { startsAtMs, messages: await collect(context, { barrier, seq, limitMs, signal }) };
  };

  return {
    async run(load, to, signal) {
      const { messages } = await together({ kind: 'block', load }, to, signal);
      const reports = messages.flatMap((message) => (message.kind === 'report' ? [message.report] : []));
      return tooLate(messages) ?? mergeReports(load, reports);
    },
    async open(load, to, signal) {
      const { within } = load;
      const given = {
        ...load,
        within: within && { ...within, mostLate: mostLateTogether(load, crew.ready.length) },
      };
      const { startsAtMs, messages } = await together({ kind: 'open', load: given }, to, signal);
      const reports = messages.flatMap((message) => (message.kind === 'open' ? [message.report] : []));
      return tooLate(messages) ?? mergeOpenReports(reports, startsAtMs - performance.timeOrigin);
    },
    async fixed(load, target, signal) {
      const { barrier } = crew;
      const seq = await barrier.announce({ kind: 'fixed', load, target });
      const turns = Math.ceil(load.requests / load.concurrency);
      const limitMs = turns * requestDeadlineMs(inputs) + REPORT_LIMIT_MS;
      const messages = await collect(context, { barrier, seq, limitMs, signal });
      const [result] = messages.flatMap((message) =>
        message.kind === 'fixed' && message.report ? [message.report] : [],
      );
      if (!result) throw shardMissing('the first load client has no result');
      return result;
    },
    clients: () => crew.ready.length,
    async fit(ratePerSecond) {
      const ceiling = slowestOf(crew);
      const wanted = shardsFor(ratePerSecond, ceiling);
      if (wanted <= crew.ready.length) return;
      if (wanted > MOST_SHARDS) throw tooFast(ratePerSecond, ceiling, wanted);
      const text = `${ratePerSecond.toFixed(0)} req/s need ${wanted} load clients, so that each stays below half of the ${ceiling.toFixed(0)} req/s that it can send`;
      emit({ type: 'fact', stage: 'benchmark', text });
      await endCrew(crew, kube, namespace);
      crew = await muster(context, near, wanted);
    },
    ceilingPerSecond: () => slowestOf(crew),
    async close() {
      await endCrew(crew, kube, namespace).catch((error: unknown) => {
        if (context.signal.aborted) return;
        emit({ type: 'warning', text: `The Job of the load clients was not removed: ${errorText(error)}` });
      });
    },
  };
}

function slowestOf({ ready }: Crew): number {
  return Math.min(...ready.map(({ ceilingPerSecond }) => ceilingPerSecond));
}

async function endCrew({ barrier }: Crew, kube: KubeClient, namespace: string): Promise<void> {
  try {
    await barrier.announce({ kind: 'end' });
  } finally {
    await removeJob({ kube }, namespace);
  }
}

/** Starts the Job and waits until every load client is ready. */
async function muster(context: StageContext, near: LoadPlace, shards: number): Promise<Crew> {
  await startJob(context, near, shards);
  const barrier = createBarrier(context.kube, near.namespace, shards);
  const crew = await compareClocks(context, barrier, shards, START_LIMIT_MS);
  const slowest = slowestOf(crew);
  const widest = Math.max(...crew.ready.map(({ clock }) => clock.roundTripMs / 2));
  const text = `${shards} load clients in the cluster, each able to send ${slowest.toFixed(0)} req/s or more, their clocks known to ${widest.toFixed(0)} ms`;
  context.emit({ type: 'fact', stage: 'benchmark', text });
  return crew;
}

async function compareClocks(context: StageContext, barrier: Barrier, shards: number, limitMs: number): Promise<Crew> {
  const seq = await barrier.announce({ kind: 'sync' });
  const ready = await poll<Ready[]>({
    ...{ stage: 'benchmark', what: `${shards} load clients in the cluster`, limitMs, bearsMs: OUTAGE_MS },
    ...{ clock: context.clock, signal: context.signal, everyMs: PING_LOOK_MS },
    onWait: (status) => context.emit({ type: 'waiting', stage: 'benchmark', ...status }),
    probe: async () => {
      const messages = await barrier.read(seq);
      refuseErrors(messages);
      const done = messages.filter((message): message is Ready => message?.kind === 'ready');
      if (done.length === shards) return { done };
      await context.refuseLostNodes?.();
      return { waiting: `${done.length} of them are ready` };
    },
    onTimeout: (seen) => notReady(context.inputs.namespace, seen),
  });
  const unsure = Math.max(...ready.map(({ clock }) => clock.roundTripMs / 2));
  if (unsure > LATE_MS) throw clocksUnknown(unsure);
  return { barrier, ready, syncedMs: context.clock.now() };
}

/** Messages with which a load client has ended a step. */
const REPORTED: ReadonlySet<ShardMessage['kind']> = new Set(['report', 'open', 'fixed', 'late'] as const);

/** The last message of every load client about a load. */
function collect(
  { clock }: Pick<StageContext, 'clock'>,
  { barrier, seq, limitMs, signal }: { barrier: Barrier; seq: number; limitMs: number; signal: AbortSignal },
): Promise<ShardMessage[]> {
  return poll<ShardMessage[]>({
    ...{ stage: 'benchmark', what: 'the reports of the load clients', limitMs, bearsMs: OUTAGE_MS },
    ...{ clock, signal, everyMs: REPORT_LOOK_MS },
    probe: async () => {
      const messages = await barrier.read(seq);
      refuseErrors(messages);
      const done = messages.flatMap((message) => (message && REPORTED.has(message.kind) ? [message] : []));
      return done.length === messages.length ? { done } : { waiting: missingText(messages) };
    },
    onTimeout: (seen) => shardMissing(seen),
  });
}

/** A load counts when all load clients started it together; null then. */
function tooLate(messages: readonly ShardMessage[]): { invalid: string } | null {
  const late = messages.flatMap((message) => (message.kind === 'late' ? [message.lateMs] : []));
  if (late.length === 0) return null;
  return {
    invalid: `${late.length} of ${messages.length} load clients came ${Math.max(...late).toFixed(0)} ms too late`,
  };
}
