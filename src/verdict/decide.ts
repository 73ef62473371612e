import type { Interval } from '../report/model.ts';
import { normalUpperTail, studentQuantileFromUpperTail } from './distributions.ts';
import { spendingLimits } from './sequential.ts';
import { mean, standardDeviation } from './statistics.ts';

export interface DecisionPlan {
  /** Pairs before the first look. At least 2, since one pair says nothing about noise. */
  minPairs: number;
  /** Pairs at the last look. */
  maxPairs: number;
  /** The gate: the lower limit of the speed-up must exceed it. */
  minSpeedup: number;
  /** One-sided chance of a false pass, and of a false fail, over all looks together. */
  alpha: number;
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

/** The defaults of the gate: false passes of 4.9–5.5 % at exactly the minimum under drift and block noise. */
export const DEFAULT_DECISION: Omit<DecisionPlan, 'minSpeedup'> = { minPairs: 6, maxPairs: 15, alpha: 0.05 };

/**
 * Judges the ratios X_all(N·c) / X_one(c) of the pairs so far.
 *
 * The estimate is the geometric mean; its interval is a t interval on the log ratios, at the limit of this look, so its
 * level is wider than 1 − 2·alpha: that is the price of looking after every pair. Throws RangeError for a ratio that is
 * not a positive number and for more pairs than planned.
 */
export function lookAt(pairs: readonly number[], plan: DecisionPlan): Look {
  const { minPairs, maxPairs, minSpeedup } = plan;
  if (minPairs < 2) throw new RangeError('minPairs must be at least 2: one pair says nothing about noise');
  if (pairs.length > maxPairs) throw new RangeError(`${pairs.length} pairs, but the plan ends at ${maxPairs}`);
  const wrong = pairs.find((ratio) => !(ratio > 0 && Number.isFinite(ratio)));
  if (wrong !== undefined) throw new RangeError(`${wrong} is not a ratio of two throughputs`);
  if (pairs.length < 2) return { estimate: null, decision: 'continue' };

  const { t, tail } = lookLimit(pairs.length, plan);
  const logs = pairs.map(Math.log);
  const centre = mean(logs);
  const half = (t * standardDeviation(logs)) / Math.sqrt(logs.length);
  const estimate: Interval = {
    value: Math.exp(centre),
    low: Math.exp(centre - half),
    high: Math.exp(centre + half),
    level: 1 - 2 * tail,
  };
  if (pairs.length < minPairs) return { estimate, decision: 'continue' };
  if (estimate.low > minSpeedup) return { estimate, decision: 'pass' };
  if (estimate.high < minSpeedup) return { estimate, decision: 'fail' };
  return { estimate, decision: pairs.length === maxPairs ? 'exhausted' : 'continue' };
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
  const key = `${pairs}/${plan.minPairs}/${plan.maxPairs}/${plan.alpha}`;
  const before = limits.get(key);
  if (before) return before;
  const all = spendingLimits({ firstLook: plan.minPairs, lastLook: plan.maxPairs, alpha: plan.alpha });
  const tail = normalUpperTail(all[Math.max(0, pairs - plan.minPairs)]!);
  const limit = { t: studentQuantileFromUpperTail(tail, pairs - 1), tail };
  limits.set(key, limit);
  return limit;
}

/** Speed-up ÷ replicas, as an interval: 1 is perfect scaling. */
export function scalingEfficiency(speedup: Interval, replicas: number): Interval {
  return {
    value: speedup.value / replicas,
    low: speedup.low / replicas,
    high: speedup.high / replicas,
    level: speedup.level,
  };
}
