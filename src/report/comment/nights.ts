import { times } from '../../lib/speedup.ts';
import { code, prose } from '../escape.ts';
import { count, day, range } from '../format.ts';
import type { Night, Report } from '../model.ts';
import { targetLimits } from '../speedup.ts';

/** Eighths of a line, from low to high. */
const BARS = '▁▂▃▄▅▆▇█';

/**
 * The speedup of the nights before this run as a sparkline, with its range, the newest night and
 * how many did not pass; null without two nights.
 */
export function nightsLine({ nights: known, target }: Report): string | null {
  const nights = known?.nights ?? [];
  const newest = nights.at(-1);
  if (!known || !newest || nights.length < 2) return null;
  const speedups = nights.map(({ speedup }) => speedup);
  const ends = `${range(Math.min(...speedups), Math.max(...speedups))}×`;
  const last = times(newest.speedup, targetLimits(target));
  const others = nights.filter(({ verdict }) => verdict !== 'pass').length;
  const failed = others === 0 ? '' : `; ${count(others, 'night')} did not pass`;
  const of = known.series === 'default' ? '' : ` of ${code(known.series, 100)}`;
  return `**Speedup, last ${count(nights.length, 'night')}${of}:** ${code(sparkline(nights))} ${ends}, ${last} on ${prose(day(newest.at), 20)}${failed}`;
}

/** A character for each night. Equal nights are a line in the middle. */
function sparkline(nights: readonly Night[]): string {
  const speedups = nights.map(({ speedup }) => speedup);
  const [low, high] = [Math.min(...speedups), Math.max(...speedups)];
  const step = (value: number) =>
    high === low ? 3 : Math.min(BARS.length - 1, Math.floor(((value - low) / (high - low)) * BARS.length));
  return speedups.map((value) => BARS[step(value)]).join('');
}
