import { decimal } from '../../lib/number.ts';
import { times } from '../../lib/speedup.ts';
import { percent, significant, usd } from '../../report/format.ts';

export type Unit = 'ratio' | 'rate' | 'ms' | 'share' | 'usd';

/** A value of a chart as text. `limits`: what a ratio stands beside, such as its target. */
export function valueText(unit: Unit, value: number, limits: readonly number[] = []): string {
  switch (unit) {
    case 'ratio':
      return times(value, limits);
    case 'rate':
      return `${significant(value)} req/s`;
    case 'ms':
      return `${decimal(value, 0)} ms`;
    case 'share':
      return percent(value);
    case 'usd':
      return usd(value);
  }
}
