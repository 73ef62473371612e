import type { Percentile, Percentiles } from '../report/model.ts';
import { betaQuantile, normalQuantile, studentQuantile } from './distributions.ts';

/** Arithmetic mean; NaN for no values. */
export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Sample standard deviation (n − 1); NaN for fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  let sum = 0;
  for (const value of values) sum += (value - centre) ** 2;
  return Math.sqrt(sum / (values.length - 1));
}

/**
 * The smallest observed value that at least the share `p` (0..1) of the values does not exceed (nearest rank), so that
 * every reported percentile was really measured. Throws RangeError for no values.
 */
export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) throw new RangeError('percentile of no values');
  return nearestRank(Float64Array.from(values).sort(), p);
}

function nearestRank(sorted: Float64Array, p: number): number {
  // The tolerance keeps 0.95 × 20 = 19.000000000000004 from becoming rank 20.
  const rank = Math.ceil(p * sorted.length - 1e-9);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1]!;
}

/** One-sided lower confidence limit of a share, exact (Clopper–Pearson): `successes` of `trials`. */
export function clopperPearsonLower(successes: number, trials: number, alpha = 0.05): number {
  if (successes === 0) return 0;
  return betaQuantile(alpha, successes, trials - successes + 1);
}

/** Two-sided Wilson score limits of a share at confidence `level` (0..1). No trials: [0, 1]. */
export function wilsonLimits(successes: number, trials: number, level: number): { low: number; high: number } {
  if (trials === 0) return { low: 0, high: 1 };
  const z = normalQuantile(1 - (1 - level) / 2);
  const share = successes / trials;
  const shrink = 1 + (z * z) / trials;
  const centre = (share + (z * z) / (2 * trials)) / shrink;
  const half = (z / shrink) * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/**
 * A percentile by nearest rank with 95 % limits that hold whatever the distribution: the number of values below the true
 * one is binomial, so the limits are order statistics (Hahn & Meeker, Statistical Intervals, 1991, ch. 5). A limit is
 * null where even the smallest or largest value does not reach it: 200 values do not bound a p99 from above.
 */
export function percentileWithLimits(sorted: Float64Array, p: number): Percentile {
  const n = sorted.length;
  if (n === 0) throw new RangeError('percentile of no values');
  const tail = 0.025;
  let low: number | null = null;
  let high: number | null = null;
  // P(exactly k of n are below), from k to k + 1 in logarithms: n may be thousands.
  let logTerm = n * Math.log1p(-p);
  let below = 0;
  for (let k = 0; k < n; k += 1) {
    const before = below;
    below += Math.exp(logTerm);
    // The k-th value (from 1) is a lower limit while P(fewer than k are below) is at most the tail.
    if (k >= 1 && before <= tail) low = sorted[k - 1]!;
    if (high === null && below >= 1 - tail) high = sorted[k]!;
    logTerm += Math.log((n - k) / (k + 1)) + Math.log(p / (1 - p));
  }
  return { value: nearestRank(sorted, p), low, high };
}

/** The percentiles that a report shows; null for no values. */
export function percentilesOf(values: readonly number[]): Percentiles | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return {
    mean: mean(values),
    p50: percentileWithLimits(sorted, 0.5),
    p95: percentileWithLimits(sorted, 0.95),
    p99: percentileWithLimits(sorted, 0.99),
  };
}

/**
 * Percentiles over all blocks of an arm. In a closed loop each answer waits for others of its block, and blocks differ
 * from minute to minute, so that limits for independent values would be too narrow. These are Woodruff's (95 %; Journal
 * of the American Statistical Association 47, 1952, for clusters): how much the share of values up to the percentile
 * differs between blocks gives limits of that share, and they are read back as values. A limit is null where fewer than
 * three blocks tell no difference or no value reaches it.
 */
export function percentilesOverBlocks(blocks: readonly (readonly number[])[]): Percentiles | null {
  const filled = blocks.filter((values) => values.length > 0);
  const pooled = filled.flat();
  if (pooled.length === 0) return null;
  const sorted = Float64Array.from(pooled).sort();
  const at = (p: number): Percentile => {
    const value = nearestRank(sorted, p);
    if (filled.length < 3) return { value, low: null, high: null };
    const shares = filled.map((values) => values.filter((each) => each <= value).length / values.length);
    // Blocks that agree by chance are not proof: never less than independent values would differ.
    const error = Math.max(
      standardDeviation(shares) / Math.sqrt(filled.length),
      Math.sqrt((p * (1 - p)) / sorted.length),
    );
    const half = studentQuantile(0.975, filled.length - 1) * error;
    return {
      value,
      low: p - half > 0 ? nearestRank(sorted, p - half) : null,
      high: p + half < 1 ? nearestRank(sorted, p + half) : null,
    };
  };
  return { mean: mean(pooled), p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
