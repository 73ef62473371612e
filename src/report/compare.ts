import { besideLimits } from '../lib/number.ts';
import { ratioText } from '../lib/speedup.ts';
import type { Comparison } from './model.ts';

/** The comparison in lines for a terminal. The caller escapes text from the reports. */
export function comparisonLines({ speedup, figures, changes, problem }: Comparison): string[] {
  const rows = figures.filter(({ a, b }) => a !== null || b !== null);
  const width = Math.max(0, ...rows.map(({ name }) => name.length), ...changes.map(({ name }) => name.length));
  const line = (name: string, a: string, b: string, rest = '') =>
    `${name.padEnd(width)}  ${a.padStart(10)}  ${b.padStart(10)}  ${rest}`.trimEnd();
  const verdict = speedup ? speedupSentence(speedup) : `The speedups cannot be compared: ${problem}.`;
  return [
    line('', 'first', 'second', 'second ÷ first'),
    ...rows.map(({ name, a, b, limits }) =>
      line(name, figure(a, limits), figure(b, limits), a && b ? (b / a).toFixed(3) : ''),
    ),
    '',
    ...(changes.length > 0 ? ['Changed:', ...changes.map(({ name, a, b }) => `  ${name}: ${a} → ${b}`), ''] : []),
    verdict,
  ];
}

function speedupSentence(speedup: NonNullable<Comparison['speedup']>): string {
  const { ratio, ...limits } = speedup;
  const { value, low, high } = ratioText({ value: ratio, ...limits }, [1], 3);
  const word = speedup.low > 1 ? 'better' : speedup.high < 1 ? 'worse' : 'no difference is shown';
  return `The second speedup is ${value} of the first (95 % limits ${low} to ${high}): ${word}.`;
}

/** Four significant figures, or as many more as show on which side of its limits the value is. */
function figure(value: number | null, limits: readonly number[]): string {
  if (value === null) return '–';
  const rounded = Number(value.toPrecision(4));
  const kept = limits.every((limit) => Math.sign(rounded - limit) === Math.sign(value - limit));
  return kept ? String(rounded) : besideLimits([value], limits)(value);
}
