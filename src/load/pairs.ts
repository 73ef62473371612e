import type { ArmName, LoadArm } from '../report/model.ts';
import { createRandom } from './prompts.ts';
import { silenceLimitMs } from './silence.ts';

export interface PairTimings {
  /** Block of the one-replica arm, milliseconds. */
  oneMs: number;
  /** Block of the all-replicas arm. */
  allMs: number;
  /** Cut from the start of every block, in both arms. */
  trimMs: number;
  /** Over which a block's slots start, in both arms. */
  rampMs: number;
  /** Of a request: the last ones of a block end so long after it. */
  latencyMs: number;
  /** Time without one valid answer after which a block ends as failing. */
  silentMs: number;
  /** Why the pair takes longer than was asked for, as a part of a sentence; null where it does not. */
  longer: string | null;
}

/** Requests one after another that a window holds at least: with fewer it measures the edges of its block. */
const LEAST_IN_WINDOW = 3;
/** Latencies at the start of a block that do not count. */
const TRIM_LATENCIES = 3;

/**
 * Block lengths of one pair. The faster arm needs less time for the same precision: the variance of a log ratio,
 * 1/(X·t_one) + 1/(R·X·t_all), is smallest at t_one / t_all = √R.
 *
 * The trim is the larger of an eighth of the pair and three latencies, but at most half of the shorter block. It covers
 * the ramp, the switch between the arms and the first generation of requests. The other half holds three latencies as
 * well: the pair is longer than `pairMs` where that needs it.
 */
export function pairTimings(options: {
  /** What was asked for: the blocks of both arms. */
  pairMs: number;
  /** The ratio that is expected; 2.65 gives the split 1.63. */
  expectedSpeedup: number;
  /** Median end-to-end latency at this load, from the warm-up. */
  medianLatencyMs: number;
}): PairTimings {
  const { pairMs, medianLatencyMs } = options;
  const split = Math.sqrt(Math.max(1, options.expectedSpeedup));
  const askedMs = pairMs / (1 + split);
  const leastMs = 2 * LEAST_IN_WINDOW * medianLatencyMs;
  if (askedMs >= leastMs) return withTrim({ oneMs: pairMs - askedMs, allMs: askedMs }, { pairMs, medianLatencyMs });
  const longMs = leastMs * (1 + split);
  const seconds = (ms: number, digits = 0) => `${(ms / 1_000).toFixed(digits)} s`;
  const longer =
    `a pair takes ${seconds(longMs)}, not the ${seconds(pairMs)} of "pair-duration", so that half of its shorter block holds ` +
    `three requests of ${seconds(medianLatencyMs, 1)} one after another`;
  const timings = withTrim({ oneMs: split * leastMs, allMs: leastMs }, { pairMs: longMs, medianLatencyMs });
  return { ...timings, longer };
}

/** What is cut off from the blocks of a pair, for blocks of which that of all replicas is the shorter one or as long. */
export function withTrim(
  { oneMs, allMs }: Pick<PairTimings, 'oneMs' | 'allMs'>,
  { pairMs, medianLatencyMs }: { pairMs: number; medianLatencyMs: number },
): PairTimings {
  const trimMs = Math.min(Math.max(pairMs / 8, TRIM_LATENCIES * medianLatencyMs), allMs / 2);
  const rampMs = Math.min(medianLatencyMs, trimMs / 2);
  const silentMs = silenceLimitMs({ latencyMs: medianLatencyMs });
  return { oneMs, allMs, trimMs, rampMs, latencyMs: medianLatencyMs, silentMs, longer: null };
}

/** What blocks of these lengths take one after another, each with the requests that end after it. */
export function takenMs(blocksMs: readonly number[], { latencyMs }: PairTimings): number {
  return blocksMs.reduce((sum, ms) => sum + ms + latencyMs, 0);
}

/**
 * How the requests of a block go: to one replica by a way that leads to it alone, to all through the service's endpoint,
 * or to all by the ways of the single replicas, in equal parts.
 */
export type BlockWay = 'one' | 'all' | 'direct';

/** What is sent in one block. */
export interface BlockLoad<Arm extends LoadArm = LoadArm> {
  arm: Arm;
  /** Pair that the block belongs to, from 0. */
  pair: number;
  /** Block of its comparison, from 0. */
  block: number;
  durationMs: number;
  /** Requests in flight. */
  concurrency: number;
}

/** A block of the scaling: c requests in flight in the one-replica arm, replicas × c in the other. */
export interface BlockPlan extends BlockLoad<ArmName> {
  way: BlockWay;
  /** The replica that is the baseline, from 0; null for all. */
  replica: number | null;
}

export interface PairPlan {
  index: number;
  order: 'one-first' | 'all-first';
  /** The replica that is the baseline, from 0. */
  replica: number;
  blocks: readonly BlockPlan[];
}

/**
 * Which replica is the baseline of each pair, and which arm comes first. Every round has each replica once, in an order
 * that the seed decides. A replica comes first in every other round, so that neither a place within a pair nor a steady
 * drift adds to its share.
 */
export function baselineOf(
  index: number,
  replicas: number,
  seed: string,
): { replica: number; order: PairPlan['order'] } {
  const round = Math.floor(index / replicas);
  const random = createRandom(`${seed}/baseline/${round}`);
  const left = Array.from({ length: replicas }, (_, replica) => replica);
  let replica = 0;
  for (let place = 0; place <= index % replicas; place += 1) {
    [replica = 0] = left.splice(Math.floor(random() * left.length), 1);
  }
  return { replica, order: (round + replica) % 2 === 0 ? 'one-first' : 'all-first' };
}

/**
 * The pair at `index` (from 0). Both arms carry the same load per replica: with the same load in total, a perfect system
 * of three replicas would show anything from 1.2 to 2.5. With `direct` it has a third block: all replicas, each by the way
 * that leads to it as the baseline, in the place beside the block of all.
 */
export function pairAt(
  index: number,
  options: {
    timings: PairTimings;
    concurrencyPerReplica: number;
    replicas: number;
    /** Decides the order of the baselines. */
    seed: string;
    direct?: boolean;
  },
): PairPlan {
  const { timings, concurrencyPerReplica, replicas, seed, direct = false } = options;
  const { replica, order } = baselineOf(index, replicas, seed);
  // The two ways to all replicas swap places too.
  const many: BlockWay[] = direct ? ['all', 'direct'] : ['all'];
  if (Math.floor(index / 2) % 2 === 1) many.reverse();
  const ways: BlockWay[] = order === 'one-first' ? ['one', ...many] : [...many, 'one'];
  const blocks = ways.map((way, place): BlockPlan => {
    const arm = way === 'one' ? 'one' : 'all';
    return {
      arm,
      way,
      replica: way === 'one' ? replica : null,
      pair: index,
      block: ways.length * index + place,
      durationMs: arm === 'one' ? timings.oneMs : timings.allMs,
      concurrency: arm === 'one' ? concurrencyPerReplica : concurrencyPerReplica * replicas,
    };
  });
  return { index, order, replica, blocks };
}
