import type { BlockRun } from '../../load/closed-loop.ts';
import type { BlockPlan } from '../../load/pairs.ts';
import type { PodCount } from '../../report/model.ts';
import type { BlockEvidence, GatewayBlock } from '../../verdict/evidence.ts';
import { checkUniqueSpread } from '../../verdict/routing.ts';
import type { StageContext } from '../context.ts';
import { edges, type Snapshot } from '../verify/counters.ts';

/** What a block and the readings at its two edges show. */
export function blockEvidence(
  block: BlockPlan,
  run: BlockRun,
  edge: { before: Snapshot; after: Snapshot; readyWanted: number; gateway: GatewayBlock },
): BlockEvidence {
  const { before, after, readyWanted, gateway } = edge;
  return {
    arm: block.arm,
    pair: block.pair,
    sent: run.records.length,
    unanswered: run.records.filter((record) => !record.valid).length,
    readyWanted,
    readyBefore: before.ready,
    readyAfter: after.ready,
    pods: edges(before, after),
    gateway,
  };
}

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
