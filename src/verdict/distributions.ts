/** Distribution functions, written out so that the verdict rests on no dependency; tested against published tables. */

const LANCZOS = [
  0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** Natural logarithm of Γ(x), x > 0. Lanczos approximation (g = 7, 9 terms), relative error about 1e-15. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  const base = shifted + 7.5;
  let sum = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (shifted + i);
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(sum);
}

/** Regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22, modified Lentz). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges quickly only below the mean; above it the mirrored function is used.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x) - Math.log(a),
  );
  const tiny = 1e-300;
  const clear = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / clear(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / clear(1 + even * d);
    c = clear(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / clear(1 + odd * d);
    c = clear(1 + odd / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return Math.min(1, front * fraction);
}

/**
 * P(at most `over` of `samples`) where each is one with probability `allowed`. The binomial tail as an
 * incomplete beta function, which takes fractions too.
 */
export function chanceOfSoFew(over: number, samples: number, allowed: number): number {
  return over >= samples ? 1 : incompleteBeta(1 - allowed, samples - over, over + 1);
}

/** P(at least `over` of `samples`) where each is one with probability `allowed`. */
export function chanceOfSoMany(over: number, samples: number, allowed: number): number {
  return over <= 0 ? 1 : incompleteBeta(allowed, over, samples - over + 1);
}

/** x with I_x(a, b) = p: the p quantile of the beta distribution. Bisection; absolute error below 1e-15. */
export function betaQuantile(p: number, a: number, b: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  return rootOf((x) => incompleteBeta(x, a, b) - p, 0, 1);
}

/** Density of the standard normal distribution. */
export function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
}

/** P(Z > z) of the standard normal distribution, accurate in the far tail too. */
export function normalUpperTail(z: number): number {
  if (z < 0) return 1 - normalUpperTail(-z);
  if (z > 3) {
    // Laplace's continued fraction of the Mills ratio.
    let fraction = z;
    for (let k = 120; k >= 1; k--) fraction = z + k / fraction;
    return normalDensity(z) / fraction;
  }
  // Φ(z) = ½ + φ(z) · (z + z³/3 + z⁵/15 + …): all terms positive, so nothing cancels.
  let term = z;
  let sum = z;
  for (let k = 3; term > sum * 1e-17; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 - normalDensity(z) * sum;
}

/** z with P(Z ≤ z) = p, 0 < p < 1. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`normalQuantile: ${p} is not a probability between 0 and 1`);
  if (p < 0.5) return -normalQuantileFromUpperTail(p);
  return normalQuantileFromUpperTail(1 - p);
}

/** z with P(Z > z) = tail. Abramowitz & Stegun 26.2.23 as a start, then Newton steps. */
function normalQuantileFromUpperTail(tail: number): number {
  if (tail > 0.5) return -normalQuantileFromUpperTail(1 - tail);
  const t = Math.sqrt(-2 * Math.log(tail));
  let z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (let i = 0; i < 4; i++) z += (normalUpperTail(z) - tail) / normalDensity(z);
  return z;
}

/** P(T > t) of Student's t distribution with `df` degrees of freedom. */
export function studentUpperTail(t: number, df: number): number {
  const outside = 0.5 * incompleteBeta(df / (df + t * t), df / 2, 0.5);
  return t >= 0 ? outside : 1 - outside;
}

/** t with P(T > t) = tail, 0 < tail < 1, from the beta quantile that the tail of T is. */
export function studentQuantileFromUpperTail(tail: number, df: number): number {
  if (!(df > 0)) throw new RangeError(`Student's t needs at least one degree of freedom, got ${df}`);
  if (!(tail > 0 && tail < 1)) throw new RangeError(`${tail} is not a probability between 0 and 1`);
  if (tail > 0.5) return -studentQuantileFromUpperTail(1 - tail, df);
  if (tail === 0.5) return 0;
  const high = upperBracket((t) => studentUpperTail(t, df) < tail);
  return rootOf((t) => tail - studentUpperTail(t, df), 0, high);
}

/** P(F > f) of Fisher's F with `above` and `below` degrees of freedom; 0 for an infinite f. */
export function fisherUpperTail(f: number, above: number, below: number): number {
  if (!(f > 0)) return 1;
  return f === Number.POSITIVE_INFINITY ? 0 : incompleteBeta(below / (below + above * f), below / 2, above / 2);
}

/** t with P(T ≤ t) = p, 0 < p < 1. */
export function studentQuantile(p: number, df: number): number {
  return p < 0.5 ? -studentQuantileFromUpperTail(p, df) : studentQuantileFromUpperTail(1 - p, df);
}

function upperBracket(beyond: (x: number) => boolean): number {
  let high = 1;
  while (!beyond(high)) high *= 2;
  return high;
}

/** Root of an increasing function between `low` and `high`, by bisection to the last bit. */
export function rootOf(increasing: (x: number) => number, low: number, high: number): number {
  let [a, b] = [low, high];
  for (let i = 0; i < 200; i++) {
    const middle = 0.5 * (a + b);
    if (middle <= a || middle >= b) break;
    if (increasing(middle) < 0) a = middle;
    else b = middle;
  }
  return 0.5 * (a + b);
}
