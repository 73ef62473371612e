import type { Climb } from '../../load/ladder.ts';
import { type PairTimings, pairAt } from '../../load/pairs.ts';
import { type MeasuredBlock, toPair } from '../../load/summary.ts';
import type { WarmUp } from '../../load/warm-up.ts';
import type { ArmFigures, ArmName, Benchmark, BenchmarkPair, PodCount, Report } from '../../report/model.ts';
import { type DecisionPlan, type Look, lookAt } from '../../verdict/decide.ts';
import type { ArmEvidence, BlockEvidence } from '../../verdict/evidence.ts';
import { type Bench, firstEdge, hasTime, loadOf, takeBlock, timingsOf, warmArm } from './load.ts';
import { announcePlan, roundText } from './text.ts';

/** What was measured, before it is judged. */
export interface Collected {
  design: Benchmark['design'];
  method: string;
  concurrency: number;
  ladder: Climb | null;
  warm: Record<ArmName, WarmUp>;
  timings: PairTimings;
  blocks: Record<ArmName, MeasuredBlock[]>;
  evidence: BlockEvidence[];
  pairs: BenchmarkPair[];
  /** Requests of the all-replicas arm that each pod served. */
  spread: Map<string, number>;
  look: Look;
  /** Looks that the plan has in all, and those that were taken. */
  looks: { done: number; planned: number };
  /** The one-replica arm of another run, in place of blocks of this one. */
  recorded?: { baseline: Report; figures: ArmFigures; evidence: ArmEvidence };
  /** Nothing but errors came back. */
  failing: boolean;
  /** The run's time or money did not reach for another pair. */
  outOfTime: boolean;
}

const NOT_WARMED: WarmUp = { bins: [], settled: false, medianLatencyMs: null };

/**
 * Interleaved pairs of blocks at equal load per replica, until the interval of the ratio clears the target on either side
 * or the budget of pairs is spent.
 */
export async function collectPairs(bench: Bench, plan: DecisionPlan): Promise<Collected> {
  const { context, prepared } = bench;
  const { emit } = context;
  const { replicas } = prepared.service;
  const { concurrency, ladder, warmOne } = await loadOf(bench);
  context.note({ type: 'planned', plan: { concurrency } });
  // A system that answered nothing in one warm-up would hold the nodes for the deadlines of another.
  const warmAll = warmOne.medianLatencyMs === null ? NOT_WARMED : await warmArm(bench, 'all', concurrency);
  const warm = { one: warmOne, all: warmAll };
  const medianLatencyMs = Math.max(warm.one.medianLatencyMs ?? 0, warm.all.medianLatencyMs ?? 0);
  const timings = timingsOf(bench, medianLatencyMs);
  announcePlan(bench, plan, timings, warm, prepared);

  const blocks: Record<ArmName, MeasuredBlock[]> = { one: [], all: [] };
  const evidence: BlockEvidence[] = [];
  const pairs: BenchmarkPair[] = [];
  const spread = new Map<string, number>();
  let look: Look = { estimate: null, decision: 'continue' };
  let failing = false;
  let outOfTime = false;
  let before = await firstEdge(bench);
  for (let index = 0; look.decision === 'continue' && !failing; index += 1) {
    const pairPlan = pairAt(index, { timings, concurrencyPerReplica: concurrency, replicas });
    const measured: Partial<Record<ArmName, MeasuredBlock>> = {};
    let perPod: PodCount[] = [];
    for (const block of pairPlan.blocks) {
      const taken = await takeBlock(bench, block, timings, { before, readyWanted: replicas });
      before = taken.after;
      evidence.push(taken.evidence);
      if (block.arm === 'all') perPod = taken.served;
      measured[block.arm] = taken.measured;
      blocks[block.arm].push(taken.measured);
      failing ||= taken.measured.run.ended === 'failing';
    }
    for (const { pod, requests } of perPod) spread.set(pod, (spread.get(pod) ?? 0) + requests);
    const pair = toPair(pairPlan, measured as Record<ArmName, MeasuredBlock>, perPod);
    if (!pair) break;
    pairs.push(pair);
    look = lookAt(
      pairs.map(({ ratio }) => ratio),
      plan,
    );
    emit({ type: 'round', stage: 'benchmark', text: roundText(pair, look, plan) });
    if (look.decision === 'continue' && !hasTime(context, timings.oneMs + timings.allMs)) {
      outOfTime = true;
      break;
    }
  }
  return {
    design: 'paired',
    method:
      'closed loop in interleaved pairs at equal load per replica; log-ratio t interval with Pocock-type spending',
    ...{ concurrency, ladder, warm, timings, blocks, evidence, pairs, spread, look, failing, outOfTime },
    looks: {
      done: Math.max(0, pairs.length - plan.minPairs + 1),
      planned: plan.maxPairs - plan.minPairs + 1,
    },
  };
}
