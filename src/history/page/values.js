import { decimal } from '../../lib/number.ts';
import { percent, significant, usd } from '../../report/format.ts';
/** A value of a chart as text. */
export function valueText(unit, value) {
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
