import type { Climb } from '../../load/ladder.ts';
import { type BlockWay, type PairTimings, pairAt, takenMs } from '../../load/pairs.ts';
import { type MeasuredBlock, toPair } from '../../load/summary.ts';
import type { WarmUp } from '../../load/warm-up.ts';
import type { ArmFigures, ArmName, Benchmark, BenchmarkPair, PodCount, Report } from '../../report/model.ts';
import { type DecisionPlan, type Look, lookAt, lowerLook } from '../../verdict/decide.ts';
import type { ArmEvidence, BlockEvidence } from '../../verdict/evidence.ts';
import { type Bench, firstEdge, hasTime, loadOf, takeBlock, timingsOf, warmArm } from './load.ts';
import { isLost } from './lost.ts';
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
  /** The speedup by each way to all replicas; absent where there is one way alone. */
  ways?: Benchmark['ways'];
  /** Looks that the plan has in all, and those that were taken. */
  looks: { done: number; planned: number };
  /** The one-replica arm of another run, in place of blocks of this one. */
  recorded?: { baseline: Report; figures: ArmFigures; evidence: ArmEvidence };
  /** Nothing but errors came back. */
  failing: boolean;
  /** Nothing that follows could have made it count. */
  lost: boolean;
  /** The run's time or money did not reach for another pair. */
  outOfTime: boolean;
}

const NOT_WARMED: WarmUp = { bins: [], settled: false, medianLatencyMs: null };

/**
 * Interleaved pairs of blocks at equal load per replica, each replica the baseline in turn, until the interval of the ratio
 * clears the target on either side or the budget of pairs is spent.
 */
export async function collectPairs(bench: Bench, plan: DecisionPlan): Promise<Collected> {
  const { context, prepared, one } = bench;
  const { emit } = context;
  const { replicas } = prepared.service;
  const { concurrency, ladder, warmOne } = await loadOf(bench);
  context.note({ type: 'planned', plan: { concurrency } });
  // A system that answered nothing in one warm-up would hold the nodes for the deadlines of another.
  const warmAll =
    warmOne.medianLatencyMs === null ? NOT_WARMED : await warmArm(bench, 'all', concurrency, warmOne.medianLatencyMs);
  const warm = { one: warmOne, all: warmAll };
  const medianLatencyMs = Math.max(warm.one.medianLatencyMs ?? 0, warm.all.medianLatencyMs ?? 0);
  const timings = timingsOf(bench, medianLatencyMs);
  announcePlan(bench, plan, timings, warm, prepared);

  const blocks: Record<ArmName, MeasuredBlock[]> = { one: [], all: [] };
  const evidence: BlockEvidence[] = [];
  const pairs: BenchmarkPair[] = [];
  const spread = new Map<string, number>();
  let look: Look = { estimate: null, decision: 'continue' };
  let ways = waysOf([], plan);
  let failing = false;
  let lost = false;
  let outOfTime = false;
  let before = await firstEdge(bench);
  const rotation = { concurrencyPerReplica: concurrency, replicas, seed: context.runKey, direct: !one.isPickerShared };
  for (let index = 0; look.decision === 'continue' && !failing && !lost; index += 1) {
    const pairPlan = pairAt(index, { timings, ...rotation });
    const pairMs = takenMs(
      pairPlan.blocks.map(({ durationMs }) => durationMs),
      timings,
    );
    // A round that cannot be ended would be paid for and not count.
    if (index > 0 && !hasTime(context, (replicas - (index % replicas)) * pairMs)) {
      outOfTime = true;
      break;
    }
    const baseline = one.replicas[pairPlan.replica]?.pod ?? null;
    const measured: Partial<Record<BlockWay, MeasuredBlock>> = {};
    let perPod: PodCount[] = [];
    for (const block of pairPlan.blocks) {
      const edge = { before, readyWanted: replicas, baseline: block.way === 'one' ? baseline : null };
      const taken = await takeBlock(bench, block, timings, edge);
      before = taken.after;
      evidence.push(taken.evidence);
      if (block.way === 'all') perPod = taken.served;
      measured[block.way] = taken.measured;
      if (block.way !== 'direct') blocks[block.arm].push(taken.measured);
      failing ||= taken.measured.run.ended === 'failing';
    }
    for (const { pod, requests } of perPod) spread.set(pod, (spread.get(pod) ?? 0) + requests);
    const pair = toPair(pairPlan, measured as Record<BlockWay, MeasuredBlock>, perPod, baseline);
    if (!pair) break;
    pairs.push(pair);
    ways = waysOf(pairs, plan);
    look = ways.look;
    emit({ type: 'round', stage: 'benchmark', text: roundText(pair, look, plan) });
    const goesOn = look.decision === 'continue' && !failing;
    lost = goesOn && isLost(context, { blocks, evidence, pairs: pairs.length, maxPairs: plan.maxPairs });
  }
  const { round = 1 } = plan;
  return {
    design: 'paired',
    method: `closed loop in interleaved pairs at equal load per replica, each replica the baseline in turn; all over the mean of the replicas, t interval on the logarithm at limits with Pocock-type spending after each ${round === 1 ? 'pair' : `round of ${round} pairs`}`,
    ...{ concurrency, ladder, warm, timings, blocks, evidence, pairs, spread, look, failing, lost, outOfTime },
    ways: ways.figures,
    looks: {
      done: Math.max(0, Math.floor((pairs.length - plan.minPairs) / round) + 1),
      planned: (plan.maxPairs - plan.minPairs) / round + 1,
    },
  };
}

/** The speedup by each way to all replicas; the lower one decides. */
function waysOf(pairs: readonly BenchmarkPair[], plan: DecisionPlan): { look: Look; figures: Benchmark['ways'] } {
  const baselines = pairs.map(({ baseline }) => baseline ?? '');
  const picker = lookAt(
    pairs.map(({ ratio }) => ratio),
    plan,
    baselines,
  );
  const others = pairs.flatMap(({ directRequestsPerSecond: all, oneRequestsPerSecond: one }) =>
    all ? [all / one] : [],
  );
  if (others.length === 0) return { look: picker, figures: { picker: picker.estimate, direct: null, used: 'picker' } };
  const direct = lookAt(others, plan, baselines);
  const { look, used } = lowerLook([picker, direct]);
  return {
    look,
    figures: { picker: picker.estimate, direct: direct.estimate, used: used === 0 ? 'picker' : 'direct' },
  };
}
