import type { LoadArm } from '../report/model.ts';
import type { BlockEvidence, BlockRule, MeasurementEvidence, Tell } from './evidence.ts';
import { GATEWAY_RULES, served } from './plausibility-gateway.ts';
import { WORK_RULES } from './plausibility-work.ts';

/** What the cluster's own counters say about each block. One finding per rule, however many blocks it concerns. */
const RULES: readonly BlockRule[] = [
  { id: 'replica-count', kind: 'veto', judge: replicaCount },
  { id: 'restart', kind: 'veto', judge: restart },
  { id: 'queue-at-start', kind: 'veto', judge: queueAtStart },
  { id: 'conservation', kind: 'veto', judge: conservation },
  { id: 'one-replica', kind: 'veto', judge: oneReplica },
  ...WORK_RULES,
  ...GATEWAY_RULES,
  { id: 'busy-at-start', kind: 'warning', judge: busyAtStart },
  { id: 'idle-replica', kind: 'warning', judge: idleReplica },
  { id: 'preemptions', kind: 'warning', judge: preemptions },
  { id: 'counters-unreadable', kind: 'warning', judge: unreadable },
];

export function judgeCluster(
  { blocks }: Pick<MeasurementEvidence, 'blocks'>,
  armTitle: Readonly<Partial<Record<LoadArm, string>>>,
  veto: Tell,
  warn: Tell,
): void {
  for (const rule of RULES) {
    const hits = blocks.flatMap((block) => {
      const problem = rule.judge(block);
      return problem === null ? [] : [{ block, problem }];
    });
    const first = hits[0];
    if (!first) continue;
    const where =
      `pair ${first.block.pair + 1}, ${armTitle[first.block.arm]}` +
      (hits.length > 1 ? `; ${hits.length} of ${blocks.length} blocks` : '');
    (rule.kind === 'veto' ? veto : warn)(rule.id, `${first.problem} (${where}).`);
  }
}

function replicaCount(block: BlockEvidence): string | null {
  for (const [edge, ready] of [
    ['before', block.readyBefore],
    ['after', block.readyAfter],
  ] as const) {
    if (ready !== null && ready !== block.readyWanted) {
      return `${ready} of ${block.readyWanted} replicas were ready ${edge} a block`;
    }
  }
  return null;
}

function restart(block: BlockEvidence): string | null {
  for (const { pod, before, after } of block.pods) {
    if (!before || !after) continue;
    if (grew(before.restarts, after.restarts)) return `${pod} restarted during a block`;
    const [from, to] = [before.processStartSeconds, after.processStartSeconds];
    if (from !== null && to !== null && Math.abs(to - from) > 1) return `${pod} was restarted during a block`;
    if (after.finished < before.finished) {
      return `The counter of ${pod} went back from ${before.finished} to ${after.finished} finished requests`;
    }
  }
  return null;
}

function queueAtStart(block: BlockEvidence): string | null {
  const waiting = block.pods.filter(({ before }) => (before?.waiting ?? 0) > 0);
  if (waiting.length === 0) return null;
  const list = waiting.map(({ pod, before }) => `${before?.waiting} on ${pod}`).join(', ');
  return `Requests of someone else were waiting when a block began: ${list}`;
}

function busyAtStart(block: BlockEvidence): string | null {
  const busy = block.pods.filter(({ before }) => (before?.running ?? 0) > 0);
  if (busy.length === 0) return null;
  const list = busy.map(({ pod, before }) => `${before?.running} on ${pod}`).join(', ');
  return `Requests were running when a block began: ${list}`;
}

function conservation(block: BlockEvidence): string | null {
  const served = servedTotal(block);
  if (served === null) return null;
  const least = block.sent - block.unanswered;
  if (served >= least && served <= block.sent) return null;
  const numbers = `${block.sent} requests were sent, the replicas count ${served}`;
  if (served > block.sent) return `${numbers}: ${served - block.sent} came from someone else`;
  return `${numbers}: ${least - served} were answered elsewhere`;
}

/** Whether all requests of a block were to go to one replica. */
function isOfOne({ arm, baseline }: BlockEvidence): boolean {
  return arm === 'one' || baseline !== null;
}

function oneReplica(block: BlockEvidence): string | null {
  if (!isOfOne(block) || servedTotal(block) === null) return null;
  const serving = block.pods.filter((pod) => (served(pod) ?? 0) > 0);
  if (serving.length === 1 && block.baseline !== null && serving[0]?.pod !== block.baseline) {
    return `${serving[0]?.pod} served a block of the one-replica arm that was sent to ${block.baseline}`;
  }
  if (serving.length <= 1) return null;
  const list = serving.map((pod) => `${pod.pod} ${served(pod)}`).join(', ');
  return `${serving.length} replicas served the one-replica arm: ${list}`;
}

function idleReplica(block: BlockEvidence): string | null {
  if (isOfOne(block) || servedTotal(block) === null) return null;
  const idle = block.pods.filter((pod) => served(pod) === 0).map(({ pod }) => pod);
  return idle.length === 0 ? null : `${idle.join(', ')} served nothing in a block with all replicas`;
}

function preemptions(block: BlockEvidence): string | null {
  const hit = block.pods.find(({ before, after }) => grew(before?.preemptions, after?.preemptions));
  if (!hit) return null;
  const by = (hit.after?.preemptions ?? 0) - (hit.before?.preemptions ?? 0);
  return `${hit.pod} preempted ${by} requests, so its KV cache was full`;
}

function unreadable(block: BlockEvidence): string | null {
  const missing = block.pods.filter(({ before, after }) => !before || !after).map(({ pod }) => pod);
  if (missing.length > 0) return `The counters of ${missing.join(', ')} could not be read: who served is not proven`;
  const { readyWanted } = block;
  if (block.pods.length >= readyWanted) return null;
  return `Counters of ${block.pods.length} of ${readyWanted} replicas could be read: who served is not proven`;
}

/** Over all pods; null unless every reading is there and none went back. */
function servedTotal(block: BlockEvidence): number | null {
  const deltas = block.pods.map(served);
  if (deltas.length === 0 || deltas.some((delta) => delta === null || delta < 0)) return null;
  return deltas.reduce<number>((sum, delta) => sum + (delta ?? 0), 0);
}

function grew(before: number | null | undefined, after: number | null | undefined): boolean {
  return before != null && after != null && after > before;
}
