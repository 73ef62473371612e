import type { Interval } from '../report/model.ts';
import { normalUpperTail, studentQuantileFromUpperTail } from './distributions.ts';
import { spendingLimits } from './sequential.ts';
import { mean, standardDeviation } from './statistics.ts';

export interface DecisionPlan {
  /** Pairs before the first look. At least 2, since one pair says nothing about noise. */
  minPairs: number;
  /** Pairs at the last look. */
  maxPairs: number;
  /** The gate: the lower limit of the speedup must exceed it. */
  minSpeedup: number;
  /** One-sided chance of a false pass, and of a false fail, over all looks together. */
  alpha: number;
  /** Pairs of a round, in which each replica is the baseline once. Looks are taken after whole rounds. 1 unless given. */
  round?: number;
}

export interface Look {
  /** Null before two pairs. Before the first look its limits stand in, for display only. */
  estimate: Interval | null;
  /**
   * `pass`: the lower limit exceeds the minimum. `fail`: the upper limit is below it. `continue`: another pair may
   * decide. `exhausted`: the last look did not decide; the verdict is inconclusive, never rounded to a pass.
   */
  decision: 'pass' | 'fail' | 'continue' | 'exhausted';
}

/**
 * The defaults of the gate. A t quantile at the tail of a group-sequential limit is an approximation, which spends a tenth
 * more than it is given with few pairs: 4.75 % stay below 5.5 % on every simulated system of docs/method.md.
 */
export const DEFAULT_DECISION: Omit<DecisionPlan, 'minSpeedup'> = { minPairs: 6, maxPairs: 15, alpha: 0.0475 };

/**
 * The plan with whole rounds: the first look after the smallest number of rounds that has `minPairs`, the last after the
 * largest that fits into `maxPairs`, but never before the first. One round at least, whatever the limits are.
 */
export function wholeRounds(plan: DecisionPlan, round: number): DecisionPlan {
  const minPairs = round * Math.ceil(Math.max(2, plan.minPairs) / round);
  return { ...plan, minPairs, maxPairs: Math.max(minPairs, round * Math.floor(plan.maxPairs / round)), round };
}

/**
 * Judges the ratios X_all(N·c) / X_one(c) of the pairs so far, in their order, with the replica that was the baseline of
 * each; without baselines all had the same.
 *
 * The target is the throughput of all over the arithmetic mean of the throughputs that the replicas have alone. The
 * arithmetic mean, because perfect scaling of unequal replicas is their sum: it is N by this mean alone, and a geometric
 * mean of the ratios exceeds it. So the estimate is 1 ÷ the mean over replicas of one ÷ all, each replica's own a
 * geometric mean over its pairs.
 *
 * Its interval is a t interval on the logarithm, from the deviation of the pairs' log ratios. These differ by noise and by
 * replica, and both are in it. Each replica is in each round once, so the difference between replicas cannot move the
 * estimate: with it the interval is wider than it must be, never narrower. The limit is that of this look, so its level
 * is higher than 1 − 2·alpha: that is the price of looking more than once.
 *
 * Pairs of a round that is not whole yet are left out. Throws RangeError for a ratio that is not a positive number, and
 * for a plan that cannot be.
 */
export function lookAt(
  pairs: readonly number[],
  plan: DecisionPlan,
  baselines: readonly (string | number)[] = [],
): Look {
  const { minPairs, maxPairs, minSpeedup, round = 1 } = plan;
  if (minPairs < 2) throw new RangeError('minPairs must be at least 2: one pair says nothing about noise');
  if (minPairs % round !== 0 || maxPairs % round !== 0)
    throw new RangeError(`looks are not at whole rounds of ${round}`);
  if (pairs.length > maxPairs) throw new RangeError(`${pairs.length} pairs, but the plan ends at ${maxPairs}`);
  const wrong = pairs.find((ratio) => !(ratio > 0 && Number.isFinite(ratio)));
  if (wrong !== undefined) throw new RangeError(`${wrong} is not a ratio of two throughputs`);
  const whole = pairs.slice(0, pairs.length - (pairs.length % round));
  if (whole.length < 2) return { estimate: null, decision: 'continue' };

  const { t, tail } = lookLimit(whole.length, plan);
  const logs = whole.map(Math.log);
  const own = Map.groupBy(logs.entries(), ([index]) => baselines[index] ?? 0);
  const share = mean([...own.values()].map((each) => Math.exp(-mean(each.map(([, log]) => log)))));
  const half = (t * standardDeviation(logs)) / Math.sqrt(logs.length);
  const estimate: Interval = {
    value: 1 / share,
    low: Math.exp(-half) / share,
    high: Math.exp(half) / share,
    level: 1 - 2 * tail,
  };
  if (whole.length < minPairs) return { estimate, decision: 'continue' };
  if (estimate.low > minSpeedup) return { estimate, decision: 'pass' };
  if (estimate.high < minSpeedup) return { estimate, decision: 'fail' };
  return { estimate, decision: whole.length === maxPairs ? 'exhausted' : 'continue' };
}

/**
 * One look at two ways to measure the same system, of which the lower decides: neither can flatter. A pass takes both, a
 * fail one. `used` is the index of the way that has the lower limit.
 */
export function lowerLook(looks: readonly [Look, ...Look[]]): { look: Look; used: number } {
  const low = (look: Look) => look.estimate?.low ?? Number.NEGATIVE_INFINITY;
  const rank = { fail: 0, exhausted: 1, continue: 2, pass: 3 } as const;
  let used = 0;
  looks.forEach((look, index) => {
    const best = looks[used] as Look;
    const order = rank[look.decision] - rank[best.decision] || low(look) - low(best);
    if (order < 0) used = index;
  });
  return { look: looks[used] as Look, used };
}

const limits = new Map<string, { t: number; tail: number }>();

/**
 * The limit at a look: the tail probability of its z, and the t quantile of the same tail with pairs − 1 degrees of
 * freedom, because the noise between pairs is estimated from the pairs themselves.
 */
export function lookLimit(
  pairs: number,
  plan: Omit<DecisionPlan, 'minSpeedup'>,
): { /** Standard errors from the estimate to the limit. */ t: number; tail: number } {
  const { minPairs, maxPairs, alpha, round: step = 1 } = plan;
  const key = `${pairs}/${minPairs}/${maxPairs}/${alpha}/${step}`;
  const before = limits.get(key);
  if (before) return before;
  const all = spendingLimits({ firstLook: minPairs, lastLook: maxPairs, alpha, step });
  const tail = normalUpperTail(all[Math.max(0, Math.floor((pairs - minPairs) / step))]!);
  const limit = { t: studentQuantileFromUpperTail(tail, pairs - 1), tail };
  limits.set(key, limit);
  return limit;
}

/** Speedup ÷ replicas, as an interval: 1 is perfect scaling. */
export function scalingEfficiency(speedup: Interval, replicas: number): Interval {
  return {
    value: speedup.value / replicas,
    low: speedup.low / replicas,
    high: speedup.high / replicas,
    level: speedup.level,
  };
}
