import { mannWhitneyZ, median, middleOf } from './ranks.ts';

/** Whether more of a figure is good or bad. */
export type Better = 'higher' | 'lower';

/** Nights that a level is taken from, and the fewest that make one. */
export const REFERENCE = { nights: 60, fewest: 10 } as const;
/** Nights that must agree before there is an alarm. */
export const CONFIRM = 2;
/** A night is odd beyond so many robust standard deviations, and beyond this share of the level. */
const ODD = { sigmas: 3, share: 0.05 } as const;
/**
 * Nights of the reference that may be as bad before it is how the figure behaves: one in twenty, two at least. A slow mode
 * that is more frequent is in the tolerance; one that is rarer falls on two nights in a row once in a year at most.
 */
const KNOWN = { oneIn: 20, atLeast: 2, sigmas: 1.5 } as const;
/** Steps of a rounded figure that are no shift. */
const STEPS = 1.5;
/** The last week against the nights before it (Mann–Whitney), for what single nights do not show. */
const WEEK = { nights: 7, z: 3.1, share: 0.03, sigmas: 3, closer: 0.02, lasting: 0.5 } as const;
/** Nights after which a shift that lasts is the level. */
const ADOPTED = 10;
/** Scales a median absolute deviation to a standard deviation of normal noise. */
const MAD_TO_SIGMA = 1.4826;
/** Variance of a median over that of a mean, of normal noise. */
const MEDIAN_COST = Math.PI / 2;
/** Each of two nights is beyond a limit so many deviations nearer in 95 % of cases, both in 90 %. */
const POWER_SIGMAS = 1.645;
const TWO_SIDED_95 = 1.96;

/** What the nights before show. Shares are of `value`. */
export interface Level {
  value: number;
  /** Nights that it was taken from. */
  nights: number;
  /** A night that is worse by no more is no news. */
  tolerance: number;
  /** The smallest shift for the worse that two nights show in nine cases of ten. */
  detectable: number;
}

/** A shift of the level; `shift` is its share of the level with the sign of the figure. */
export interface Shift {
  state: 'worse' | 'better';
  level: Level;
  shift: number;
  /** 95 % limits of `shift`; null where too few nights show the noise. */
  interval: readonly [low: number, high: number] | null;
  /** Mean of the nights that differ. */
  now: number;
  /** Index of the first of them, and how many they are. */
  since: number;
  nights: number;
  /** Nights beyond the tolerance, each alone, or the last week by its ranks. */
  by: 'nights' | 'rank';
}

/** What is known of a figure after a night. */
export type Judgement =
  | { state: 'building'; have: number; need: number }
  | { state: 'steady'; level: Level }
  /** One odd night: the next one decides. */
  | { state: 'odd'; level: Level; shift: number }
  | Shift;

interface Night {
  index: number;
  value: number;
}

/**
 * Judges a figure after each of its nights, in order. An alarm needs two nights running, each beyond the tolerance of the
 * level on the same side: a runs rule on a Shewhart chart (Champ and Woodall, Technometrics 29, 1987) with a robust centre
 * and spread. A rank test of the last week finds smaller shifts. Of the nights of a shift one alone joins the reference, else
 * a drop would become its own measure. After ten nights a shift is the level. An improvement is no level before that, so that
 * one lucky draw makes no regression of what follows.
 */
export function judge(values: readonly number[], better: Better): Judgement[] {
  const sign = better === 'higher' ? 1 : -1;
  let reference: Night[] = [];
  let run: Night[] = [];
  let side = 0;
  return values.map((value, index) => {
    const night = { index, value };
    if (reference.length < REFERENCE.fewest) {
      reference.push(night);
      return { state: 'building', have: reference.length, need: REFERENCE.fewest + CONFIRM };
    }
    const { level, isOdd, sigma } = levelOf(reference, sign);
    const now = isOdd(value);
    if (now !== 0 && now === side) run.push(night);
    else {
      // One night of what has passed is how the figure behaves; all of them would hide the next drop.
      if (run.length > 0) reference.push(run[0]!);
      run = now === 0 ? [] : [night];
      side = now;
    }
    if (now === 0) reference.push(night);
    reference.sort((a, b) => a.index - b.index);
    reference = reference.slice(-REFERENCE.nights);
    if (run.length >= CONFIRM) {
      const found = shiftOf(run, { level, sigma, sign, by: 'nights' });
      if (run.length >= ADOPTED) {
        reference = adopt(reference, run, level.value);
        run = [];
        side = 0;
      }
      return found;
    }
    const week = values.slice(Math.max(0, index + 1 - WEEK.nights), index + 1).map((each, at, { length }) => ({
      index: index + 1 - length + at,
      value: each,
    }));
    const byRank = mayDiffer(week, level) ? weekShift(reference, week, sign) : null;
    if (byRank) return byRank;
    if (run.length > 0) return { state: 'odd', level, shift: relative(value, level.value) };
    return { state: 'steady', level };
  });
}

/** A shift that has lasted: its nights are the level, and the noise is that of the nights before, in proportion. */
function adopt(reference: readonly Night[], run: readonly Night[], before: number): Night[] {
  const after = median(run.map(({ value }) => value));
  const scaled = reference.map(({ index, value }) => ({ index, value: before > 0 ? (value * after) / before : after }));
  return [...scaled, ...run].slice(-REFERENCE.nights);
}

function levelOf(reference: readonly Night[], sign: number) {
  const values = reference.map(({ value }) => value);
  const sorted = Float64Array.from(values).sort();
  const centre = middleOf(sorted);
  const sigma = MAD_TO_SIGMA * median(values.map((value) => Math.abs(relative(value, centre))));
  const rank = Math.max(KNOWN.atLeast, Math.round(values.length / KNOWN.oneIn)) - 1;
  const least = Math.max(ODD.share, ODD.sigmas * sigma, STEPS * stepOf(sorted, centre));
  // Shares rise or fall with the values, so that the ranks are the same.
  const known = [sorted[rank]!, sorted.at(-1 - rank)!].map((value) => sign * relative(value, centre));
  const tolerance = Math.max(least, KNOWN.sigmas * sigma - Math.min(...known));
  const above = Math.max(least, KNOWN.sigmas * sigma + Math.max(...known));
  const error = sigma * Math.sqrt(1 + MEDIAN_COST / values.length);
  const level: Level = {
    value: centre,
    nights: values.length,
    tolerance,
    detectable: tolerance + POWER_SIGMAS * error,
  };
  const isOdd = (value: number) => {
    const shift = sign * relative(value, centre);
    return shift < -tolerance ? -1 : shift > above ? 1 : 0;
  };
  return { level, isOdd, sigma };
}

/** The smallest step between sorted values, as a share of the level: what a figure is rounded to, and next to nothing for others. */
function stepOf(sorted: Float64Array, centre: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let at = 1; at < sorted.length; at += 1) {
    const step = sorted[at]! - sorted[at - 1]!;
    if (step > 0 && step < least) least = step;
  }
  return Number.isFinite(least) && centre !== 0 ? least / Math.abs(centre) : 0;
}

function shiftOf(
  nights: readonly Night[],
  { level, sigma, sign, by }: { level: Level; sigma: number; sign: number; by: Shift['by'] },
): Shift {
  const now = nights.reduce((sum, { value }) => sum + value, 0) / nights.length;
  const shift = relative(now, level.value);
  const half = TWO_SIDED_95 * sigma * Math.sqrt(1 / nights.length + MEDIAN_COST / level.nights);
  return {
    state: sign * shift < 0 ? 'worse' : 'better',
    ...{ level, shift, now, by, interval: [shift - half, shift + half] as const },
    since: nights[0]!.index,
    nights: nights.length,
  };
}

/** A cheap look that spares the rank test on most nights; the week is in the level, which is therefore nearer. */
function mayDiffer(week: readonly Night[], { value }: Level): boolean {
  return Math.abs(relative(median(week.map((night) => night.value)), value)) > WEEK.share / 3;
}

/** A shift of the last week against the reference before it, or null. */
function weekShift(reference: readonly Night[], week: readonly Night[], sign: number): Shift | null {
  const older = reference.filter(({ index }) => index < week[0]!.index);
  if (older.length < REFERENCE.fewest || week.length < WEEK.nights) return null;
  const { level, sigma } = levelOf(older, sign);
  const last = week.map(({ value }) => value);
  const shift = relative(median(last), level.value);
  if (Math.abs(shift) < Math.max(WEEK.share, WEEK.sigmas * sigma, level.tolerance - WEEK.closer)) return null;
  // A week whose newest nights are good again is over.
  const newest = last.slice(-CONFIRM).map((value) => relative(value, level.value) / shift);
  if (newest.some((part) => part < WEEK.lasting)) return null;
  const z = mannWhitneyZ(
    last,
    older.map(({ value }) => value),
  );
  return Math.abs(z) > WEEK.z ? shiftOf(week, { level, sigma, sign, by: 'rank' }) : null;
}

/**
 * The shift of the nights from `since` on against a level that is known; the noise is that of the nights before. Null where
 * these are too few to show any.
 */
export function shiftSince(
  values: readonly number[],
  { since, value, better }: { since: number; value: number; better: Better },
): Pick<Shift, 'shift' | 'interval' | 'now' | 'nights'> | null {
  const nights = values.map((each, index) => ({ index, value: each }));
  const reference = nights.slice(0, since).slice(-REFERENCE.nights);
  if (reference.length < REFERENCE.fewest || since >= nights.length) return null;
  const sign = better === 'higher' ? 1 : -1;
  const { level, sigma } = levelOf(reference, sign);
  return shiftOf(nights.slice(since), { level: { ...level, value }, sigma, sign, by: 'nights' });
}

/** The share by which a value differs from a level; of a level of nothing, one. */
export function relative(value: number, level: number): number {
  if (level === 0) return Math.sign(value);
  return value / level - 1;
}
