import { Failure } from '../../lib/failure.ts';
import { type MeasuredBlock, toPair } from '../../load/summary.ts';
import type { WarmUp } from '../../load/warm-up.ts';
import type { ArmName, BenchmarkPair, PodCount, Report } from '../../report/model.ts';
import type { DecisionPlan } from '../../verdict/decide.ts';
import type { BlockEvidence } from '../../verdict/evidence.ts';
import { baselineDifferences, DAY_NOISE, recordedArm, recordedLook } from '../../verdict/recorded.ts';
import { mean } from '../../verdict/statistics.ts';
import { DEPLOYMENT_NOISE, unpairedLook } from '../../verdict/unpaired.ts';
import { type Bench, firstEdge, takeBlock, timingsOf, warmArm } from './load.ts';
import { isLost } from './lost.ts';
import type { Collected } from './pairs.ts';
import { scaleIn } from './scale-in.ts';
import { replicasOf } from './text.ts';
import { workloadOf } from './workload.ts';

/** Where no ladder can be climbed: the runbook's load. */
const USUAL_CONCURRENCY = 10;

/**
 * All replicas first, then one, after the others are gone: for a gateway that gives no way to one of several. The arms do
 * not share their hour, so that drift does not cancel and what differs between deployments must be allowed for.
 * `meanwhile` is called with the measured rate while all replicas are still there.
 */
export async function collectUnpaired(
  bench: Omit<Bench, 'one'>,
  plan: DecisionPlan,
  meanwhile: (sustained: number) => Promise<void>,
): Promise<Collected> {
  const { context, prepared } = bench;
  const { inputs, emit } = context;
  const { replicas } = prepared.service;
  const recorded = context.baseline?.benchmark?.concurrencyPerReplica ?? USUAL_CONCURRENCY;
  const concurrency = inputs.concurrency === 'auto' ? recorded : inputs.concurrency;
  context.note({ type: 'planned', plan: { concurrency } });
  const count = plan.minPairs;
  const blocks: Record<ArmName, MeasuredBlock[]> = { one: [], all: [] };
  const evidence: BlockEvidence[] = [];
  const spread = new Map<string, number>();
  const perBlock: PodCount[][] = [];
  let failing = false;
  let lost = false;

  const warmAll = await warmArm(bench, 'all', concurrency, null);
  const timings = timingsOf(bench, warmAll.medianLatencyMs ?? 0);
  if (timings.longer !== null) emit({ type: 'fact', stage: 'benchmark', text: timings.longer });
  const measureBlocks = async (arm: ArmName) => {
    const inFlight = arm === 'one' ? concurrency : concurrency * replicas;
    let before = await firstEdge(bench);
    for (let index = 0; index < count && !failing && !lost; index += 1) {
      const durationMs = arm === 'one' ? timings.oneMs : timings.allMs;
      const block = {
        ...{ arm, way: arm, replica: arm === 'one' ? 0 : null, pair: index },
        ...{ block: index + (arm === 'one' ? count : 0), durationMs, concurrency: inFlight },
      };
      const readyWanted = arm === 'one' ? 1 : replicas;
      const { measured, served, ...taken } = await takeBlock(bench, block, timings, { before, readyWanted });
      before = taken.after;
      evidence.push(taken.evidence);
      if (arm === 'all') {
        perBlock.push(served);
        for (const { pod, requests } of served) spread.set(pod, (spread.get(pod) ?? 0) + requests);
      }
      blocks[arm].push(measured);
      failing ||= measured.run.ended === 'failing';
      emit({
        type: 'round',
        stage: 'benchmark',
        text: `block ${index + 1} of ${count} of ${replicasOf(arm)}: ${measured.window.requestsPerSecond.toFixed(1)} req/s`,
      });
      const isOver = arm === 'one' && index === count - 1;
      lost =
        !isOver &&
        !failing &&
        isLost(context, { blocks: { [arm]: blocks[arm] }, evidence, pairs: index + 1, maxPairs: count });
    }
  };

  await measureBlocks('all');
  const rateOf = (arm: ArmName) => blocks[arm].map(({ window }) => window.requestsPerSecond);
  let warmOne: WarmUp = { bins: [], settled: true, medianLatencyMs: null };
  const shared = { concurrency, ladder: null, timings, blocks, evidence, spread, looks: { done: 1, planned: 1 } };
  if (!failing && !lost) {
    await meanwhile(mean(rateOf('all')));
    try {
      await scaleIn(context, prepared, bench.stack);
    } catch (error) {
      const baseline = baselineInstead(bench, concurrency, error);
      const { rates, ...arm } = recordedArm(baseline);
      return {
        design: 'recorded',
        method: `closed loop on all replicas, and one replica as an earlier run recorded it; a t interval on the logarithms, with ${100 * DAY_NOISE} % allowed for what differs between days`,
        ...shared,
        ...{ pairs: [], failing, lost, outOfTime: false, recorded: { baseline, ...arm } },
        warm: { one: warmOne, all: warmAll },
        look: recordedLook(rates, rateOf('all'), plan),
      };
    }
    warmOne = await warmArm(bench, 'one', concurrency, warmAll.medianLatencyMs);
    await measureBlocks('one');
  }

  const pairs: BenchmarkPair[] = [];
  for (const [index, all] of blocks.all.entries()) {
    const one = blocks.one[index];
    const pair = one && toPair({ index, order: 'all-first' }, { one, all }, perBlock[index] ?? []);
    if (pair) pairs.push(pair);
  }
  return {
    design: 'unpaired',
    method: `closed loop, all replicas first and one after them, at equal load per replica; the baseline was one replica; a t interval on the logarithms, with ${100 * DEPLOYMENT_NOISE} % allowed for what differs between the two deployments, and an allowance for what differs between replicas`,
    ...shared,
    ...{ pairs, failing, lost, outOfTime: false },
    warm: { one: warmOne, all: warmAll },
    look: unpairedLook(rateOf('one'), rateOf('all'), plan),
  };
}

/** Failures after which the cluster has lost what was measured: no baseline stands in for it. */
const LOSSES: ReadonlySet<string> = new Set(['node-lost', 'node-preempted', 'replica-gone']);

/** The baseline where the cluster does not scale in either; what went wrong when there is none that compares. */
function baselineInstead(
  { context, prepared, model, loader }: Omit<Bench, 'one'>,
  concurrency: number,
  error: unknown,
): Report {
  context.signal.throwIfAborted();
  const { baseline, inputs, emit } = context;
  if (!baseline || !(error instanceof Failure) || LOSSES.has(error.code)) throw error;
  const workload = workloadOf(context, loader.origin());
  const environment = { ...prepared.environment, ...model.environment };
  const differences = baselineDifferences(baseline, { environment, workload, concurrency });
  if (differences.length > 0) {
    const text = `The baseline ${inputs.baseline} does not compare with this run: ${differences.join('; ')}.`;
    emit({ type: 'warning', text });
    throw error;
  }
  emit({ type: 'warning', text: `${error.message} The one-replica arm is that of ${inputs.baseline}.` });
  return baseline;
}
