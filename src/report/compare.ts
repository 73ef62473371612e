import type { Comparison } from './model.ts';

/** The comparison in lines for a terminal. Text from the reports is made harmless by whoever writes it. */
export function comparisonLines({ speedup, figures, changes, problem }: Comparison): string[] {
  const show = (value: number | null) => (value === null ? '–' : String(Number(value.toPrecision(4))));
  const rows = figures.filter(({ a, b }) => a !== null || b !== null);
  const width = Math.max(0, ...rows.map(({ name }) => name.length), ...changes.map(({ name }) => name.length));
  const line = (name: string, a: string, b: string, rest = '') =>
    `${name.padEnd(width)}  ${a.padStart(10)}  ${b.padStart(10)}  ${rest}`.trimEnd();
  const verdict = speedup
    ? `The second speed-up is ${speedup.ratio.toFixed(3)} of the first (95 % limits ${speedup.low.toFixed(3)} to ${speedup.high.toFixed(3)}): ${
        speedup.low > 1 ? 'better' : speedup.high < 1 ? 'worse' : 'no difference is shown'
      }.`
    : `The speed-ups cannot be compared: ${problem}.`;
  return [
    line('', 'first', 'second', 'second ÷ first'),
    ...rows.map(({ name, a, b }) => line(name, show(a), show(b), a && b ? (b / a).toFixed(3) : '')),
    '',
    ...(changes.length > 0 ? ['Changed:', ...changes.map(({ name, a, b }) => `  ${name}: ${a} → ${b}`), ''] : []),
    verdict,
  ];
}
