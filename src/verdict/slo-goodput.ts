import { limitText, type SloLimit } from '../lib/slo.ts';
import type { Benchmark, GoodputArm } from '../report/model.ts';
import { chanceOfSoFew, chanceOfSoMany } from './distributions.ts';
import { moreNeeded } from './slo-bounds.ts';
import { type Judged, notDecided, notMeasured } from './slo-judged.ts';

/** Share of the requests of a rate that may be late: goodput keeps a p95. */
const MAY_BE_LATE = 0.05;

type Probe = GoodputArm['probes'][number];

/**
 * The goodput of all replicas against its limit. A rate that was tried shows it: one at or above the limit whose p95 was
 * kept, or one at or below it whose p95 was not, each with a binomial bound. A rate is left at the request that is one too
 * many, and the tail at that request is that of the count until then (inverse sampling). Several rates share the level.
 */
export function goodputOf(
  limit: SloLimit,
  { goodput, replicas }: Benchmark,
  { met, missed }: { met: number; missed: number },
  missing: string,
): Judged {
  if (!goodput) return notMeasured(limit, missing);
  const { probes, metPerSecond, missedPerSecond } = goodput.arms.all;
  const known = probes.filter(hasLate);
  const above = known.filter(({ ratePerSecond }) => ratePerSecond >= limit.limit);
  const below = known.filter(({ ratePerSecond }) => ratePerSecond <= limit.limit);
  const keeps = above.some(({ late, requests }) => chanceOfSoFew(late, requests, MAY_BE_LATE) <= met / above.length);
  const fails = below.some(
    ({ late, requests }) => chanceOfSoMany(late, requests, MAY_BE_LATE) <= missed / below.length,
  );
  const load = `${Math.round(goodput.sloMs)}\u00a0ms for 95% of the requests, ${replicas} replicas`;
  const of = limitText('req/s', limit.limit);
  const range = { value: metPerSecond, low: null, high: null };
  const seen = { ...range, samples: null, over: null, needed: null, load };
  const shown = `goodput is ${metPerSecond === null ? 'below all rates that were tried' : limitText('req/s', Number(metPerSecond.toFixed(1)))}`;
  // Evidence on both sides is noise that changed in between.
  if (keeps !== fails) {
    const word = keeps ? 'above' : 'below';
    return { ...seen, outcome: keeps ? 'met' : 'missed', reason: `${shown}, ${word} ${of}.` };
  }
  const [nearest] = above.toSorted((a, b) => a.ratePerSecond - b.ratePerSecond);
  const isKept = nearest && metPerSecond !== null && nearest.ratePerSecond <= metPerSecond;
  const needed = isKept ? moreNeeded(nearest.late, nearest.requests, MAY_BE_LATE, met / above.length) : null;
  const next = missedPerSecond === null ? '' : `, and ${missedPerSecond.toFixed(1)} was not kept`;
  const more = needed === null ? '' : `; it needs at least ${needed} more requests at that rate`;
  return { ...notDecided(limit, `${shown}${next}, which does not decide against ${of}${more}`, seen), needed };
}

function hasLate(probe: Probe): probe is Probe & { late: number } {
  return probe.late !== undefined;
}
