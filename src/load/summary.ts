import type { ArmFigures, ArmName, BenchmarkPair, ClientFigures, LoadArm, PodCount } from '../report/model.ts';
import type { ArmEvidence } from '../verdict/evidence.ts';
import { percentile, percentilesOverBlocks } from '../verdict/statistics.ts';
import type { BlockRun } from './closed-loop.ts';
import type { PairPlan } from './pairs.ts';
import { type BlockTally, tallyOf } from './tally.ts';
import { littlesLaw, measureWindow, steadyWindow, type WindowBounds, type WindowFigures } from './window.ts';
import { windowTimes } from './window-times.ts';

/** A block with its window measured. */
export interface MeasuredBlock {
  run: BlockRun;
  window: WindowFigures;
  /** Null where load clients elsewhere ran the block, whose clocks are their own. */
  bounds: WindowBounds | null;
  tally: BlockTally;
  /** Of the valid answers that ended inside the window, milliseconds. */
  latenciesMs: readonly number[];
  /** Of the requests that should have been sent inside the window, milliseconds. */
  sendLagsMs: readonly number[];
}

/** Measures a finished block in its steady window. */
export function measureBlock(run: BlockRun, trimMs: number): MeasuredBlock {
  const bounds = steadyWindow(run, trimMs);
  const within = (ms: number) => ms > bounds.startMs && ms <= bounds.endMs;
  const ended = run.records.filter((record) => record.valid && within(record.endMs));
  const latenciesMs = ended.map(({ endMs, sentMs }) => endMs - sentMs);
  return {
    run,
    window: measureWindow(run.records, bounds),
    bounds,
    tally: tallyOf(run.records, latenciesMs),
    latenciesMs,
    sendLagsMs: run.records.filter((record) => within(record.intendedMs)).map((r) => r.sentMs - r.intendedMs),
  };
}

/** The figures of one arm over all its blocks; throughput and Little's law weigh every window by its length. */
export function summarizeArm(blocks: readonly MeasuredBlock[]): { figures: ArmFigures; evidence: ArmEvidence } {
  const evidence = armEvidence(blocks);
  const { requests, errors } = evidence;
  const figures: ArmFigures = {
    window: windowTimes(blocks.flatMap(({ bounds }) => bounds ?? [])),
    requestsPerSecond: weighted(blocks, (block) => block.window.requestsPerSecond) ?? 0,
    outputTokensPerSecond: weighted(blocks, (block) => block.window.outputTokensPerSecond) ?? 0,
    requests,
    errors,
    successRate: requests > 0 ? (requests - errors) / requests : 0,
    meanOutputTokens: evidence.meanOutputTokens ?? 0,
    latencyMs: percentilesOverBlocks(blocks.map(({ latenciesMs }) => latenciesMs)),
    littlesLaw: evidence.littlesLaw,
  };
  return { figures, evidence };
}

const sumOf = (blocks: readonly MeasuredBlock[], figure: (tally: BlockTally) => number) =>
  blocks.reduce((total, { tally }) => total + figure(tally), 0);

/** The requests of one arm, and those that failed. */
export function armCounts(
  blocks: readonly MeasuredBlock[],
): Pick<ArmEvidence, 'requests' | 'errors' | 'unreadable'> & { valid: number } {
  const requests = sumOf(blocks, (tally) => tally.requests);
  const valid = sumOf(blocks, (tally) => tally.valid);
  return { requests, valid, errors: requests - valid, unreadable: sumOf(blocks, (tally) => tally.unreadable) };
}

/** What the plausibility of one arm is judged from. */
export function armEvidence(blocks: readonly MeasuredBlock[]): ArmEvidence {
  const sum = (figure: (tally: BlockTally) => number) => sumOf(blocks, figure);
  const { requests, valid, errors, unreadable } = armCounts(blocks);
  const completed = blocks.reduce((total, { latenciesMs }) => total + latenciesMs.length, 0);
  const cached = { answers: sum((tally) => tally.cached.answers), prompt: sum((tally) => tally.cached.promptTokens) };
  return {
    requests,
    errors,
    unreadable,
    firstError: blocks.find(({ tally }) => tally.requests > tally.valid)?.tally.firstError ?? null,
    completed,
    meanOutputTokens: valid > 0 ? sum((tally) => tally.completionTokens) / valid : null,
    littlesLaw: weighted(blocks, (block) => littlesLaw(block.window, block.run.concurrency)),
    distinctLatencyShare: completed > 0 ? distinctLatencies(blocks) / completed : null,
    halves: blocks.map((block) => block.window.halves),
    pickerShare: valid > 0 ? sum((tally) => tally.marked) / valid : null,
    cachedTokenShare:
      cached.answers > 0 && cached.prompt > 0 ? sum((tally) => tally.cached.tokens) / cached.prompt : null,
  };
}

/** Over all blocks where each latency is known; where a block came as a histogram, the sum of what its clients counted. */
function distinctLatencies(blocks: readonly MeasuredBlock[]): number {
  const [merged, exact] = [
    blocks.filter(({ run }) => run.shards !== undefined),
    blocks.filter(({ run }) => run.shards === undefined),
  ];
  const counted = merged.reduce((total, { tally }) => total + tally.distinctLatencies, 0);
  return counted + distinct(exact.map(({ latenciesMs }) => latenciesMs));
}

/** How many values differ from each other: sorted, since a set of millions takes many times the memory. */
function distinct(parts: readonly (readonly number[])[]): number {
  const sorted = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const part of parts) {
    sorted.set(part, filled);
    filled += part.length;
  }
  sorted.sort();
  let count = sorted.length > 0 ? 1 : 0;
  for (let index = 1; index < sorted.length; index += 1) if (sorted[index] !== sorted[index - 1]) count += 1;
  return count;
}

/** How the client itself did: its busiest block, its most starved arm, the lag that 1 % of the sends in the windows exceeded. */
export function summarizeClient(blocks: readonly MeasuredBlock[]): ClientFigures {
  const lags = blocks.flatMap((block) => block.sendLagsMs);
  const worst = (figureOf: (run: BlockRun) => number) => Math.max(0, ...blocks.map(({ run }) => figureOf(run)));
  const requests = blocks.reduce((sum, { tally }) => sum + tally.sent, 0);
  const cpuMs = blocks.reduce((sum, { run }) => sum + run.self.cpuMs, 0);
  return {
    eventLoopUtilization: worst(({ self }) => self.eventLoopUtilization),
    sendLagP99Ms: lags.length > 0 ? percentile(lags, 0.99) : 0,
    stalledShare: Math.max(
      0,
      ...[...new Set(blocks.map(({ run }) => run.arm))].map((arm) => stalledShare(blocks, arm)),
    ),
    cpuMsPerRequest: requests > 0 ? cpuMs / requests : 0,
  };
}

/** Over all blocks of an arm: one hiccup in a short block is noise, a share of the whole arm is a bias. */
function stalledShare(blocks: readonly MeasuredBlock[], arm: LoadArm): number {
  const runs = blocks.map(({ run }) => run).filter((run) => run.arm === arm);
  const stalledMs = runs.reduce((sum, { self }) => sum + self.stalledMs, 0);
  const loadMs = runs.reduce((sum, { startMs, stopMs }) => sum + stopMs - startMs, 0);
  return loadMs > 0 ? stalledMs / loadMs : 0;
}

/**
 * The row of one pair, with the pod that was its baseline. Null when an arm completed nothing, since there is no ratio
 * then; so does a third block, of all replicas by the ways of the single ones.
 */
export function toPair(
  plan: Pick<PairPlan, 'index' | 'order'>,
  blocks: Record<ArmName, MeasuredBlock> & { direct?: MeasuredBlock },
  perPod: PodCount[],
  baseline: string | null = null,
): BenchmarkPair | null {
  const { one, all } = { one: blocks.one.window, all: blocks.all.window };
  const direct = blocks.direct?.window.requestsPerSecond ?? null;
  if (one.requestsPerSecond <= 0 || all.requestsPerSecond <= 0 || (direct !== null && direct <= 0)) return null;
  return {
    index: plan.index,
    order: plan.order,
    baseline,
    directRequestsPerSecond: direct,
    oneRequestsPerSecond: one.requestsPerSecond,
    allRequestsPerSecond: all.requestsPerSecond,
    ratio: all.requestsPerSecond / one.requestsPerSecond,
    oneWindowSeconds: one.seconds,
    allWindowSeconds: all.seconds,
    oneCompleted: one.completed,
    allCompleted: all.completed,
    perPod,
  };
}

function weighted(blocks: readonly MeasuredBlock[], figureOf: (block: MeasuredBlock) => number | null): number | null {
  let [sum, seconds] = [0, 0];
  for (const block of blocks) {
    const value = figureOf(block);
    if (value === null) continue;
    sum += value * block.window.seconds;
    seconds += block.window.seconds;
  }
  return seconds > 0 ? sum / seconds : null;
}
