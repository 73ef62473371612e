import { pairTimings } from '../load/pairs.ts';
import { type MeasuredBlock, measureBlock, toPair } from '../load/summary.ts';
import type { WarmUp } from '../load/warm-up.ts';
import type { ArmName, BenchmarkPair, PodCount } from '../report/model.ts';
import type { DecisionPlan } from '../verdict/decide.ts';
import type { BlockEvidence } from '../verdict/evidence.ts';
import { DEPLOYMENT_NOISE, unpairedLook } from '../verdict/unpaired.ts';
import { blockEvidence, ownTraffic } from './benchmark-evidence.ts';
import { type Bench, runOne, warmArm } from './benchmark-load.ts';
import type { Collected } from './benchmark-pairs.ts';
import { servedBetween, settled, snapshot } from './counters.ts';
import { scaleIn } from './scale-in.ts';

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
  const { context, prepared, stack } = bench;
  const { inputs, emit } = context;
  const { replicas } = prepared.service;
  const concurrency = inputs.concurrency === 'auto' ? USUAL_CONCURRENCY : inputs.concurrency;
  context.report.plan.concurrency = concurrency;
  const count = plan.minPairs;
  const blocks: Record<ArmName, MeasuredBlock[]> = { one: [], all: [] };
  const evidence: BlockEvidence[] = [];
  const spread = new Map<string, number>();
  const perBlock: PodCount[][] = [];
  let failing = false;

  const warmAll = await warmArm(bench, 'all', concurrency);
  const timings = pairTimings({
    pairMs: inputs.pairDurationMs,
    expectedSpeedup: (inputs.target.minSpeedup + inputs.target.expectedMaxSpeedup) / 2,
    medianLatencyMs: warmAll.medianLatencyMs ?? 0,
  });
  const measureBlocks = async (arm: ArmName) => {
    const inFlight = arm === 'one' ? concurrency : concurrency * replicas;
    let before = await snapshot(context, prepared, stack);
    for (let index = 0; index < count && !failing; index += 1) {
      const durationMs = arm === 'one' ? timings.oneMs : timings.allMs;
      const block = { arm, pair: index, block: index + (arm === 'one' ? count : 0), durationMs, concurrency: inFlight };
      const run = await runOne(bench, block, timings);
      const after = await settled(context, prepared, stack, before, run.records.length);
      evidence.push({ ...blockEvidence(block, run, before, after), readyWanted: arm === 'one' ? 1 : replicas });
      if (arm === 'all') {
        const served = ownTraffic(servedBetween(before, after), run.records.length);
        perBlock.push(served);
        for (const { pod, requests } of served) spread.set(pod, (spread.get(pod) ?? 0) + requests);
      }
      before = after;
      const measured = measureBlock(run, timings.trimMs);
      blocks[arm].push(measured);
      failing ||= run.ended === 'failing';
      context.signal.throwIfAborted();
      emit({
        type: 'round',
        stage: 'benchmark',
        text: `block ${index + 1} of ${count} of ${arm === 'one' ? 'one replica' : 'all replicas'}: ${measured.window.requestsPerSecond.toFixed(1)} req/s`,
      });
    }
  };

  await measureBlocks('all');
  const rateOf = (arm: ArmName) => blocks[arm].map(({ window }) => window.requestsPerSecond);
  const sustained = rateOf('all').reduce((sum, rate) => sum + rate, 0) / Math.max(1, blocks.all.length);
  let warmOne: WarmUp = { bins: [], settled: true, medianLatencyMs: null };
  if (!failing) {
    await meanwhile(sustained);
    await scaleIn(context, prepared);
    warmOne = await warmArm(bench, 'one', concurrency);
    await measureBlocks('one');
  }

  const pairs: BenchmarkPair[] = [];
  for (const [index, all] of blocks.all.entries()) {
    const one = blocks.one[index];
    const pair = one && toPair({ index, order: 'all-first' }, { one, all }, perBlock[index] ?? []);
    if (pair) pairs.push(pair);
  }
  return {
    method: `closed loop, all replicas first and one after them, at equal load per replica; Welch's t interval on the logarithms, with ${100 * DEPLOYMENT_NOISE} % allowed for what differs between the two deployments`,
    ...{ plan, concurrency, ladder: null, timings, blocks, evidence, pairs, spread, failing },
    warm: { one: warmOne, all: warmAll },
    look: unpairedLook(rateOf('one'), rateOf('all'), plan),
    looks: { done: 1, planned: 1 },
  };
}
