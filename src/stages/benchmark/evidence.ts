import type { BlockRun } from '../../load/closed-loop.ts';
import type { BlockLoad } from '../../load/pairs.ts';
import type { RequestRecord } from '../../load/types.ts';
import type { PodCount } from '../../report/model.ts';
import type { BlockEvidence, GatewayBlock } from '../../verdict/evidence.ts';
import { checkUniqueSpread } from '../../verdict/routing.ts';
import type { StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { edges, type Snapshot } from '../verify/counters.ts';

/** What a block and the readings at its two edges show. */
export function blockEvidence(
  block: BlockLoad,
  run: BlockRun,
  edge: {
    before: Snapshot;
    after: Snapshot;
    readyWanted: number;
    gateway: GatewayBlock;
    /** The pod of the one-replica arm; null in the other. */
    baseline: string | null;
    /** The replicas that were verified. */
    replicas: ReadyStack['replicas'];
    /** Output tokens of each request. */
    maxTokens: number;
  },
): BlockEvidence {
  const { before, after, readyWanted, gateway, baseline, replicas, maxTokens } = edge;
  return {
    arm: block.arm,
    baseline,
    pair: block.pair,
    sent: run.records.length,
    unanswered: run.records.filter((record) => !record.valid).length,
    readyWanted,
    readyBefore: before.ready,
    readyAfter: after.ready,
    ordered: orderedTokens(run.records, maxTokens),
    changed: changedReplicas(before, after, replicas),
    pods: edges(before, after),
    gateway,
  };
}

/** What the requests of a block cost in tokens. An answer that is not valid may have cost nothing, or all of it. */
export function orderedTokens(
  records: readonly Pick<RequestRecord, 'valid' | 'promptTokens' | 'completionTokens'>[],
  maxTokens: number,
): BlockEvidence['ordered'] {
  const least = { prompt: 0, generation: 0 };
  const lost = { prompt: 0, generation: 0, unknown: 0 };
  let longest = 0;
  for (const { valid, promptTokens, completionTokens } of records) {
    longest = Math.max(longest, promptTokens ?? 0);
    if (valid) {
      least.prompt += promptTokens ?? 0;
      least.generation += completionTokens ?? maxTokens;
    } else {
      lost.prompt += promptTokens ?? 0;
      lost.unknown += promptTokens === null ? 1 : 0;
      lost.generation += Math.max(maxTokens, completionTokens ?? 0);
    }
  }
  // Without one answer nothing is known of the prompts' tokens.
  const unknown = lost.unknown === 0 ? 0 : longest > 0 ? lost.unknown * longest : Number.POSITIVE_INFINITY;
  return {
    least,
    most: { prompt: least.prompt + lost.prompt + unknown, generation: least.generation + lost.generation },
  };
}

/** The replicas that came and went, by UID: a pod that is made anew may have the name of the one before it. */
export function changedReplicas(
  before: Snapshot,
  after: Snapshot,
  verified: ReadyStack['replicas'],
): BlockEvidence['changed'] {
  const known = new Set(verified.map(({ metadata }) => keyOf(metadata.name, metadata.uid)));
  const left = new Set(after.pods.map(({ pod, uid }) => keyOf(pod, uid)));
  return {
    added: after.pods.filter(({ pod, uid }) => !known.has(keyOf(pod, uid))).map(({ pod }) => pod),
    gone: before.pods.filter(({ pod, uid }) => !left.has(keyOf(pod, uid))).map(({ pod }) => pod),
  };
}

const keyOf = (name: string, uid: string | undefined) => `${name}/${uid ?? ''}`;

/** Who served a block; nobody's traffic when the counters do not add up to what was sent, since it is not ours alone. */
export function ownTraffic(served: PodCount[] | null, sent: number): PodCount[] {
  const total = served?.reduce((sum, { requests }) => sum + requests, 0);
  return served && total === sent ? served : [];
}

/** The blocks' unique prompts are a far larger sample of the spread than the verify stage could send. */
export function noteSpread({ note }: Pick<StageContext, 'note'>, perPod: PodCount[], replicas: number): void {
  const sent = perPod.reduce((sum, { requests }) => sum + requests, 0);
  note({ type: 'unique-spread', unique: { sent, perPod }, check: checkUniqueSpread(perPod, replicas) });
}
