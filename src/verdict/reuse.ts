import { timesWithRange } from '../lib/speedup.ts';
import type { ReusedVerdict, Target } from '../report/model.ts';

/** Why a run that measured nothing has this verdict, as one sentence. */
export function reusedReason(
  { verdict, run, speedup }: ReusedVerdict,
  { minSpeedup, expectedMaxSpeedup }: Target,
): string {
  const shown = timesWithRange(speedup, [minSpeedup, expectedMaxSpeedup]);
  return `Run ${run.number} measured the same stack on ${run.finishedAt.slice(0, 10)}: ${shown}, ${verdict}.`;
}
