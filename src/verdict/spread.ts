import type { ReplicaFigures, ReplicaSpread } from '../report/model.ts';
import { studentQuantile } from './distributions.ts';
import { mean, standardDeviation } from './statistics.ts';

/** A pair as far as the spread between replicas goes. */
export interface BaselinePair {
  /** The pod that was the baseline; null where it is not known. */
  baseline: string | null;
  oneRequestsPerSecond: number;
  allRequestsPerSecond: number;
}

/** One-sided chance to name some replica of several that are alike. */
const ALPHA = 0.05;
/** A difference that matters to nobody, however certain it is. */
const SMALLEST = 0.03;

interface Group {
  pod: string;
  rate: number;
  /** Logarithms of one ÷ all. */
  logs: number[];
}

/**
 * What each replica does alone, beside the others. A pair's one ÷ all takes what the hour did to both arms out of it. A
 * replica stands out when its mean differs from that of the others by more than chance explains and by 3 % at least: a t
 * test on the deviation within replicas, shared by all of them (Bonferroni). The others are compared without it, so that
 * one slow replica does not make its peers fast. Null with fewer than two replicas.
 */
export function spreadOf(pairs: readonly BaselinePair[]): ReplicaSpread | null {
  const own = Map.groupBy(pairs.filter(hasBaseline), ({ baseline }) => baseline);
  if (own.size < 2) return null;
  const groups = [...own].map(
    ([pod, each]): Group => ({
      pod,
      rate: mean(each.map(({ oneRequestsPerSecond }) => oneRequestsPerSecond)),
      logs: each.map((pair) => Math.log(pair.oneRequestsPerSecond / pair.allRequestsPerSecond)),
    }),
  );
  const means = groups.map(({ logs }) => Math.exp(mean(logs)));
  const average = mean(means);
  const apart = apartFrom(groups);
  const perReplica = groups
    .map(
      ({ pod, rate, logs }, index): ReplicaFigures => ({
        pod,
        pairs: logs.length,
        requestsPerSecond: rate,
        relative: (means[index] as number) / average,
        standsOut: apart.has(pod),
      }),
    )
    .sort((a, b) => a.pod.localeCompare(b.pod));
  return { spread: Math.max(...means) / Math.min(...means) - 1, perReplica };
}

function hasBaseline(pair: BaselinePair): pair is BaselinePair & { baseline: string } {
  return pair.baseline !== null;
}

/** The pods that stand out, the farthest first. */
function apartFrom(groups: readonly Group[]): Set<string> {
  const df = groups.reduce((sum, { logs }) => sum + logs.length - 1, 0);
  const apart = new Set<string>();
  if (df < 1) return apart;
  const squares = groups.map(({ logs }) => (logs.length > 1 ? (logs.length - 1) * standardDeviation(logs) ** 2 : 0));
  const variance = squares.reduce((sum, each) => sum + each, 0) / df;
  const t = studentQuantile(1 - ALPHA / (2 * groups.length), df);
  for (let left = [...groups]; left.length > 1; ) {
    const found = left.map((group) => ({ group, ...distance(group, left, variance) })).sort((a, b) => b.gap - a.gap)[0];
    if (!found || found.gap < SMALLEST || found.gap <= t * found.error) break;
    apart.add(found.group.pod);
    left = left.filter((group) => group !== found.group);
  }
  return apart;
}

/** How far a replica is from the others on the logarithm, and the standard error of that. */
function distance(group: Group, all: readonly Group[], variance: number): { gap: number; error: number } {
  const others = all.filter((other) => other !== group).flatMap(({ logs }) => logs);
  return {
    gap: Math.abs(mean(group.logs) - mean(others)),
    error: Math.sqrt(variance * (1 / group.logs.length + 1 / others.length)),
  };
}

/** What a reader is to know of the spread, as a sentence; null when no replica stands out. */
export function standingOut(spread: ReplicaSpread | null): string | null {
  const apart = spread?.perReplica.filter(({ standsOut }) => standsOut) ?? [];
  if (apart.length === 0) return null;
  const list = apart.map(({ pod, relative }) => {
    const percent = Math.abs(100 * (relative - 1)).toFixed(0);
    return `${pod} is ${percent}% ${relative < 1 ? 'slower' : 'faster'} than the replicas are on average`;
  });
  return `Replicas differ in speed: ${list.join('; ')}. Each was the baseline equally often, so the speedup is over their mean.`;
}
