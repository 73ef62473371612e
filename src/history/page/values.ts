import { decimal } from '../../lib/number.ts';
import { percent, significant, usd } from '../../report/format.ts';

export type Unit = 'ratio' | 'rate' | 'ms' | 'share' | 'usd';

/** A value of a chart as text. */
export function valueText(unit: Unit, value: number): string {
  switch (unit) {
    case 'ratio':
      return `${decimal(value, 2)}×`;
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
