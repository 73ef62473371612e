import { type ReplicaCounters, readReplica } from '../../clients/serving/client.ts';
import type { PodCount } from '../../report/model.ts';
import { workloadSelector } from '../../stack/labels.ts';
import { isAlive, isReady, podSummary } from '../../stack/pods.ts';
import type { PodCounters, PodEdges, TokenCount } from '../../verdict/evidence.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';

/** All replicas at one moment: their counters, and how many are Ready. */
export interface Snapshot {
  ready: number;
  /** Pods of the workload that have not ended and are not on their way out. */
  pods: { pod: string; uid?: string | undefined; counters: ReplicaCounters | null; restarts: number }[];
  /** Why counters are missing; empty when none are. */
  problems: string[];
}

/**
 * Reads every replica's counters. Taken between blocks only, when the gate has nothing in flight: scraping is work for
 * vLLM too.
 */
export async function snapshot(context: StageContext, prepared: Prepared, stack: ReadyStack): Promise<Snapshot> {
  const { namespace, name } = prepared.service;
  const all = (await context.kube.list('v1', 'Pod', { namespace, labelSelector: workloadSelector(name) })) ?? [];
  const pods = all.filter(isAlive);
  const problems: string[] = [];
  const read = await Promise.all(
    pods.map(async (pod) => {
      const summary = podSummary(pod, 'replica');
      if (pod.status?.phase === 'Pending') {
        problems.push(`pod ${summary.name} is Pending`);
        return { pod: summary.name, uid: pod.metadata.uid, counters: null, restarts: summary.restarts };
      }
      try {
        const counters = await readReplica(context.kube, namespace, summary.name, stack.port, stack.scheme);
        return { pod: summary.name, uid: pod.metadata.uid, counters, restarts: summary.restarts };
      } catch (error) {
        context.signal.throwIfAborted();
        problems.push(error instanceof Error ? error.message : String(error));
        return { pod: summary.name, uid: pod.metadata.uid, counters: null, restarts: summary.restarts };
      }
    }),
  );
  return { ready: pods.filter(isReady).length, pods: read, problems };
}

/**
 * Requests that each pod finished between two snapshots; null when a counter is missing at either, or started again in
 * between: what was counted before that is lost.
 */
export function servedBetween(before: Snapshot, after: Snapshot): PodCount[] | null {
  const counts = after.pods.map(({ pod, counters }) => {
    const earlier = countersOf(before, pod);
    if (!earlier || !counters || beganAnew(earlier, counters)) return null;
    return { pod, requests: counters.requests - earlier.requests };
  });
  return counts.every((count) => count !== null) && counts.length > 0 ? counts : null;
}

/** Prefix-cache tokens queried and hit between two snapshots, over all pods; null when not exported or started again. */
export function cacheBetween(before: Snapshot, after: Snapshot): { queries: number; hits: number } | null {
  let [queries, hits] = [0, 0];
  for (const { pod, counters } of after.pods) {
    const earlier = countersOf(before, pod);
    if (!earlier || !counters || beganAnew(earlier, counters)) return null;
    if (counters.prefixQueries === null || counters.prefixHits === null) return null;
    queries += counters.prefixQueries - (earlier.prefixQueries ?? 0);
    hits += counters.prefixHits - (earlier.prefixHits ?? 0);
  }
  return { queries, hits };
}

/** Tokens that the replicas counted between two snapshots; null when not exported or started again. */
export function tokensBetween(before: Snapshot, after: Snapshot): TokenCount | null {
  const sum: TokenCount = { prompt: 0, generation: 0 };
  for (const { pod, counters } of after.pods) {
    const earlier = countersOf(before, pod);
    if (!earlier || !counters || beganAnew(earlier, counters)) return null;
    const { promptTokens, generationTokens } = counters;
    if (promptTokens === null || generationTokens === null) return null;
    sum.prompt += promptTokens - (earlier.promptTokens ?? 0);
    sum.generation += generationTokens - (earlier.generationTokens ?? 0);
  }
  return sum;
}

/** Whether no replica has a request, as far as they export it. */
export function isIdle({ pods }: Snapshot): boolean {
  return pods.every(({ counters }) => (counters?.running ?? 0) + (counters?.waiting ?? 0) === 0);
}

const countersOf = (at: Snapshot, name: string): ReplicaCounters | null =>
  at.pods.find(({ pod }) => pod === name)?.counters ?? null;

/**
 * Whether a replica counts from 0 again: another process, or a counter that fell. With several API servers vLLM exports no
 * start of the process.
 */
function beganAnew(before: ReplicaCounters, after: ReplicaCounters): boolean {
  const fell = (name: (typeof RISING)[number]) => (after[name] ?? 0) < (before[name] ?? 0);
  const [from, to] = [before.processStartSeconds, after.processStartSeconds];
  const isOther = from !== null && to !== null && Math.abs(to - from) > 1;
  return isOther || RISING.some(fell);
}

const RISING = ['requests', 'promptTokens', 'generationTokens', 'prefixQueries', 'prefixHits'] as const;

/** Two snapshots as the plausibility check takes them. */
export function edges(before: Snapshot, after: Snapshot): PodEdges[] {
  const names = new Set([...before.pods, ...after.pods].map(({ pod }) => pod));
  return [...names].map((pod) => ({ pod, before: countersAt(before, pod), after: countersAt(after, pod) }));
}

function countersAt(at: Snapshot, name: string): PodCounters | null {
  const entry = at.pods.find(({ pod }) => pod === name);
  if (!entry?.counters) return null;
  const { requests, promptTokens, generationTokens, running, waiting, preemptions, processStartSeconds } =
    entry.counters;
  return {
    finished: requests,
    ...{ promptTokens, generationTokens, running, waiting, preemptions, processStartSeconds },
    restarts: entry.restarts,
  };
}

/** How long counters may lag behind the answers. */
const SETTLE_MS = 4_000;
/** From one reading of the counters to the next, in milliseconds. */
interface Pace {
  firstMs: number;
  /** Each pause is so many times as long as the one before it, up to a second or the interval of polls. */
  growth: number;
}
/** Counters that only have to catch up are there in a moment, as a rule. */
const CATCHING_UP: Pace = { firstMs: 50, growth: 2 };
/** What changes once in a while needs time to show. */
const AT_REST: Pace = { firstMs: 1_000, growth: 1 };

/**
 * The counters once they account for what was sent, and for its tokens where `ordered` is given: vLLM updates them a
 * moment after it has answered. Requests that somebody else keeps running are waited for once. Throws where a replica cannot
 * be read since a node is lost.
 */
export async function settled(
  context: StageContext,
  prepared: Prepared,
  stack: ReadyStack,
  before: Snapshot,
  sent: number,
  ordered?: TokenCount,
): Promise<Snapshot> {
  return settle(context, prepared, stack, CATCHING_UP, (now) => {
    const served = servedBetween(before, now)?.reduce((sum, { requests }) => sum + requests, 0);
    if (served === undefined) return true;
    if (served < sent) return false;
    if (!ordered) return true;
    const tokens = tokensBetween(before, now);
    const isCounted = !tokens || (tokens.prompt >= ordered.prompt && tokens.generation >= ordered.generation);
    return isCounted && (isIdle(now) || !isIdle(before));
  });
}

/** The counters once no replica has a request and none changes: nothing of what came before is counted later. */
export async function atRest(context: StageContext, prepared: Prepared, stack: ReadyStack): Promise<Snapshot> {
  let last: Snapshot | null = null;
  return settle(context, prepared, stack, AT_REST, (now) => {
    const earlier = last;
    last = now;
    if (!earlier || !isIdle(now)) return false;
    const served = servedBetween(earlier, now);
    return served === null || served.every(({ requests }) => requests === 0);
  });
}

async function settle(
  context: StageContext,
  prepared: Prepared,
  stack: ReadyStack,
  { firstMs, growth }: Pace,
  isSettled: (now: Snapshot) => boolean,
): Promise<Snapshot> {
  const { clock } = context;
  const until = clock.now() + SETTLE_MS;
  for (let pauseMs = firstMs; ; pauseMs *= growth) {
    const now = await snapshot(context, prepared, stack);
    if (now.problems.length > 0) await context.refuseLostNodes?.();
    if (isSettled(now) || clock.now() >= until) return now;
    await clock.sleep(Math.min(pauseMs, 1_000, context.inputs.pollIntervalMs), context.signal);
  }
}
