import { ratioText } from '../lib/speedup.ts';
import { changeOf } from './change.ts';
import { plain, targetRange } from './format.ts';
import type { Interval, Report, Target } from './model.ts';

/** The ratio in words whose printed relation to the target is the true one. */
export interface SpeedupText {
  value: string;
  low: string;
  high: string;
  /** `2.61–2.75` */
  range: string;
  /** Minimum as set: `2.5`. */
  min: string;
  /** `2.5–2.8×` */
  target: string;
  /** `recorded`: over one replica of another run, so that no relation counts. */
  relation: 'above' | 'below' | 'undecided' | 'recorded';
  aboveExpected: boolean;
}

/** Null when no ratio was obtained. */
export function speedupText(report: Report): SpeedupText | null {
  const speedup = report.benchmark?.speedup;
  if (!speedup) return null;
  const { minSpeedup, expectedMaxSpeedup } = report.target;
  const { value, low, high, range } = ratioText(speedup, targetLimits(report.target));
  return {
    value: `${value}×`,
    low: `${low}×`,
    high: `${high}×`,
    range,
    min: plain(minSpeedup),
    target: targetText(report),
    relation: report.benchmark?.design === 'recorded' ? 'recorded' : relationTo(speedup, minSpeedup),
    aboveExpected: speedup.value > expectedMaxSpeedup,
  };
}

/** The ends of the target range, which no printed ratio may cross. */
export function targetLimits({ minSpeedup, expectedMaxSpeedup }: Target): [min: number, expectedMax: number] {
  return [minSpeedup, expectedMaxSpeedup];
}

/** A veto takes the figures' standing away, whatever they say. */
export function vetoed(report: Report): boolean {
  const isOfChange = changeOf(report)?.verdict === 'invalid';
  return (report.verdict === 'invalid' && !isOfChange) || (report.benchmark?.vetoes.length ?? 0) > 0;
}

/** Whether there is a ratio, and one that counts. */
export function ratioCounts(report: Report): boolean {
  return report.benchmark?.speedup != null && !vetoed(report);
}

/** `2.5–2.8×` */
export function targetText(report: Report): string {
  return targetRange(report.target.minSpeedup, report.target.expectedMaxSpeedup);
}

/** The gate's own rule: above means that the lower limit exceeds the minimum, not that it reaches it. */
function relationTo(interval: Interval, min: number): SpeedupText['relation'] {
  if (interval.low > min) return 'above';
  return interval.high < min ? 'below' : 'undecided';
}
