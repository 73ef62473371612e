import { parseDuration } from '../../lib/duration.ts';
import { MODES } from '../../lib/modes.ts';
import type { Parser, Reading } from '../row.ts';
import { modeOf } from './mode.ts';

/** The range of `target-speedup` with the share of `target-success-rate`. */
export const target: Parser<{ minSpeedup: number; expectedMaxSpeedup: number; successRate: number }> = (
  reading,
  name,
) => {
  const { text, bad } = reading;
  const value = text(name);
  const match = /^(\d+(?:\.\d+)?)(?:\s*-\s*(\d+(?:\.\d+)?))?$/.exec(value);
  const min = Number(match?.[1]);
  const max = match?.[2] === undefined ? min : Number(match[2]);
  if (!match || min <= 0 || max < min) bad(name, value, 'a range such as 2.5-2.8, or one number');
  return { minSpeedup: min, expectedMaxSpeedup: max, successRate: shareOf(reading, 'target-success-rate') };
};

function shareOf({ text, bad }: Reading, name: string): number {
  const value = text(name);
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(value);
  const share = Number(match?.[1]) / (match?.[2] ? 100 : 1);
  if (!match || share <= 0 || share > 1) bad(name, value, 'a share such as 100% or 0.995');
  return share;
}

/** A share of throughput that may be lost, 0 to 50 %. */
export const slowdown: Parser<number> = upToHalf('3% or 0.03');

/** A share of right answers that may be lost, 0 to 50 %. */
export const qualityDrop: Parser<number> = upToHalf('2% or 0.02');

function upToHalf(example: string): Parser<number> {
  return ({ text, bad }, name) => {
    const value = text(name);
    const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(value);
    const share = Number(match?.[1]) / (match?.[2] ? 100 : 1);
    if (!match || share > 0.5) bad(name, value, `a share from 0% to 50%, such as ${example}`);
    return share;
  };
}

const LONGEST_SLO_MS = 10 * 60_000;

/** `auto`, `off`, or a limit of latency in milliseconds. Default: `auto` where `slo` limits goodput, else that of the mode. */
export const goodputSlo: Parser<number | 'auto' | 'off'> = (reading, name) => {
  const { text, bad } = reading;
  const value = text(name) || (/goodput/i.test(text('slo')) ? 'auto' : MODES[modeOf(reading)].goodput);
  if (value === 'auto' || value === 'off') return value;
  const ms = parseDuration(value);
  if (ms === undefined || ms <= 0 || ms > LONGEST_SLO_MS) {
    bad(name, value, 'auto, off, or a latency of at most 10m, such as 2s or 1500ms');
  }
  return ms ?? 'auto';
};
