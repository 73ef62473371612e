import { armCounts, type MeasuredBlock } from '../../load/summary.ts';
import type { LoadArm } from '../../report/model.ts';
import { lostBy, type SoFar } from '../../verdict/lost.ts';
import type { StageContext } from '../context.ts';

/**
 * Whether no further pair can make a measurement count, so that the nodes would be paid for nothing; the log names the
 * reason.
 */
export function isLost(
  { emit }: Pick<StageContext, 'emit'>,
  {
    blocks,
    evidence,
    ...plan
  }: Pick<SoFar, 'pairs' | 'maxPairs'> & {
    blocks: Readonly<Partial<Record<LoadArm, readonly MeasuredBlock[]>>>;
    evidence: SoFar['blocks'];
  },
): boolean {
  const arms = Object.fromEntries(Object.entries(blocks).map(([name, taken]) => [name, armCounts(taken)]));
  const reason = lostBy({ ...plan, arms, blocks: evidence });
  if (reason === null) return false;
  const text = `the measurement ends here, since no further pair can make it count: ${reason}`;
  emit({ type: 'fact', stage: 'benchmark', text });
  return true;
}
