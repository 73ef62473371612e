import { decimal } from '../../../lib/number.ts';
import type { Unit } from '../values.ts';

/** Around the number of a tick; the title of a chart of tokens has their unit. */
const AFFIXES: Readonly<Record<Unit, readonly [before: string, after: string]>> = {
  ratio: ['', '×'],
  rate: ['', ' req/s'],
  tokens: ['', '/s'],
  ms: ['', ' ms'],
  share: ['', '%'],
  minutes: ['', ' min'],
  usd: ['$', ''],
};
const MOST_DIGITS = 6;

/** The ticks of an axis, all with the same decimals and as many as tell them apart: `82.5%`, `85.0%`. */
export function tickTexts(unit: Unit, ticks: readonly number[]): string[] {
  const [before, after] = AFFIXES[unit];
  const values = ticks.map((tick) => (unit === 'share' ? 100 * tick : tick));
  const isExact = (digits: number) =>
    values.every((value) => Math.abs(value - Number(value.toFixed(digits))) <= 1e-9 * Math.max(1, Math.abs(value)));
  let digits = 0;
  while (digits < MOST_DIGITS && !isExact(digits)) digits += 1;
  return values.map((value) => `${before}${decimal(Math.abs(value) < 1e-9 ? 0 : value, digits)}${after}`);
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const DAY_S = 86_400;
const MONTH_S = 28 * DAY_S;

/** Steps of the axis of time, in seconds: whole days, so that no two ticks have one text. */
export const TIME_STEPS: readonly number[] = [1, 2, 3, 5, 7, 10, 15, 30, 60, 90, 120, 180, 365, 730, 1_825, 3_650].map(
  (days) => days * DAY_S,
);

/** Days of an axis of time, in UTC: `5 Jan`, with the year where it begins. Months stand alone: `Jan 2026`. */
export function dayTexts(ticks: readonly number[], step: number): string[] {
  let year: number | null = null;
  return ticks.map((seconds) => {
    const date = new Date(seconds * 1_000);
    const [month, own] = [MONTHS[date.getUTCMonth()], date.getUTCFullYear()];
    if (step >= MONTH_S && date.getUTCDate() === 1) return `${month} ${own}`;
    const isNew = own !== year;
    year = own;
    return `${date.getUTCDate()} ${month}${isNew ? ` ${own}` : ''}`;
  });
}
