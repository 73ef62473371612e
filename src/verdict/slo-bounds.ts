import { chanceOfSoFew, chanceOfSoMany, incompleteBeta } from './distributions.ts';
import { clopperPearsonLower } from './statistics.ts';

/**
 * The fewest samples within a limit that show, beside `over` samples that break it, that at most the share `allowed` breaks
 * it: the smallest h with I(1 − allowed; h, over + 1) ≤ alpha. This is the early-stopping rule of MLPerf's LoadGen
 * (mlcommons/inference, loadgen/early_stopping.cc, `MinPassingQueriesFinder`, without a tolerance). LoadGen has an alpha of
 * 0.01. It then needs 64 queries for a p90 and 662 for a p99, one of each over the limit.
 */
export function fewestWithin(over: number, allowed: number, alpha: number): number {
  const isEnough = (within: number) => incompleteBeta(1 - allowed, within, over + 1) <= alpha;
  let [low, high] = [0, 1];
  while (!isEnough(high)) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Further samples, all of them within the limit, that show that at most the share `allowed` breaks it. 0 for enough. */
export function moreNeeded(over: number, samples: number, allowed: number, alpha: number): number {
  return Math.max(0, fewestWithin(over, allowed, alpha) + over - samples);
}

/** One-sided chances of error: of the upper bound and of the lower bound. */
export interface Alphas {
  high: number;
  low: number;
}

/**
 * The percentile `p` of ascending values by nearest rank, with one-sided bounds that hold for any distribution. They are
 * order statistics, and agree with the two tails above: at most the share 1 − p exceeds `high`. A bound is null where the
 * values are too few. Values may be infinite. Throws RangeError for no values.
 */
export function percentileBounds(
  sorted: Float64Array,
  p: number,
  alphas: Alphas,
): { value: number; low: number | null; high: number | null } {
  const n = sorted.length;
  if (n === 0) throw new RangeError('percentile of no values');
  const value = sorted[Math.max(0, Math.ceil(p * n - 1e-9) - 1)]!;
  const few = lastWith(n, (over) => chanceOfSoFew(over, n, 1 - p) <= alphas.high);
  const many = lastWith(n, (over) => chanceOfSoMany(over, n, 1 - p) > alphas.low);
  return {
    value,
    high: few === null ? null : sorted[n - few - 1]!,
    low: many === null || many === n ? null : sorted[n - many - 1]!,
  };
}

/** The largest of 0..n for which a condition holds that holds up to some number; null for none. */
function lastWith(n: number, holds: (over: number) => boolean): number | null {
  if (!holds(0)) return null;
  let [low, high] = [0, n + 1];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** One-sided bounds of a share, exact for whole numbers (Clopper–Pearson). `hits` of `samples`. No samples: 0 and 1. */
export function shareBounds(hits: number, samples: number, alphas: Alphas): { low: number; high: number } {
  if (samples <= 0) return { low: 0, high: 1 };
  return {
    low: clopperPearsonLower(hits, samples, alphas.low),
    high: 1 - clopperPearsonLower(samples - hits, samples, alphas.high),
  };
}

/** Gaps of one stream, and how many of them break a limit. */
export interface Cluster {
  gaps: number;
  over: number;
}

/** Streams with a gap over the limit below which their differences are not estimated. */
const FEWEST_OVER = 10;

/**
 * How many independent samples the gaps of streams are worth: the share of gaps over a limit would then vary as much as it
 * does between streams (Korn and Graubard, Survey Methodology 24, 1998). At most the number of gaps, at least the number of
 * streams. It is the number of streams where fewer than ten have a gap over the limit: these few show no variance.
 */
export function effectiveGaps(streams: readonly Cluster[]): number {
  const gaps = sum(streams, (stream) => stream.gaps);
  if (gaps === 0) return 0;
  const fewest = gaps ** 2 / sum(streams, (stream) => stream.gaps ** 2);
  const share = sum(streams, ({ over }) => over) / gaps;
  if (streams.filter(({ over }) => over > 0).length < FEWEST_OVER) return fewest;
  const scatter = sum(streams, (stream) => (stream.over - share * stream.gaps) ** 2);
  const variance = ((streams.length / (streams.length - 1)) * scatter) / gaps ** 2;
  return Math.min(gaps, Math.max(fewest, (share * (1 - share)) / variance));
}

function sum<T>(items: readonly T[], read: (item: T) => number): number {
  return items.reduce((total, item) => total + read(item), 0);
}
