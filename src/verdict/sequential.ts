import { normalDensity, normalUpperTail, rootOf } from './distributions.ts';

export interface LookPlan {
  /** Pairs after which the first look is taken. */
  firstLook: number;
  /** Pairs after which the last look is taken. */
  lastLook: number;
  /** Pairs from one look to the next; 1 unless given. */
  step?: number;
  /** One-sided chance of crossing the limit at any look when there is no effect. */
  alpha: number;
}

const STEP = 0.1;
const REACH = 8;
const known = new Map<string, readonly number[]>();

/**
 * One-sided group-sequential limits (z values), one per look from `firstLook` to `lastLook`, `step` pairs apart.
 *
 * Error is spent as α·ln(1 + (e − 1)·t) with t = pairs / lastLook: the Pocock-type spending function of Lan & DeMets
 * (Biometrika 70, 1983). The limits follow from the density of the running sum that has not crossed yet, carried from
 * look to look by numerical integration (Armitage, McPherson & Rowe, J. R. Stat. Soc. A 132, 1969). Every pair adds one
 * unit of information. Looking after each pair without them would triple the rate of false passes.
 */
export function spendingLimits(plan: LookPlan): readonly number[] {
  const { firstLook, lastLook, alpha, step = 1 } = plan;
  const whole = [firstLook, lastLook, step].every(Number.isInteger) && step >= 1;
  if (!whole || firstLook < 1 || lastLook < firstLook || (lastLook - firstLook) % step !== 0) {
    throw new RangeError(`looks from pair ${firstLook} to pair ${lastLook} are not a plan`);
  }
  if (!(alpha > 0 && alpha < 0.5)) throw new RangeError(`alpha ${alpha} must lie between 0 and 0.5`);
  const key = `${firstLook}/${lastLook}/${step}/${alpha}`;
  const before = known.get(key);
  if (before) return before;

  const spentAt = (pairs: number) => alpha * Math.log(1 + (Math.E - 1) * (pairs / lastLook));
  const limits: number[] = [];
  // What the sum gains from one look to the next has this deviation.
  const stride = Math.sqrt(step);
  let state: Density | undefined;
  for (let pairs = firstLook; pairs <= lastLook; pairs += step) {
    const toSpend = spentAt(pairs) - (pairs === firstLook ? 0 : spentAt(pairs - step));
    const scale = Math.sqrt(pairs);
    const previous = state;
    const exceeds = previous
      ? (sum: number) => integrate(previous, (at) => normalUpperTail((sum - at) / stride))
      : (sum: number) => normalUpperTail(sum / scale);
    const limit = rootOf((sum) => toSpend - exceeds(sum), 0, REACH * scale);
    limits.push(limit / scale);
    state = previous
      ? densityBelow(limit, scale, (at) => integrate(previous, (from) => normalDensity((at - from) / stride) / stride))
      : densityBelow(limit, scale, (at) => normalDensity(at / scale) / scale);
  }
  known.set(key, limits);
  return limits;
}

/** The running sum's density below the limit, on an even number of equal steps (Simpson's rule). */
interface Density {
  start: number;
  step: number;
  values: Float64Array;
}

function densityBelow(limit: number, scale: number, at: (sum: number) => number): Density {
  const start = -REACH * scale;
  const steps = 2 * Math.ceil((limit - start) / (2 * STEP * Math.max(1, scale / 4)));
  const step = (limit - start) / steps;
  const values = new Float64Array(steps + 1);
  for (let i = 0; i <= steps; i++) values[i] = at(start + i * step);
  return { start, step, values };
}

function integrate(density: Density, weight: (sum: number) => number): number {
  const { start, step, values } = density;
  const last = values.length - 1;
  let sum = 0;
  for (let i = 0; i <= last; i++) {
    const value = values[i]!;
    // What lies ten deviations away cannot show in the sum.
    if (value < 1e-16) continue;
    const simpson = i === 0 || i === last ? 1 : i % 2 === 1 ? 4 : 2;
    sum += simpson * value * weight(start + i * step);
  }
  return (sum * step) / 3;
}
