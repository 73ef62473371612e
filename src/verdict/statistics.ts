import { betaQuantile, normalQuantile } from './distributions.ts';

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
  const sorted = Float64Array.from(values).sort();
  // The tolerance keeps 0.95 × 20 = 19.000000000000004 from becoming rank 20.
  const rank = Math.ceil(p * sorted.length - 1e-9);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1]!;
}

/** One-sided lower confidence limit of a share, exact (Clopper–Pearson): `successes` of `trials`. */
export function clopperPearsonLower(successes: number, trials: number, alpha = 0.05): number {
  if (successes === 0) return 0;
  return betaQuantile(alpha, successes, trials - successes + 1);
}

/** One-sided upper confidence limit of a share, exact (Clopper–Pearson): `successes` of `trials`. */
export function clopperPearsonUpper(successes: number, trials: number, alpha = 0.05): number {
  if (successes === trials) return 1;
  return betaQuantile(1 - alpha, successes + 1, trials - successes);
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
