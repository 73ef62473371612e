import type { BlockLoad } from '../../load/pairs.ts';
import type { PodCount } from '../../report/model.ts';
import type { BlockEvidence, GatewayBlock } from '../../verdict/evidence.ts';
import { checkUniqueSpread } from '../../verdict/routing.ts';
import type { StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { edges, type Snapshot } from '../verify/counters.ts';

/** What a block and the readings at its two edges show. */
export function blockEvidence(
  block: BlockLoad,
  edge: Pick<BlockEvidence, 'sent' | 'unanswered' | 'ordered' | 'readyWanted'> & {
    before: Snapshot;
    after: Snapshot;
    gateway: GatewayBlock;
    /** The pod of the one-replica arm; null in the other. */
    baseline: string | null;
    /** The replicas that were verified. */
    replicas: ReadyStack['replicas'];
  },
): BlockEvidence {
  const { before, after, readyWanted, gateway, baseline, replicas, sent, unanswered, ordered } = edge;
  return {
    arm: block.arm,
    baseline,
    pair: block.pair,
    sent,
    unanswered,
    readyWanted,
    readyBefore: before.ready,
    readyAfter: after.ready,
    ordered,
    changed: changedReplicas(before, after, { verified: replicas, wanted: readyWanted }),
    pods: edges(before, after),
    gateway,
  };
}

/**
 * The replicas that came and went, by UID: a pod that is created again may have the name of the one before it. One that went
 * before the block began counts too, unless the block needs no more than those that stayed, as after a scale-in.
 */
export function changedReplicas(
  before: Snapshot,
  after: Snapshot,
  { verified, wanted }: { verified: ReadyStack['replicas']; wanted: number },
): BlockEvidence['changed'] {
  const known = new Map(verified.map(({ metadata: { name, uid } }) => [keyOf(name, uid), name]));
  const left = new Set(after.pods.map(({ pod, uid }) => keyOf(pod, uid)));
  const missing = [...known].filter(([key]) => !left.has(key)).map(([, name]) => name);
  const stayed = known.size - missing.length;
  const went = before.pods.filter(({ pod, uid }) => !left.has(keyOf(pod, uid))).map(({ pod }) => pod);
  return {
    added: after.pods.filter(({ pod, uid }) => !known.has(keyOf(pod, uid))).map(({ pod }) => pod),
    gone: [...new Set([...(stayed < wanted ? missing : []), ...went])],
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
