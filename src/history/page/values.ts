import { decimal } from '../../lib/number.ts';
import { times } from '../../lib/speedup.ts';
import { percent, significant, usd } from '../../report/format.ts';

export type Unit = 'ratio' | 'rate' | 'tokens' | 'ms' | 'share' | 'minutes' | 'usd';

/** What follows the number of a value, where the number alone does not show its unit. */
const SUFFIXES: Partial<Record<Unit, string>> = {
  rate: ' req/s',
  tokens: ' tokens/s',
  ms: ' ms',
  minutes: ' min',
};

/** A value of a chart as text. `limits`: what a ratio stands beside, such as its target. */
export function valueText(unit: Unit, value: number, limits: readonly number[] = []): string {
  return `${numberText(unit, value, limits)}${SUFFIXES[unit] ?? ''}`;
}

/** The same for a column whose head has the unit. */
export function numberText(unit: Unit, value: number, limits: readonly number[] = []): string {
  switch (unit) {
    case 'ratio':
      return times(value, limits);
    case 'rate':
    case 'tokens':
    case 'ms':
      return significant(value);
    case 'share':
      return percent(value, 1);
    case 'minutes':
      return decimal(value, 1);
    case 'usd':
      return usd(value);
  }
}
