import { type ReplicaCounters, readReplica } from '../../clients/serving/client.ts';
import type { PodCount } from '../../report/model.ts';
import { workloadSelector } from '../../stack/labels.ts';
import { isReady, podSummary } from '../../stack/pods.ts';
import type { PodCounters, PodEdges } from '../../verdict/evidence.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';

/** All replicas at one moment: their counters, and how many are Ready. */
export interface Snapshot {
  ready: number;
  pods: { pod: string; counters: ReplicaCounters | null; restarts: number }[];
  /** Why counters are missing; empty when none are. */
  problems: string[];
}

/**
 * Reads every replica's counters. Taken between blocks only, when nothing of ours is in flight: scraping is work for
 * vLLM too.
 */
export async function snapshot(context: StageContext, prepared: Prepared, stack: ReadyStack): Promise<Snapshot> {
  const { namespace, name } = prepared.service;
  const pods = (await context.kube.list('v1', 'Pod', { namespace, labelSelector: workloadSelector(name) })) ?? [];
  const problems: string[] = [];
  const read = await Promise.all(
    pods.map(async (pod) => {
      const summary = podSummary(pod, 'replica');
      try {
        const counters = await readReplica(context.kube, namespace, summary.name, stack.port, stack.scheme);
        return { pod: summary.name, counters, restarts: summary.restarts };
      } catch (error) {
        context.signal.throwIfAborted();
        problems.push(error instanceof Error ? error.message : String(error));
        return { pod: summary.name, counters: null, restarts: summary.restarts };
      }
    }),
  );
  return { ready: pods.filter(isReady).length, pods: read, problems };
}

/**
 * Requests that each pod finished between two snapshots; null when a counter is missing at either, or began anew in
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

/** Prefix-cache tokens queried and hit between two snapshots, over all pods; null when not exported or begun anew. */
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

const countersOf = (at: Snapshot, name: string): ReplicaCounters | null =>
  at.pods.find(({ pod }) => pod === name)?.counters ?? null;

/**
 * Whether a replica counts from 0 again: another process, or a counter that fell. With several API servers vLLM exports no
 * start of the process.
 */
function beganAnew(before: ReplicaCounters, after: ReplicaCounters): boolean {
  const fell = (name: 'requests' | 'prefixQueries' | 'prefixHits') => (after[name] ?? 0) < (before[name] ?? 0);
  const [from, to] = [before.processStartSeconds, after.processStartSeconds];
  const isOther = from !== null && to !== null && Math.abs(to - from) > 1;
  return isOther || fell('requests') || fell('prefixQueries') || fell('prefixHits');
}

/** Two snapshots as the plausibility check wants them. */
export function edges(before: Snapshot, after: Snapshot): PodEdges[] {
  const names = new Set([...before.pods, ...after.pods].map(({ pod }) => pod));
  return [...names].map((pod) => ({ pod, before: countersAt(before, pod), after: countersAt(after, pod) }));
}

function countersAt(at: Snapshot, name: string): PodCounters | null {
  const entry = at.pods.find(({ pod }) => pod === name);
  if (!entry?.counters) return null;
  const { requests, running, waiting, preemptions, processStartSeconds } = entry.counters;
  return { finished: requests, running, waiting, preemptions, processStartSeconds, restarts: entry.restarts };
}

/** How long counters may lag behind the answers. */
const SETTLE_MS = 4_000;

/** The counters once they account for what was sent: vLLM updates them a moment after it has answered. */
export async function settled(
  context: StageContext,
  prepared: Prepared,
  stack: ReadyStack,
  before: Snapshot,
  sent: number,
): Promise<Snapshot> {
  const { clock } = context;
  const until = clock.now() + SETTLE_MS;
  for (;;) {
    const now = await snapshot(context, prepared, stack);
    const served = servedBetween(before, now)?.reduce((sum, { requests }) => sum + requests, 0);
    if (served === undefined || served >= sent || clock.now() >= until) return now;
    await clock.sleep(Math.min(1_000, context.inputs.pollIntervalMs), context.signal);
  }
}
