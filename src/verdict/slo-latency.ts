import { decimal, percentUpTo } from '../lib/number.ts';
import { boundedText, keeps, limitText, type SloLimit } from '../lib/slo.ts';
import type { LimitOutcome } from '../report/model.ts';
import { chanceOfSoFew, chanceOfSoMany } from './distributions.ts';
import { LIMITS } from './limits.ts';
import { type Alphas, type Cluster, effectiveGaps, moreNeeded, percentileBounds } from './slo-bounds.ts';
import { type Judged, notMeasured } from './slo-judged.ts';

/** What the latency step saw, in milliseconds. A request that failed is an infinite value. */
export interface LatencySamples {
  ratePerSecond: number;
  /** Streams came as one piece, so that times of tokens are not known. */
  buffered: boolean;
  /** Share of the step in which the machine did not let the load generator run, 0..1. */
  stalledShare: number;
  e2eMs: readonly number[];
  ttftMs: readonly number[];
  tpotMs: readonly number[];
  /** For each limit of a gap between tokens: the percentile of all gaps, and the gaps of each stream. */
  itl: readonly { limit: SloLimit; valueMs: number | null; streams: readonly Cluster[] }[];
}

/** A percentile of the latency step against its limit. */
export function judgeLatency(
  limit: SloLimit,
  { measure, p }: { measure: 'ttft' | 'tpot' | 'itl' | 'e2e'; p: number },
  samples: LatencySamples | null,
  { alphas, missing }: { alphas: Alphas; missing: string },
): Judged {
  if (!samples) return notMeasured(limit, missing);
  if (samples.buffered && measure !== 'e2e') {
    return notMeasured(limit, 'the streams came as one piece, which hides the times of tokens');
  }
  const found =
    measure === 'itl' ? ofGaps(limit, p, samples, alphas) : ofRequests(limit, p, samples[`${measure}Ms`], alphas);
  if (!found) return notMeasured(limit, 'no answer has one');
  const load = `${samples.ratePerSecond.toFixed(1)}\u00a0req/s in an open loop`;
  if (samples.stalledShare > LIMITS.stalledShare) {
    const share = percentUpTo(samples.stalledShare);
    const why = `the machine kept the load generator from running for ${share} of the time`;
    return { ...found, outcome: 'inconclusive', needed: null, load, reason: `${limit.name} was not decided: ${why}.` };
  }
  return { ...found, load };
}

type Found = Omit<Judged, 'load'>;

function ofRequests(limit: SloLimit, p: number, values: readonly number[], alphas: Alphas): Found | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const bounds = percentileBounds(sorted, p, alphas);
  const over = values.filter((value) => !keeps(value, limit)).length;
  const needed = moreNeeded(over, values.length, 1 - p, alphas.high);
  const outcome = outcomeOf({ over, samples: values.length }, 1 - p, alphas);
  return described(limit, { ...finite(bounds), outcome, over, samples: values.length, needed, unit: 'requests' });
}

function ofGaps(limit: SloLimit, p: number, samples: LatencySamples, alphas: Alphas): Found | null {
  const counted = samples.itl.find((each) => each.limit.name === limit.name);
  const gaps = counted?.streams.reduce((sum, stream) => sum + stream.gaps, 0) ?? 0;
  if (!counted || gaps === 0) return null;
  const over = counted.streams.reduce((sum, stream) => sum + stream.over, 0);
  const worth = effectiveGaps(counted.streams);
  const effective = { over: (over / gaps) * worth, samples: worth };
  const needed = Math.ceil((moreNeeded(effective.over, worth, 1 - p, alphas.high) / worth) * gaps);
  const outcome = outcomeOf(effective, 1 - p, alphas);
  const bounds = { value: counted.valueMs, low: null, high: null };
  return described(limit, { ...bounds, outcome, over, samples: gaps, needed, unit: 'gaps between tokens' });
}

function outcomeOf(
  { over, samples }: { over: number; samples: number },
  allowed: number,
  alphas: Alphas,
): LimitOutcome {
  if (chanceOfSoFew(over, samples, allowed) <= alphas.high) return 'met';
  return chanceOfSoMany(over, samples, allowed) <= alphas.low ? 'missed' : 'inconclusive';
}

interface Seen {
  value: number | null;
  low: number | null;
  high: number | null;
  outcome: LimitOutcome;
  over: number;
  samples: number;
  needed: number;
  unit: string;
}

function described(limit: SloLimit, { unit, ...seen }: Seen): Found {
  const { value, outcome, over, samples, needed } = seen;
  const isOpen = outcome === 'inconclusive';
  const relations = { met: 'below', missed: 'above', inconclusive: 'not decided against', 'not-measured': '' };
  const shown = value === null ? 'is not finite' : `is ${boundedText('ms', { ...seen, value }, limit.limit)}`;
  const relation = `${relations[outcome]} ${limitText('ms', limit.limit)}`;
  const counts = `${decimal(over, 0)} of ${decimal(samples, 0)} ${unit} took longer or failed`;
  const more = isOpen ? `, and at least ${decimal(needed, 0)} more are needed` : '';
  return {
    ...seen,
    needed: isOpen ? needed : null,
    reason: `${limit.name} ${shown}, ${relation}: ${counts}${more}.`,
  };
}

/** JSON has no infinity. */
function finite(bounds: { value: number; low: number | null; high: number | null }) {
  const known = (value: number | null) => (value !== null && Number.isFinite(value) ? value : null);
  return { value: known(bounds.value), low: known(bounds.low), high: known(bounds.high) };
}
