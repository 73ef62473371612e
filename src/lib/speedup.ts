import { besideLimits } from './number.ts';

/** A ratio of throughputs with the limits of its interval. */
export interface Ratio {
  value: number;
  low: number;
  high: number;
}

/** A ratio as text: without a sign, all with the same decimals. */
export interface RatioText {
  /** `2.68` */
  value: string;
  low: string;
  high: string;
  /** `2.61–2.75` */
  range: string;
}

/**
 * Formats a ratio beside its limits, such as the ends of the target range: 2.4996 beside 2.5 is `2.4996`, never `2.50`.
 * Everything that shows a ratio with its interval uses this, so that no two renderings differ.
 */
export function ratioText({ value, low, high }: Ratio, limits: readonly number[], minDigits = 2): RatioText {
  const format = besideLimits([value, low, high], limits, minDigits);
  return { value: format(value), low: format(low), high: format(high), range: `${format(low)}–${format(high)}` };
}

/** `2.68× (2.61–2.75)` */
export function timesWithRange(ratio: Ratio, limits: readonly number[]): string {
  const { value, range } = ratioText(ratio, limits);
  return `${value}× (${range})`;
}

/** One ratio without an interval: `2.68×`. */
export function times(value: number, limits: readonly number[]): string {
  return `${besideLimits([value], limits)(value)}×`;
}
