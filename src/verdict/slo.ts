import { type SloLimit, sloKind, sloPercentile } from '../lib/slo.ts';
import type { Benchmark, LimitResult, RoutingEvidence, SloReport, Verdict } from '../report/model.ts';
import { usdPerMillion } from './cost.ts';
import { studentQuantileFromUpperTail } from './distributions.ts';
import { type Alphas, moreNeeded, shareBounds } from './slo-bounds.ts';
import { goodputOf } from './slo-goodput.ts';
import { type Judged, judgeBounds, notDecided, notMeasured } from './slo-judged.ts';
import { judgeLatency, type LatencySamples } from './slo-latency.ts';
import { standardDeviation } from './statistics.ts';

/** What a run has seen, to judge limits by. */
export interface SloEvidence {
  /** Null where nothing was measured. */
  benchmark: Benchmark | null;
  routing: RoutingEvidence | null;
  /** Of the latency step; null where it was not made. */
  samples: LatencySamples | null;
  /** US dollars for an hour of the nodes of all replicas; null without a known price. */
  usdPerHour: number | null;
}

/** One-sided chance of a limit that is met by mistake; and of any that is missed by mistake, over all of them together. */
export const SLO_ALPHA = 0.05;

/**
 * Judges each limit by one-sided confidence bounds. All limits have to hold, so that each is met at the full level: an
 * intersection-union test has the size of its parts (Berger, Technometrics 24, 1982). One that is missed fails the run, so
 * that these share the level (Bonferroni). Null without limits.
 */
export function judgeLimits(limits: readonly SloLimit[], evidence: SloEvidence): SloReport | null {
  if (limits.length === 0) return null;
  const alphas = { met: SLO_ALPHA, missed: SLO_ALPHA / limits.length };
  return {
    confidence: 1 - SLO_ALPHA,
    limits: limits.map(
      (limit): LimitResult => ({ ...limit, unit: sloKind(limit.name).unit, ...judgeOne(limit, evidence, alphas) }),
    ),
  };
}

/** The chances of error of a limit's two bounds: the one that can meet it, and the one that can break it. */
interface Errors {
  met: number;
  missed: number;
}

function judgeOne(limit: SloLimit, evidence: SloEvidence, { met, missed }: Errors): Judged {
  const { benchmark, samples } = evidence;
  const upper: Alphas = { high: met, low: missed };
  const lower: Alphas = { high: missed, low: met };
  const percentile = sloPercentile(limit.name);
  if (limit.name === 'hit-rate') return hitRate(limit, evidence.routing, lower);
  if (!benchmark) return notMeasured(limit, 'the run ended before its measurement');
  const [veto] = benchmark.vetoes;
  if (veto) return notDecided(limit, `a veto stands against the measurement (${veto.id})`);
  if (percentile)
    return judgeLatency(limit, percentile, samples, { alphas: upper, missing: whyNot(benchmark, 'left-out') });
  switch (limit.name) {
    case 'throughput':
      return throughput(limit, benchmark, lower);
    case 'goodput':
      return goodputOf(limit, benchmark, { met, missed }, whyNot(benchmark, 'left-out', 'goodput-starved'));
    case 'success-rate':
      return successRate(limit, benchmark, lower);
    default:
      return cost(limit, benchmark, evidence.usdPerHour, upper);
  }
}

/** Why what stands beside the pairs is not there, from the warning that has the reason. */
function whyNot({ design, warnings }: Benchmark, ...ids: string[]): string {
  const found = warnings.find(({ id }) => ids.includes(id));
  if (found) return found.message.replace(/\.$/, '');
  return design === 'paired'
    ? 'the benchmark did not make this step'
    : `an ${design} measurement does not make this step`;
}

/** Share of a window's noise that stays for that of the next pair: 70 % from block to block are half of it. */
const SHARED_NOISE = 0.5;
const WIDER = Math.sqrt((1 + SHARED_NOISE) / (1 - SHARED_NOISE));

/**
 * Requests per second of all replicas with a t interval over the windows of the pairs. The run may stop at each look, so
 * that the quantile is that of its last look. Pairing takes the drift of the hour out of the speedup, and leaves it in a
 * throughput: the error is that of windows which share half of their noise with the next (AR(1)).
 */
function throughputBounds({ pairs, arms, speedup }: Benchmark, { high, low }: Alphas) {
  if (pairs.length < 3 || !speedup) return null;
  const tail = (1 - speedup.level) / 2;
  const value = arms.all.requestsPerSecond;
  const error = (WIDER * standardDeviation(pairs.map((pair) => pair.allRequestsPerSecond))) / Math.sqrt(pairs.length);
  // The tail of a look is its part of the level.
  const half = (alpha: number) => error * studentQuantileFromUpperTail((tail * alpha) / SLO_ALPHA, pairs.length - 1);
  return { value, low: Math.max(0, value - half(low)), high: value + half(high) };
}

const pairLoad = ({ replicas, concurrencyPerReplica }: Benchmark) =>
  `${replicas * concurrencyPerReplica} requests in flight on ${replicas} replicas`;

function throughput(limit: SloLimit, benchmark: Benchmark, alphas: Alphas): Judged {
  const bounds = throughputBounds(benchmark, alphas);
  if (!bounds) return notMeasured(limit, `${benchmark.pairs.length} pairs have no interval`);
  return judgeBounds(limit, bounds, {
    ...{ samples: benchmark.pairs.length, over: null, needed: null },
    load: pairLoad(benchmark),
  });
}

/** What a million output tokens cost, from the bounds of the throughput: the price has none. */
function cost(limit: SloLimit, benchmark: Benchmark, usdPerHour: number | null, { high, low }: Alphas): Judged {
  // The more requests per second, the less each costs.
  const bounds = throughputBounds(benchmark, { high: low, low: high });
  const { outputTokensPerSecond, requestsPerSecond } = benchmark.arms.all;
  if (!bounds || !(outputTokensPerSecond > 0)) return notMeasured(limit, 'the throughput has no interval');
  if (usdPerHour === null) return notDecided(limit, 'no price is known; give "price-per-chip-hour"');
  const tokens = outputTokensPerSecond / requestsPerSecond;
  const per = (rate: number) => (rate > 0 ? usdPerMillion({ usdPerHour, perSecond: rate * tokens }) : Number.MAX_VALUE);
  return judgeBounds(
    limit,
    { value: per(bounds.value), low: per(bounds.high), high: per(bounds.low) },
    { samples: benchmark.pairs.length, over: null, needed: null, load: pairLoad(benchmark) },
  );
}

function successRate(limit: SloLimit, benchmark: Benchmark, alphas: Alphas): Judged {
  const { requests, errors } = benchmark.arms.all;
  if (requests === 0) return notMeasured(limit, 'no request was sent');
  const bounds = shareBounds(requests - errors, requests, alphas);
  const needed = moreNeeded(errors, requests, 1 - limit.limit, alphas.low);
  return judgeBounds(
    limit,
    { value: (requests - errors) / requests, ...bounds },
    { samples: requests, over: errors, needed, load: pairLoad(benchmark) },
  );
}

/**
 * The share of prompt tokens that came from the prefix cache, of the prompts with common prefixes in the routing check. A
 * prompt behind the first of its group finds its prefix or does not, so that the bounds are those of a share of these
 * prompts (Clopper–Pearson), as in the check of their replicas.
 */
function hitRate(limit: SloLimit, routing: RoutingEvidence | null, alphas: Alphas): Judged {
  const rate = routing?.hitRate;
  const { sent = 0, groups = [] } = routing?.sharedPrefix ?? {};
  const followers = sent - groups.length;
  if (!rate || rate.measured === null || !(rate.aware > 0) || groups.length === 0 || followers <= 0) {
    return notMeasured(limit, 'the prefix-cache counters of the routing check could not be read');
  }
  const hits = Math.min(followers, (rate.measured / rate.aware) * followers);
  const { low, high } = shareBounds(hits, followers, alphas);
  const bounds = { low: low * rate.aware, high: Math.max(rate.measured, high * rate.aware) };
  return judgeBounds(
    limit,
    { value: rate.measured, ...bounds },
    { samples: followers, over: null, needed: null, load: `${sent} prompts with common prefixes` },
  );
}

const EFFECTS = { met: 'pass', missed: 'fail', inconclusive: 'inconclusive', 'not-measured': 'inconclusive' } as const;
const BY_WEIGHT = ['error', 'fail', 'invalid', 'inconclusive', 'pass'] as const;

/**
 * The verdict of the run over what was judged before and its limits. The heavier one decides: fail, then invalid, then
 * inconclusive. A limit that is missed fails the run; one that is undecided or was not measured leaves it inconclusive. The
 * reasons of the one that decides come first.
 */
export function withLimits(
  before: { verdict: Verdict; reasons: string[] },
  slo: SloReport | null,
): { verdict: Verdict; reasons: string[] } {
  if (!slo || before.verdict === 'error') return before;
  const weight = (verdict: Verdict) => BY_WEIGHT.indexOf(verdict);
  const byWeight = slo.limits
    .filter(({ outcome }) => outcome !== 'met')
    .sort((a, b) => weight(EFFECTS[a.outcome]) - weight(EFFECTS[b.outcome]));
  const [worst] = byWeight;
  if (!worst) return before;
  const effect = EFFECTS[worst.outcome];
  const told = byWeight.map(({ reason }) => reason);
  const isFirst = weight(effect) < weight(before.verdict);
  return {
    verdict: isFirst ? effect : before.verdict,
    reasons: isFirst ? [...told, ...before.reasons] : [...before.reasons, ...told],
  };
}
