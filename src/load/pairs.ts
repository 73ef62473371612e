import type { ArmName } from '../report/model.ts';
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
  /** Time without one valid answer after which a block ends as failing. */
  silentMs: number;
  /** Null, or why the windows are too short for the latency: such a pair measures edges. */
  problem: string | null;
}

/**
 * Block lengths of one pair. The faster arm needs less time for the same precision: the variance of a log ratio,
 * 1/(X·t_one) + 1/(R·X·t_all), is smallest at t_one / t_all = √R.
 *
 * The trim is the larger of an eighth of the pair and three latencies, but at most half of the shorter block. It covers
 * the ramp, the switch between the arms and the first generation of requests.
 */
export function pairTimings(options: {
  pairMs: number;
  /** The ratio that is expected; 2.65 gives the split 1.63. */
  expectedSpeedup: number;
  /** Median end-to-end latency at this load, from the warm-up. */
  medianLatencyMs: number;
}): PairTimings {
  const split = Math.sqrt(Math.max(1, options.expectedSpeedup));
  const allMs = options.pairMs / (1 + split);
  const oneMs = options.pairMs - allMs;
  const wanted = Math.max(options.pairMs / 8, 3 * options.medianLatencyMs);
  const trimMs = Math.min(wanted, allMs / 2);
  const windowMs = allMs - trimMs;
  const problem =
    windowMs < 3 * options.medianLatencyMs
      ? `a window of ${(windowMs / 1_000).toFixed(1)} s holds fewer than three requests of ` +
        `${(options.medianLatencyMs / 1_000).toFixed(1)} s one after another; use longer pairs`
      : null;
  const rampMs = Math.min(options.medianLatencyMs, trimMs / 2);
  return { oneMs, allMs, trimMs, rampMs, silentMs: silenceLimitMs({ latencyMs: options.medianLatencyMs }), problem };
}

export interface BlockPlan {
  arm: ArmName;
  /** Pair that the block belongs to, from 0. */
  pair: number;
  /** Block of the whole run, from 0; part of the prompts' seed. */
  block: number;
  durationMs: number;
  /** Requests in flight: c in the one-replica arm, replicas × c in the other. */
  concurrency: number;
}

export interface PairPlan {
  index: number;
  order: 'one-first' | 'all-first';
  blocks: readonly [BlockPlan, BlockPlan];
}

/**
 * The pair at `index` (from 0). The arms swap places from pair to pair (ABBA…), so that a steady drift of the system
 * cancels. Both arms carry the same load per replica: with the same load in total, a perfect system of three replicas
 * would show anything from 1.2 to 2.5.
 */
export function pairAt(
  index: number,
  options: { timings: PairTimings; concurrencyPerReplica: number; replicas: number },
): PairPlan {
  const { timings, concurrencyPerReplica, replicas } = options;
  const order = index % 2 === 0 ? 'one-first' : 'all-first';
  const arms: readonly [ArmName, ArmName] = order === 'one-first' ? ['one', 'all'] : ['all', 'one'];
  const blockOf = (place: 0 | 1): BlockPlan => ({
    arm: arms[place],
    pair: index,
    block: 2 * index + place,
    durationMs: arms[place] === 'one' ? timings.oneMs : timings.allMs,
    concurrency: arms[place] === 'one' ? concurrencyPerReplica : concurrencyPerReplica * replicas,
  });
  return { index, order, blocks: [blockOf(0), blockOf(1)] };
}
