import { logGamma } from './distributions.ts';

/** Probability that `requests` all land on one of `replicas` when any is as likely for each: R^−(n−1). */
export function chanceAllOnOne(requests: number, replicas: number): number {
  return requests < 1 ? 1 : replicas ** -(requests - 1);
}

/**
 * Distribution of the largest count when `requests` fall on `replicas` at random: element m is P(largest = m). Exact:
 * P(largest ≤ m) is n!/Rⁿ times the coefficient of xⁿ in (1 + x + x²/2! + … + xᵐ/m!)ᴿ.
 */
export function largestCountDistribution(requests: number, replicas: number): number[] {
  const n = requests;
  const cumulative = Array.from({ length: n + 1 }, (_, m) => {
    // Scaled by 1/R per power of x, so that the coefficients stay probabilities times a factorial.
    let power = [1];
    const base = Array.from({ length: m + 1 }, (_, k) => Math.exp(-logGamma(k + 1) - k * Math.log(replicas)));
    for (let r = 0; r < replicas; r++) power = multiply(power, base, n);
    return Math.min(1, (power[n] ?? 0) * Math.exp(logGamma(n + 1)));
  });
  return cumulative.map((value, m) => Math.max(0, value - (m > 0 ? cumulative[m - 1]! : 0)));
}

/**
 * Probability that random placement puts at least `seen` requests on the favourite replicas of their groups, summed
 * over groups of the given sizes. Small: what was seen is not chance.
 */
export function chanceOfAffinity(groupSizes: readonly number[], seen: number, replicas: number): number {
  let total = [1];
  const most = groupSizes.reduce((sum, size) => sum + size, 0);
  for (const size of groupSizes) total = multiply(total, largestCountDistribution(size, replicas), most);
  return Math.min(
    1,
    total.slice(seen).reduce((sum, p) => sum + p, 0),
  );
}

/** Product of two polynomials (coefficients by power), up to the power `limit`. */
function multiply(a: readonly number[], b: readonly number[], limit: number): number[] {
  const product = new Array<number>(Math.min(limit, a.length + b.length - 2) + 1).fill(0);
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length && i + j < product.length; j++) product[i + j]! += a[i]! * b[j]!;
  }
  return product;
}
