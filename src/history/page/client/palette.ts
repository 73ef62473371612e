const NAMES = {
  quiet: '--quiet',
  line: '--line',
  text: '--text',
  band: '--band',
  target: '--target',
  targetLine: '--target-line',
  one: '--one',
  two: '--two',
  three: '--three',
  pass: '--pass',
  fail: '--fail',
  inconclusive: '--warn',
  invalid: '--warn',
  error: '--error',
} as const;

/** Colours of the page's style, by what they stand for. */
export type Palette = Record<keyof typeof NAMES, string>;

/** The colours as they are now, light or dark. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const entries = Object.entries(NAMES).map(([name, property]) => [name, style.getPropertyValue(property).trim()]);
  return Object.fromEntries(entries) as Palette;
}
