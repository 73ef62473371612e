import type { ChangePair, Interval } from '../report/model.ts';
import { type DecisionPlan, lookLimit } from './decide.ts';
import { fisherUpperTail, studentQuantileFromUpperTail } from './distributions.ts';
import { mean, standardDeviation } from './statistics.ts';

/** The plan of a comparison with the base stack: `minSpeedup` of a decision is 1 less the slowdown that is allowed. */
export interface ChangePlan extends Omit<DecisionPlan, 'minSpeedup'> {
  /** Share of its throughput that the stack under test may lose, 0..1. */
  maxSlowdown: number;
  /** Nodes that each arm's throughput is the mean of: nodes differ, and the arms are on different ones. */
  nodes: { head: number; base: number };
}

export interface ChangeLook {
  /** Head over base; null before there are enough pairs for an interval. */
  estimate: Interval | null;
  /**
   * `no-worse`: the lower limit exceeds 1 − maxSlowdown. `regressed`: not so, and the upper limit is below 1. `exhausted`:
   * the last look did not decide.
   */
  decision: 'no-worse' | 'regressed' | 'continue' | 'exhausted';
  /** Deviation of the speed of nodes on the logarithm, beyond what noise explains. */
  nodeDeviation: number;
}

/**
 * Nodes of one machine type are taken to differ by this much where nothing is seen of it: standard deviation of the
 * logarithm of their speed.
 */
export const UNSEEN_NODE_DEVIATION = 0.003;
/** Chance of differences as large between equal nodes, below which they are taken to be real. */
const SEEN_BY_CHANCE = 0.05;

/** How far nodes that hold equal stacks differ, as variance of the logarithm, and from how many degrees of freedom. */
export interface NodeSpread {
  variance: number;
  df: number;
}

type Observed = Pick<ChangePair, 'ratio' | 'replica' | 'order'>;

/**
 * Judges the ratios head ÷ base of the pairs so far. The logarithms are fitted by a level for each replica under test and
 * one effect of the order (least squares), so that neither moves the estimate, which is the mean of the levels.
 *
 * The base stack is on other nodes, and nodes differ. The replicas under test hold one stack on several nodes: where they
 * differ by more than chance explains (F test), the variance between them is added to the one of the estimate, with degrees
 * of freedom after Satterthwaite (Biometrics Bulletin 2, 1946), else that of `UNSEEN_NODE_DEVIATION`. Where each stack is
 * measured whole, `spread` has it.
 *
 * The limits are those of `lookLimit`: alpha is spent over all looks, on each side. Pairs of a round that is not whole yet
 * are left out.
 */
export function changeLook(pairs: readonly Observed[], plan: ChangePlan, spread: NodeSpread | null = null): ChangeLook {
  const { minPairs, maxPairs, maxSlowdown, round = 1 } = plan;
  const whole = pairs.slice(0, pairs.length - (pairs.length % round));
  const fit = fitPairs(whole);
  if (!fit) return { estimate: null, decision: 'continue', nodeDeviation: 0 };
  const nodes = spread ?? fit.nodes;
  const own = { variance: fit.variance, df: fit.df };
  const other = { variance: nodes.variance * (1 / plan.nodes.head + 1 / plan.nodes.base), df: nodes.df };
  const total = own.variance + other.variance;
  const { tail } = lookLimit(Math.max(whole.length, minPairs), plan);
  const half = studentQuantileFromUpperTail(tail, dfOf(own, other)) * Math.sqrt(total);
  const estimate: Interval = {
    value: Math.exp(fit.level),
    low: Math.exp(fit.level - half),
    high: Math.exp(fit.level + half),
    level: 1 - 2 * tail,
  };
  const found = { estimate, nodeDeviation: Math.sqrt(nodes.variance) };
  if (whole.length < minPairs) return { ...found, decision: 'continue' };
  // The few replicas show so little of how nodes differ that looking more than once would err too often.
  if (Number.isFinite(nodes.df) && whole.length < maxPairs) return { ...found, decision: 'continue' };
  // A stack that is surely slower, and surely by less than was allowed, is allowed.
  if (estimate.low > 1 - maxSlowdown) return { ...found, decision: 'no-worse' };
  if (estimate.high < 1) return { ...found, decision: 'regressed' };
  return { ...found, decision: whole.length >= maxPairs ? 'exhausted' : 'continue' };
}

/** How nodes differ, from the throughput that each replica has alone in pairs with all; null with fewer than two. */
export function nodeSpread(
  pairs: readonly { baseline: string | null; oneRequestsPerSecond: number; allRequestsPerSecond: number }[],
): NodeSpread | null {
  const groups = groupsOf(
    pairs.flatMap(({ baseline, oneRequestsPerSecond: one, allRequestsPerSecond: all }) =>
      baseline === null ? [] : [{ replica: baseline, log: Math.log(one / all), order: 0 }],
    ),
  );
  const df = groups.reduce((sum, { logs }) => sum + logs.length - 1, 0);
  if (groups.length < 2 || df < 1) return null;
  const squares = groups.reduce(
    (sum, { logs, level }) => sum + logs.reduce((own, log) => own + (log - level) ** 2, 0),
    0,
  );
  return between(groups, { variance: squares / df, df });
}

interface Group {
  logs: number[];
  orders: number[];
  /** Means of both. */
  level: number;
  order: number;
}

interface Fit {
  /** Logarithm of head ÷ base. */
  level: number;
  /** Of the level, from the noise of the pairs alone. */
  variance: number;
  /** Variance of one pair. */
  noise: number;
  df: number;
  nodes: NodeSpread;
}

/**
 * The logarithm of the ratio, fitted by a level for each replica and an effect of the order (least squares). Null where
 * nothing is left to see noise by.
 */
export function fitPairs(pairs: readonly Observed[]): Fit | null {
  const groups = groupsOf(
    pairs.map(({ ratio, replica, order }) => ({
      replica: replica ?? '',
      log: Math.log(ratio),
      order: order === 'head-first' ? 0.5 : -0.5,
    })),
  );
  const each = groups.flatMap(({ logs, orders, level, order }) =>
    logs.map((log, index) => ({ log: log - level, order: (orders[index] as number) - order })),
  );
  const sum = (of: (one: (typeof each)[number]) => number) => each.reduce((total, one) => total + of(one), 0);
  const turns = sum(({ order }) => order ** 2);
  const slope = turns > 0 ? sum(({ log, order }) => log * order) / turns : 0;
  const df = each.length - groups.length - (turns > 0 ? 1 : 0);
  if (df < 1) return null;
  const noise = sum(({ log, order }) => (log - slope * order) ** 2) / df;
  const count = groups.length;
  const tilt = mean(groups.map(({ order }) => order));
  const levels = groups.map((group) => ({ ...group, level: group.level - slope * group.order }));
  return {
    level: mean(levels.map(({ level }) => level)),
    variance:
      noise *
      (groups.reduce((total, { logs }) => total + 1 / logs.length, 0) / count ** 2 +
        (turns > 0 ? tilt ** 2 / turns : 0)),
    noise,
    df,
    nodes: between(levels, { variance: noise, df }),
  };
}

function groupsOf(observed: readonly { replica: string; log: number; order: number }[]): Group[] {
  return [...Map.groupBy(observed, ({ replica }) => replica).values()].map((own) => {
    const logs = own.map(({ log }) => log);
    const orders = own.map(({ order }) => order);
    return { logs, orders, level: mean(logs), order: mean(orders) };
  });
}

const UNSEEN: NodeSpread = { variance: UNSEEN_NODE_DEVIATION ** 2, df: Number.POSITIVE_INFINITY };

/** The variance between levels, less the share of it that noise explains. */
function between(groups: readonly Group[], noise: NodeSpread): NodeSpread {
  if (groups.length < 2) return UNSEEN;
  const df = groups.length - 1;
  const seen = standardDeviation(groups.map(({ level }) => level)) ** 2;
  const explained = noise.variance * mean(groups.map(({ logs }) => 1 / logs.length));
  if (fisherUpperTail(seen / explained, df, noise.df) >= SEEN_BY_CHANCE) return UNSEEN;
  return { variance: Math.max(UNSEEN.variance, seen - explained), df };
}

/** Satterthwaite's degrees of freedom of a sum of two variances. */
function dfOf(one: NodeSpread, other: NodeSpread): number {
  const total = one.variance + other.variance;
  if (!(total > 0)) return one.df;
  return total ** 2 / (one.variance ** 2 / one.df + other.variance ** 2 / other.df);
}
