import { normalUpperTail, studentQuantileFromUpperTail } from './distributions.ts';
import { mean, standardDeviation } from './statistics.ts';

/** A change between the halves of the windows that is too small to matter, however certain it is. */
export const SMALLEST_TREND = 0.02;
const NORMAL_LIMIT = 3;
const ARMS = 2;

export interface Trend {
  /** Mean over blocks of (second − first half) ÷ their mean. */
  relativeChange: number;
  t: number;
  unsteady: boolean;
}

/**
 * Whether throughput changes inside the blocks, pooled over the blocks of an arm: compilation, warming caches, or a
 * throttling client show as a trend. The limit is that of |t| > 3 for many blocks, shared by the two arms that are looked at
 * (Bonferroni), so that one healthy run in 370 is accused and not one in 185; for few blocks it is the t quantile of the
 * same tail probability, since 3 would accuse one in thirty after six. Null with fewer than two blocks.
 */
export function trendOf(halves: readonly { first: number; second: number }[]): Trend | null {
  const changes = halves
    .filter(({ first, second }) => first + second > 0)
    .map(({ first, second }) => (2 * (second - first)) / (first + second));
  if (changes.length < 2) return null;
  const relativeChange = mean(changes);
  const error = standardDeviation(changes) / Math.sqrt(changes.length);
  const t = relativeChange === 0 ? 0 : relativeChange / error;
  const limit = studentQuantileFromUpperTail(normalUpperTail(NORMAL_LIMIT) / ARMS, changes.length - 1);
  return { relativeChange, t, unsteady: Math.abs(t) > limit && Math.abs(relativeChange) > SMALLEST_TREND };
}
