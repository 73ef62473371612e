/** Numbers are written the same on every machine: en-US, never the runner's locale. */
export const LOCALE = 'en-US';

/** By their decimals: to make a format takes much longer than to use it. */
const FORMATS = new Map<number, Intl.NumberFormat>();

/** Fixed decimals, thousands separated, with a true minus. */
export function decimal(value: number, digits: number): string {
  let format = FORMATS.get(digits);
  if (!format) {
    format = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    FORMATS.set(digits, format);
  }
  return format.format(value).replace(/^-/, '−');
}

/** A number with up to `places` decimals, none of them a trailing zero. */
export function upTo(value: number, places: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '−∞' : 'n/a';
  const text = Number(value.toFixed(places)).toString();
  return text.startsWith('-') ? `−${text.slice(1)}` : text;
}

/** `12.3%`, `0.07%`: a share (0..1) for a sentence, with up to `places` decimals, none of them a trailing zero. */
export function percentUpTo(share: number, places = 1): string {
  return `${upTo(100 * share, places)}%`;
}

/**
 * Formats numbers that stand beside limits so that the printed relation is the true one: 2.4996 beside 2.5 prints
 * `2.4996`, never `2.50`. All values get the same decimals; at six of them what is still equal is rounded away from
 * the limit.
 */
export function besideLimits(
  values: readonly number[],
  limits: readonly number[],
  minDigits = 2,
): (value: number) => string {
  const truthful = (value: number, digits: number) =>
    limits.every((limit) => Math.sign(round(value, digits) - limit) === Math.sign(value - limit));
  let digits = minDigits;
  while (digits < 6 && !values.every((value) => truthful(value, digits))) digits += 1;
  return (value) => {
    if (truthful(value, digits)) return decimal(value, digits);
    const unit = 10 ** -digits;
    const below = limits.some((limit) => value < limit && round(value, digits) >= limit);
    return decimal(round(value, digits) + (below ? -unit : unit), digits);
  };
}

/** Rounded to decimals, as a number. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
