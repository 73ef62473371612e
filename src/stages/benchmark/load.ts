import { type Climb, climb } from '../../load/ladder.ts';
import { type BlockLoad, type BlockPlan, type BlockWay, type PairTimings, pairTimings } from '../../load/pairs.ts';
import { type LoadSource, workloadBody } from '../../load/source.ts';
import type { MeasuredBlock } from '../../load/summary.ts';
import { orderedOf } from '../../load/tokens.ts';
import { type WarmUp, warmUp } from '../../load/warm-up.ts';
import type { ArmName, LoadArm, PodCount } from '../../report/model.ts';
import type { BlockEvidence } from '../../verdict/evidence.ts';
import { ARM_TITLE } from '../../verdict/plausibility.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { atRest, type Snapshot, servedBetween, settled } from '../verify/counters.ts';
import type { GatewaySnapshot } from '../verify/gateway-counters.ts';
import type { VerifiedModel } from '../verify/verify.ts';
import { blockEvidence, ownTraffic } from './evidence.ts';
import { type GatewayWatch, gatewayDuring } from './gateway-watch.ts';
import { type Loader, runUntilValid } from './loader.ts';
import type { ReplicaWays } from './one-replica.ts';

const WARM_UP_BINS = 8;

/** A stack that is loaded, with what is read of it between blocks. */
export interface LoadedStack {
  context: StageContext;
  prepared: Prepared;
  stack: ReadyStack;
  model: VerifiedModel;
  watch: GatewayWatch;
  loader: Loader;
}

/** The stack under test with the ways to its replicas. */
export interface Bench extends LoadedStack {
  one: ReplicaWays;
  sources: BenchSources;
}

/** What the requests of each way are sent by; the replicas in the order of the ways. */
export interface BenchSources {
  replicas: readonly LoadSource[];
  all: LoadSource;
  /** All replicas by the ways of the single ones. */
  direct: LoadSource;
}

/** How many requests each replica has in flight, by input or by a ladder, with the one-replica arm warm at it. */
export async function loadOf(bench: Bench): Promise<{ concurrency: number; ladder: Climb | null; warmOne: WarmUp }> {
  const { concurrency } = bench.context.inputs;
  if (concurrency !== 'auto') {
    return { concurrency, ladder: null, warmOne: await warmArm(bench, 'one', concurrency, null) };
  }
  const ladder = await climb((rung, latencyMs) => warmArm(bench, 'one', rung, latencyMs));
  const steps = ladder.rungs
    .map((rung) => `${rung.concurrency}: ${rung.requestsPerSecond.toFixed(1)} req/s`)
    .join(', ');
  const text = `${ladder.chosen} requests in flight for each replica, by a ladder on one (${steps})`;
  bench.context.emit({ type: 'fact', stage: 'benchmark', text });
  return { concurrency: ladder.chosen, ladder, warmOne: ladder.warm };
}

/**
 * Loads one arm at so many requests in flight for each replica, until two bins agree. `latencyMs` is what requests took
 * before; null where that is not known.
 */
export function warmArm(
  bench: Omit<Bench, 'one'>,
  arm: ArmName,
  perReplica: number,
  latencyMs: number | null,
): Promise<WarmUp> {
  const concurrency = perReplica * (arm === 'all' ? bench.prepared.service.replicas : 1);
  const title = ARM_TITLE[arm];
  return warmWith(bench, sourceOf(bench, arm, 0), { arm, title, concurrency, part: `${arm}/${perReplica}`, latencyMs });
}

/** Loads what a source leads to until two bins agree. `part` keeps its prompts apart from all others. */
export async function warmWith(
  bench: LoadedStack,
  source: LoadSource,
  {
    arm,
    title,
    concurrency,
    part,
    latencyMs,
  }: { arm: LoadArm; title: string; concurrency: number; part: string; latencyMs: number | null },
): Promise<WarmUp> {
  const { context } = bench;
  const { inputs } = context;
  const started = context.clock.now();
  const warm = await warmUp({
    binMs: inputs.pairDurationMs / 6,
    maxBins: WARM_UP_BINS,
    latencyMs,
    runBin: async (index, { durationMs, trimMs }) => {
      const bin = await runUntilValid(context, source, {
        ...{ arm, concurrency, block: -1 - index, part: `warm/${part}/${index}` },
        ...{ durationMs, rampMs: 0, trimMs },
      });
      const { sent, valid } = bin.measured.tally;
      const elapsedMs = context.clock.now() - started;
      context.emit({
        type: 'waiting',
        stage: 'benchmark',
        what: `a steady ${title} at ${concurrency} in flight`,
        seen: `warm-up ${index + 1}: ${valid} of ${sent} answers valid`,
        elapsedMs,
        limitMs: elapsedMs + (WARM_UP_BINS - 1 - index) * durationMs,
      });
      return bin;
    },
  });
  await bench.loader.fit(Math.max(0, ...warm.bins));
  return warm;
}

/** Time for the verdict and for what follows a block, so that a measurement is not lost in its last seconds. */
export const SPARE_MS = 20_000;

/** Whether the run may still take so long, by its `timeout` and its `max-cost`. */
export function hasTime({ clock, endsMs }: Pick<StageContext, 'clock' | 'endsMs'>, neededMs: number): boolean {
  return endsMs === undefined || clock.now() + neededMs + SPARE_MS <= endsMs;
}

/** Lengths of the blocks at the latency that the warm-up has seen. */
export function timingsOf({ context }: Pick<Bench, 'context'>, medianLatencyMs: number): PairTimings {
  const { pairDurationMs, target } = context.inputs;
  return pairTimings({
    pairMs: pairDurationMs,
    expectedSpeedup: (target.minSpeedup + target.expectedMaxSpeedup) / 2,
    medianLatencyMs,
  });
}

/** A block with what the cluster's counters say of it. */
export interface TakenBlock {
  measured: MeasuredBlock;
  evidence: BlockEvidence;
  /** Who served it; empty when the counters do not add up to what was sent. */
  served: PodCount[];
  /** The counters at its end, which are those at the start of the next. */
  after: Edge;
}

/** The counters of the replicas and of the gateway at one moment. */
export interface Edge {
  replicas: Snapshot;
  gateway: GatewaySnapshot;
}

/** The counters before the first block, once nothing of the warm-up is still to be counted. */
export async function firstEdge({ context, prepared, stack, watch }: LoadedStack): Promise<Edge> {
  const [replicas, gateway] = await Promise.all([atRest(context, prepared, stack), watch.read()]);
  return { replicas, gateway };
}

/** What a block is held against at its edges. */
export interface BlockEdge {
  before: Edge;
  readyWanted: number;
  /** The pod that all requests are to go to; null for all pods. */
  baseline?: string | null;
}

/** Runs one block of the scaling and reads the counters once they account for it. A direct block is a check beside the pair. */
export function takeBlock(
  bench: Omit<Bench, 'one'>,
  block: BlockPlan,
  timings: PairTimings,
  edge: BlockEdge,
): Promise<TakenBlock> {
  const part = `pair-${block.pair}/${block.way}`;
  const isKept = block.way !== 'direct';
  return takeLoad(bench, sourceOf(bench, block.way, block.replica), { block, timings, part, isKept }, edge);
}

/**
 * Runs one block by a source and reads the counters of its stack once they account for it. Its requests go to the raw results
 * unless `isKept` is false, and leave memory.
 */
export async function takeLoad(
  bench: LoadedStack,
  source: LoadSource,
  { block, timings, part, isKept = true }: { block: BlockLoad; timings: PairTimings; part: string; isKept?: boolean },
  edge: BlockEdge,
): Promise<TakenBlock> {
  const { context, prepared, stack } = bench;
  const { readyWanted, baseline = null } = edge;
  let { before } = edge;
  const { rampMs, silentMs, trimMs } = timings;
  const { arm, block: number, durationMs, concurrency } = block;
  const load = { arm, block: number, durationMs, concurrency, part, rampMs, silentMs, trimMs };
  const { measured, tokens } = await runUntilValid(context, source, load, async () => {
    before = await firstEdge(bench);
  });
  const { sent, valid } = measured.tally;
  const ordered = orderedOf(tokens);
  const [replicas, gateway] = await Promise.all([
    settled(context, prepared, stack, before.replicas, sent, ordered.least),
    bench.watch.read(),
  ]);
  context.signal.throwIfAborted();
  if (isKept) await context.keepRequests?.(measured.run);
  return {
    measured: { ...measured, run: { ...measured.run, records: [] } },
    evidence: blockEvidence(block, {
      ...{ sent, unanswered: sent - valid, ordered },
      ...{ before: before.replicas, after: replicas, readyWanted, baseline },
      replicas: stack.replicas,
      gateway: gatewayDuring(before.gateway, gateway, stack),
    }),
    served: ownTraffic(servedBetween(before.replicas, replicas), sent),
    after: { replicas, gateway },
  };
}

function sourceOf({ sources }: Pick<Bench, 'sources'>, way: BlockWay, replica: number | null): LoadSource {
  if (way !== 'one') return sources[way];
  const source = sources.replicas[replica ?? 0];
  if (!source) throw new RangeError(`there is no way to replica ${replica}`);
  return source;
}

/** Bytes of a request of the pairs beside its prompt. */
export function envelopeBytes({ model, context }: Pick<Bench, 'model' | 'context'>): number {
  return workloadBody({ model: model.modelId, maxTokens: context.inputs.maxTokens }, '').length;
}
