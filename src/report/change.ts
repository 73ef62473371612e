import { CHANGE_CONFIDENCE } from '../lib/confidence.ts';
import { percentUpTo } from '../lib/number.ts';
import { ratioText } from '../lib/speedup.ts';
import type { ArmComparison, ComparisonVerdict, Report } from './model.ts';

/** What a comparison with the base stack shows, in words. */
export const CHANGE_WORDS: Readonly<Record<ComparisonVerdict, string>> = {
  pass: '✅\u00a0pass',
  fail: '❌\u00a0**fail**',
  'no-worse': '✅\u00a0no worse',
  regressed: '❌\u00a0**regressed**',
  'worse-answers': '❌\u00a0**answers worse**',
  same: '✅\u00a0same stack',
  inconclusive: '⚠️\u00a0undecided',
  invalid: '⚠️\u00a0not valid',
  'not-measured': '⚠️\u00a0not measured',
};

/**
 * `↑` for a ratio that is wholly above 1, `↓` for one wholly below, `→` for one that chance explains. `same` is what stands
 * for no difference.
 */
export function arrowOf({ low, high }: { low: number; high: number }, same = 1): string {
  if (low > same) return '↑';
  return high < same ? '↓' : '→';
}

/** Whether the stack under test is slower by more than chance, and by less than is allowed. */
export function isSlowerWithin({ verdict, ratio }: ArmComparison): boolean {
  return verdict === 'no-worse' && ratio !== null && ratio.high < 1;
}

/** The comparison with the base stack; undefined where none was asked for. */
export function changeOf({ comparisons }: Pick<Report, 'comparisons'>): ArmComparison | undefined {
  return comparisons?.find(({ name }) => name === 'change');
}

/** The ratio of a comparison in words whose printed relation to its limit and to 1 is the true one; null without one. */
export interface ChangeText {
  /** `0.97×` */
  value: string;
  /** `0.961–0.983` */
  range: string;
  /** `> 0.97×` */
  limit: string;
}

export function changeText({ ratio, limit }: Pick<ArmComparison, 'ratio' | 'limit'>): ChangeText | null {
  if (!ratio) return null;
  const { value, range } = ratioText(ratio, [limit, 1], 3);
  return { value: `${value}×`, range, limit: `> ${Number(limit.toFixed(6))}×` };
}

/** One sentence (plain text) on the comparison with the base stack. */
export function changeSentence(change: ArmComparison): string {
  const text = changeText(change);
  const allowed = percentUpTo(1 - change.limit);
  switch (change.verdict) {
    case 'same':
      return 'Against the base: the same stack, so that nothing was measured twice.';
    case 'not-measured':
      return `Against the base: not measured. ${change.reasons[0] ?? ''}`.trim();
    case 'invalid':
      return 'Against the base: the measurement does not count.';
    default: {
      if (!text) {
        return change.verdict === 'worse-answers'
          ? 'Against the base: its answers are worse, and the throughput does not count.'
          : 'Against the base: no ratio was obtained.';
      }
      const shown = `Against the base: ${text.value} the throughput (${CHANGE_CONFIDENCE} limits ${text.range}×)`;
      if (change.verdict === 'regressed') return `${shown}, slower by more than chance; ${allowed} may be lost.`;
      if (change.verdict === 'worse-answers') return `${shown}, which does not count: its answers are worse.`;
      if (change.verdict === 'no-worse')
        return `${shown}, ${isSlowerWithin(change) ? `slower, within the ${allowed} that may be lost` : `no worse; ${allowed} may be lost`}.`;
      return `${shown}, undecided; ${allowed} may be lost.`;
    }
  }
}
