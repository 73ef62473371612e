import type { KubeClient } from '../../../clients/kubernetes/client.ts';
import { errorText, Failure } from '../../../lib/failure.ts';
import { OUTAGE_MS, poll } from '../../../lib/poll.ts';
import { epochMs, LATE_MS, type ShardMessage, shardsFor } from '../../../load/shard/messages.ts';
import { mergeReports } from '../../../load/shard/report.ts';
import type { SourceLoad, SourceResult, Workload } from '../../../load/source.ts';
import type { WayTarget } from '../../../load/ways.ts';
import type { StageContext } from '../../context.ts';
import { REQUEST_DEADLINE_MS } from '../load-client.ts';
import { type Barrier, createBarrier } from './barrier.ts';
import { type LoadPlace, removeJob, startJob } from './start-job.ts';

/** Load clients in the cluster. */
export interface ClusterLoad {
  run(
    load: SourceLoad,
    to: { target: WayTarget; workload: Workload },
    signal: AbortSignal,
  ): Promise<SourceResult | { invalid: string }>;
  fit(ratePerSecond: number): Promise<void>;
  close(): Promise<void>;
}

type Ready = Extract<ShardMessage, { kind: 'ready' }>;

/** The load clients of one Job, their clocks compared and their ceilings known. */
interface Crew {
  barrier: Barrier;
  ready: readonly Ready[];
  syncedMs: number;
}

/** More load clients than this are a mistake, or a stack that one gateway does not carry. */
export const MOST_SHARDS = 32;
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

  return {
    async run(load, { target, workload }, signal) {
      const { barrier, ready } = await synced();
      const { prompts, ...rest } = workload;
      const startsAtMs = epochMs() + LEAD_MS + Math.max(...ready.map(({ clock: { roundTripMs } }) => roundTripMs));
      const plan = { startsAtMs, load, target, workload: { ...rest, ownPrompts: prompts !== null } };
      const seq = await barrier.announce({ kind: 'block', ...plan });
      const limitMs = startsAtMs - epochMs() + load.durationMs + REQUEST_DEADLINE_MS + REPORT_LIMIT_MS;
      const messages = await collect(context, { barrier, seq, limitMs, signal });
      return judged(load, messages);
    },
    async fit(ratePerSecond) {
      const ceiling = Math.min(...crew.ready.map(({ ceilingPerSecond }) => ceilingPerSecond));
      const wanted = shardsFor(ratePerSecond, ceiling);
      if (wanted <= crew.ready.length) return;
      if (wanted > MOST_SHARDS) throw tooFast(ratePerSecond, ceiling, wanted);
      const text = `${ratePerSecond.toFixed(0)} req/s need ${wanted} load clients, so that each stays below half of the ${ceiling.toFixed(0)} req/s that it can send`;
      emit({ type: 'fact', stage: 'benchmark', text });
      await removeJob(context, namespace);
      crew = await muster(context, near, wanted);
    },
    async close() {
      await endCrew(crew, kube, namespace).catch((error: unknown) => {
        if (context.signal.aborted) return;
        emit({ type: 'warning', text: `The Job of the load clients was not removed: ${errorText(error)}` });
      });
    },
  };
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
  const slowest = Math.min(...crew.ready.map(({ ceilingPerSecond }) => ceilingPerSecond));
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
      return done.length === shards ? { done } : { waiting: `${done.length} of them are ready` };
    },
    onTimeout: (seen) => notReady(context.inputs.namespace, seen),
  });
  const unsure = Math.max(...ready.map(({ clock }) => clock.roundTripMs / 2));
  if (unsure > LATE_MS) throw clocksUnknown(unsure);
  return { barrier, ready, syncedMs: context.clock.now() };
}

/** The last message of every load client about a block. */
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
      const done = messages.filter((message) => message?.kind === 'report' || message?.kind === 'late');
      return done.length === messages.length ? { done } : { waiting: missingText(messages) };
    },
    onTimeout: (seen) => shardMissing(seen),
  });
}

/** A block counts when all load clients started it together. */
function judged(load: SourceLoad, messages: readonly ShardMessage[]): SourceResult | { invalid: string } {
  const reports = messages.flatMap((message) => (message.kind === 'report' ? [message.report] : []));
  const late = messages.flatMap((message) => (message.kind === 'late' ? [message.lateMs] : []));
  if (late.length > 0) {
    const worst = Math.max(...late);
    return { invalid: `${late.length} of ${messages.length} load clients came ${worst.toFixed(0)} ms too late` };
  }
  return mergeReports(load, reports);
}

function missingText(messages: readonly (ShardMessage | null)[]): string {
  const missing = messages.flatMap((message, shard) => (message === null ? [shard] : []));
  return `no report of load client ${missing.join(', ')}`;
}

function refuseErrors(messages: readonly (ShardMessage | null)[]): void {
  const failed = messages.find((message) => message?.kind === 'error');
  if (failed?.kind !== 'error') return;
  throw new Failure({
    ...{ stage: 'benchmark', code: 'load-client-failed' },
    message: `A load client in the cluster failed: ${failed.message.slice(0, 300)}`,
    hint: 'Look at the logs of the pods of the Job tpu-serving-gate-load.',
  });
}

function notReady(namespace: string, seen: string): Failure {
  return new Failure({
    ...{ stage: 'benchmark', code: 'load-clients-not-ready' },
    message: `The load clients in ${namespace} did not become ready; last seen: ${seen}.`,
    hint: 'Look at the events of the Job tpu-serving-gate-load and its pods: image, quota, admission, a queue without room, or a NetworkPolicy between them and the API server.',
  });
}

function clocksUnknown(unsureMs: number): Failure {
  return new Failure({
    ...{ stage: 'benchmark', code: 'load-clocks-unknown' },
    message: `The clocks of the load clients are known to ${unsureMs.toFixed(0)} ms only, and blocks start together to ${LATE_MS} ms.`,
    hint: 'The API server answers slowly. Try again, or measure with "load-from: runner".',
  });
}

function shardMissing(seen: string): Failure {
  return new Failure({
    ...{ stage: 'benchmark', code: 'load-client-missing' },
    message: `A block does not count: ${seen}.`,
    hint: 'A pod of the Job tpu-serving-gate-load has ended or cannot reach the API server. Look at its events.',
  });
}

function tooFast(rate: number, ceiling: number, wanted: number): Failure {
  return new Failure({
    ...{ stage: 'benchmark', code: 'load-ceiling' },
    message: `${rate.toFixed(0)} req/s would need ${wanted} load clients of ${ceiling.toFixed(0)} req/s each, and ${MOST_SHARDS} are the most.`,
    hint: 'Give the requests more tokens, or measure fewer replicas.',
  });
}
