import { times } from '../lib/speedup.ts';
import type { HistoryRecord } from './record.ts';

/** Nights that a judgement looks back, and the fewest that it needs. */
export const REFERENCE = { nights: 30, fewest: 10 } as const;
/** A night is odd beyond so many robust standard deviations and this share; a shift of the level needs less. */
const ODD = { sigmas: 3, share: 0.05 } as const;
/** The last week against the nights before it (Mann–Whitney), for what single nights do not show. */
const SHIFT = { nights: 7, z: 3.1, share: 0.03 } as const;
/** Scales a median absolute deviation to a standard deviation of normal noise. */
const MAD_TO_SIGMA = 1.4826;

export type Watch =
  | { state: 'building'; have: number; need: number }
  /** As before. */
  | { state: 'steady'; reference: number; nights: number }
  /** One odd night: worth a second look, no alarm. */
  | { state: 'odd'; reference: number; shift: number; nights: number }
  /** Worse for two nights running, or by a week's shift. */
  | { state: 'worse'; reference: number; shift: number; nights: number; by: 'two-nights' | 'rank' }
  | { state: 'better'; reference: number; shift: number; nights: number; by: 'two-nights' | 'rank' };

/**
 * Whether the newest night is worse than those before it: two nights running beyond 3 robust standard deviations and 5 %, or
 * a rank test of the last seven nights against the reference with a shift of 3 %. The reference is of the same fingerprint,
 * so that a changed image begins anew, and of nights that measured something; nights under suspicion are not in it, else a
 * drop would become its own measure. `read` gives the figure, higher is better. Facts: by simulation 0.5 false alarms a year
 * at 3 % of noise, a drop of 10 % found in 3.7 nights (the one-night rules: 9 to 11 false alarms).
 */
export function watch(
  records: readonly HistoryRecord[],
  read: (record: HistoryRecord) => number | null = ({ m }) => m.speedup?.[0] ?? null,
): Watch {
  const newest = records.at(-1);
  const series = records
    .filter(({ env }) => env.fp === newest?.env.fp)
    .flatMap((record) => {
      const value = read(record);
      return value === null || !Number.isFinite(value) ? [] : [value];
    });
  const before = (skip: number) => series.slice(0, -skip).slice(-REFERENCE.nights);
  const reference = before(2);
  if (reference.length < REFERENCE.fewest)
    return { state: 'building', have: series.length, need: REFERENCE.fewest + 2 };
  const centre = median(reference);
  const sigma = MAD_TO_SIGMA * median(reference.map((value) => Math.abs(value - centre)));
  const shiftOf = (value: number) => value / centre - 1;
  const odd = (value: number) =>
    Math.abs(value - centre) > ODD.sigmas * sigma && Math.abs(shiftOf(value)) > ODD.share
      ? Math.sign(shiftOf(value))
      : 0;
  const [previous = centre, last = centre] = series.slice(-2);
  const nights = reference.length;
  if (odd(last) !== 0 && odd(last) === odd(previous)) {
    const shift = (shiftOf(last) + shiftOf(previous)) / 2;
    return { state: shift < 0 ? 'worse' : 'better', reference: centre, shift, nights, by: 'two-nights' };
  }
  const week = series.slice(-SHIFT.nights);
  const older = before(SHIFT.nights);
  if (older.length >= REFERENCE.fewest && week.length === SHIFT.nights) {
    const level = median(older);
    const shift = median(week) / level - 1;
    if (Math.abs(mannWhitneyZ(week, older)) > SHIFT.z && Math.abs(shift) >= SHIFT.share) {
      return { state: shift < 0 ? 'worse' : 'better', reference: level, shift, nights: older.length, by: 'rank' };
    }
  }
  if (odd(last) !== 0) return { state: 'odd', reference: centre, shift: shiftOf(last), nights };
  return { state: 'steady', reference: centre, nights };
}

/** The judgement in one sentence. `limits`: the ends of the target range, where it is known. */
export function watchSentence(found: Watch, limits: readonly number[]): string {
  if (found.state === 'building') return `Building history: ${found.have} of ${found.need} comparable runs.`;
  const reference = `${times(found.reference, limits)} over ${found.nights} runs`;
  if (found.state === 'steady') return `As before: ${reference}.`;
  const shift = `${found.shift < 0 ? '−' : '+'}${Math.abs(found.shift * 100).toFixed(1)}%`;
  if (found.state === 'odd') return `One odd run: ${shift} against ${reference}. The next one decides.`;
  const by = found.by === 'two-nights' ? 'two runs in a row' : 'the last seven runs by their ranks';
  return `${found.state === 'worse' ? 'Worse' : 'Better'}: ${shift} against ${reference}, by ${by}.`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Standard score of the rank sum of `a` among both, ties by their mean rank (Mann and Whitney 1947, normal approximation). */
export function mannWhitneyZ(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map((value) => ({ value, first: true })), ...b.map((value) => ({ value, first: false }))].sort(
    (x, y) => x.value - y.value,
  );
  const n = all.length;
  let sum = 0;
  let ties = 0;
  for (let start = 0; start < n; ) {
    let end = start;
    while (end < n && all[end]!.value === all[start]!.value) end += 1;
    const rank = (start + end + 1) / 2;
    const count = end - start;
    ties += count ** 3 - count;
    sum += rank * all.slice(start, end).filter(({ first }) => first).length;
    start = end;
  }
  const u = sum - (a.length * (a.length + 1)) / 2;
  const variance = ((a.length * b.length) / 12) * (n + 1 - ties / (n * (n - 1)));
  return variance <= 0 ? 0 : (u - (a.length * b.length) / 2) / Math.sqrt(variance);
}
