import { boundedText, keeps, limitText, type SloLimit, sloKind } from '../lib/slo.ts';
import type { LimitOutcome, LimitResult } from '../report/model.ts';

/** A result without the limit that it is of. */
export type Judged = Omit<LimitResult, 'name' | 'relation' | 'limit' | 'unit'>;

/** Of a figure that could not be observed. `because` has no full stop. */
export function notMeasured({ name }: SloLimit, because: string): Judged {
  const reason = `${name} was not measured: ${because}.`;
  return { ...NOTHING, outcome: 'not-measured', reason };
}

/** Of a figure that was measured, and whose limit cannot be judged. `because` has no full stop. */
export function notDecided({ name }: SloLimit, because: string, seen: Partial<Judged> = {}): Judged {
  return { ...NOTHING, ...seen, outcome: 'inconclusive', reason: `${name} was not decided: ${because}.` };
}

const NOTHING = { value: null, low: null, high: null, samples: null, over: null, needed: null, load: null };

/** A figure with both its bounds against its limit. `needed` is what an undecided one lacks. */
export function judgeBounds(
  limit: SloLimit,
  seen: { value: number; low: number; high: number },
  rest: Pick<Judged, 'samples' | 'over' | 'needed' | 'load'>,
): Judged {
  const { unit, side } = sloKind(limit.name);
  const [near, far] = side === 'upper' ? [seen.high, seen.low] : [seen.low, seen.high];
  const outcome: LimitOutcome = keeps(near, limit) ? 'met' : keeps(far, limit) ? 'inconclusive' : 'missed';
  const words = { met: side === 'upper' ? 'below' : 'above', missed: side === 'upper' ? 'above' : 'below' };
  const shown = boundedText(unit, seen, limit.limit);
  const of = limitText(unit, limit.limit);
  const isOpen = outcome === 'inconclusive';
  const more = isOpen && rest.needed !== null ? `; it needs at least ${rest.needed} more requests` : '';
  const relation = isOpen ? `not decided against ${of}` : `${words[outcome as keyof typeof words]} ${of}`;
  return {
    ...seen,
    outcome,
    ...rest,
    needed: isOpen ? rest.needed : null,
    reason: `${limit.name} is ${shown}, ${relation}${more}.`,
  };
}
