import type { GoodputArm, GoodputProbe } from '../report/model.ts';
import type { RequestRecord } from './types.ts';

/** A rate is met when this share of the requests is answered validly within the limit: a p95, as goodput is defined. */
export const SLO_SHARE = 0.95;
/** Rates of the search, as shares of what the closed loop has measured; seven, so that three probes find the edge. */
export const RATE_SHARES: readonly number[] = [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1];

/**
 * The highest of the rates (ascending, per second) that keeps the limit, by bisection: the share within a limit falls as
 * the rate rises. `probe` loads the system at a rate, by its plan.
 */
export async function searchGoodput<Plan extends { ratePerSecond: number }>(
  plans: readonly Plan[],
  probe: (plan: Plan) => Promise<GoodputProbe>,
): Promise<GoodputArm> {
  const probes: GoodputProbe[] = [];
  let [met, missed] = [-1, plans.length];
  while (missed - met > 1) {
    const middle = Math.floor((met + missed) / 2);
    const found = await probe(plans[middle]!);
    probes.push(found);
    if (found.withinShare >= SLO_SHARE) met = middle;
    else missed = middle;
  }
  const rateAt = (index: number) => plans[index]?.ratePerSecond ?? null;
  return { metPerSecond: rateAt(met), missedPerSecond: rateAt(missed), probes };
}

/** The share of the planned requests that was answered within the limit; 0 without a plan. */
export function withinShareOf({ planned, requests, late }: Record<'planned' | 'requests' | 'late', number>): number {
  return planned > 0 ? (requests - late) / planned : 0;
}

/** How many of the planned requests may be late where a rate is met. */
export function mostLateOf(planned: number): number {
  return Math.floor(planned * (1 - SLO_SHARE) + 1e-9);
}

/**
 * Counts requests over the limit while a probe runs, and reports when it cannot be met any more. `mostLate`: of all the
 * load clients of the probe together.
 */
export function sloMeter(planned: number, sloMs: number, mostLate = mostLateOf(planned)) {
  let late = 0;
  let requests = 0;
  return {
    /** Takes an outcome; true when the rate is lost. Latency counts from the intended start. */
    take({ valid, intendedMs, endMs }: Pick<RequestRecord, 'valid' | 'intendedMs' | 'endMs'>): boolean {
      requests += 1;
      if (!valid || endMs - intendedMs > sloMs) late += 1;
      return late > mostLate;
    },
    /** What was counted; whatever is not known by then counts as late. */
    read: () => ({ requests, late, withinShare: withinShareOf({ planned, requests, late }) }),
  };
}
