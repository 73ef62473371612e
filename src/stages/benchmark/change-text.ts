import { percentUpTo } from '../../lib/number.ts';
import { times, timesWithRange } from '../../lib/speedup.ts';
import type { ChangeFigures, ChangePair, ComparisonVerdict, Finding, Interval } from '../../report/model.ts';
import type { ChangeLook, ChangePlan } from '../../verdict/change.ts';

/** What the pairs and the vetoes decide. A measurement that cannot be believed decides nothing. */
export function changeVerdict(
  { decision }: Pick<ChangeLook, 'decision'>,
  vetoes: readonly Finding[],
): ComparisonVerdict {
  if (vetoes.length > 0) return 'invalid';
  return decision === 'no-worse' || decision === 'regressed' ? decision : 'inconclusive';
}

/** Why the comparison ended as it did, as sentences. */
export function changeReasons(
  verdict: ComparisonVerdict,
  {
    look: { estimate },
    plan: { maxSlowdown },
    looks,
    pairs,
    vetoes,
  }: {
    look: Pick<ChangeLook, 'estimate'>;
    plan: Pick<ChangePlan, 'maxSlowdown'>;
    looks: Pick<ChangeFigures['looks'], 'stopped'>;
    pairs: number;
    vetoes: readonly Finding[];
  },
): string[] {
  if (verdict === 'invalid') return vetoes.map(({ message }) => `Compared with the base stack: ${message}`);
  if (!estimate) return [`The comparison with the base stack has no interval after ${pairs} pairs.`];
  const limits = [1 - maxSlowdown, 1];
  const shown = `The throughput is ${timesWithRange(estimate, limits)} that of the base stack`;
  const allowed = `${percentUpTo(maxSlowdown)} may be lost`;
  if (verdict === 'regressed') return [`${shown}: wholly below 1, and ${allowed}.`];
  if (verdict === 'no-worse') {
    return [
      estimate.high < 1
        ? `${shown}: slower, within the ${percentUpTo(maxSlowdown)} that may be lost.`
        : `${shown}: no worse, as ${allowed}.`,
    ];
  }
  const why =
    looks.stopped === 'time'
      ? `the run had no time or money left for more than ${pairs} pairs`
      : looks.stopped === 'budget'
        ? `the budget of ${pairs} pairs was spent`
        : `the measurement stopped after ${pairs} pairs`;
  return [`${shown}, undecided (${allowed}): ${why}.`];
}

/** One line for a pair of the base stack against itself. */
export function controlText(index: number, pairs: number, ratio: number): string {
  return `control, pair ${index + 1} of ${pairs}: the base stack against itself ${times(ratio, [1])}`;
}

/** Why a comparison does not count whose control finds a difference that is not there. */
export function controlVeto(ratio: Interval): string {
  return `The base stack measured ${timesWithRange(ratio, [1])} against itself: what is measured here differs by more than chance without any change.`;
}

/** One line for a pair and the interval so far. */
export function changeText(pair: ChangePair, look: ChangeLook, plan: ChangePlan): string {
  const limits = [1 - plan.maxSlowdown, 1];
  const estimate = look.estimate ? `running ${timesWithRange(look.estimate, limits)}` : 'no interval yet';
  const replica = pair.replica ? ` (${pair.replica})` : '';
  return `change, pair ${pair.index + 1} of ${plan.minPairs}–${plan.maxPairs}: head ${pair.headRequestsPerSecond.toFixed(1)}${replica}, base ${pair.baseRequestsPerSecond.toFixed(1)} req/s, ${times(pair.ratio, limits)}; ${estimate}, needs > ${times(1 - plan.maxSlowdown, [])}`;
}
