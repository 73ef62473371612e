import type { ChangePair, Interval } from '../report/model.ts';
import { fitPairs } from './change.ts';
import { studentQuantileFromUpperTail } from './distributions.ts';

/** Two-sided level of the interval of a control: one sound machine in a hundred is called unsound. */
export const CONTROL_LEVEL = 0.99;

type Observed = Pick<ChangePair, 'ratio' | 'order'>;

/**
 * The ratio of a stack against itself with its interval, and the deviation of the logarithm of one pair. Fitted by a level
 * and an effect of the order (least squares), as the pairs of a change are. Null where nothing is left to see noise by. Pure.
 */
export function controlRatio(pairs: readonly Observed[]): { ratio: Interval; deviation: number } | null {
  const fit = fitOf(pairs);
  if (!fit) return null;
  const { level, error, deviation, df } = fit;
  const half = studentQuantileFromUpperTail((1 - CONTROL_LEVEL) / 2, df) * error;
  const ratio = { value: Math.exp(level), low: Math.exp(level - half), high: Math.exp(level + half) };
  return { ratio: { ...ratio, level: CONTROL_LEVEL }, deviation };
}

/** Share of the variance of the pairs of a change that the pairs of a control have too, 0 to 1; null where none is seen. */
export function noiseShare(deviation: number, pairs: readonly Observed[]): number | null {
  const seen = fitOf(pairs)?.deviation ?? 0;
  return seen > 0 ? Math.min(1, (deviation / seen) ** 2) : null;
}

/** Whether the interval has 1: a stack is as fast as itself. */
export function isSoundControl({ low, high }: Pick<Interval, 'low' | 'high'>): boolean {
  return low <= 1 && high >= 1;
}

/** All pairs as those of one replica. */
function fitOf(pairs: readonly Observed[]): { level: number; error: number; deviation: number; df: number } | null {
  const fit = fitPairs(pairs.map(({ ratio, order }) => ({ ratio, order, replica: null })));
  if (!fit) return null;
  const { level, variance, noise, df } = fit;
  return { level, error: Math.sqrt(variance), deviation: Math.sqrt(noise), df };
}
