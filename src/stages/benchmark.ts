import type { LoadClient } from '../load/client.ts';
import { RUNGS } from '../load/ladder.ts';
import { pairAt, pairTimings } from '../load/pairs.ts';
import { type MeasuredBlock, measureBlock, summarizeArm, summarizeClient, toPair } from '../load/summary.ts';
import type { RequestRecord } from '../load/types.ts';
import type { ArmName, Benchmark, BenchmarkPair, PodCount, RunbookFigures } from '../report/model.ts';
import { DEFAULT_DECISION, type DecisionPlan, type Look, lookAt, scalingEfficiency } from '../verdict/decide.ts';
import type { BlockEvidence } from '../verdict/evidence.ts';
import { judgePlausibility } from '../verdict/plausibility.ts';
import { blockEvidence, ownTraffic, updateSpread } from './benchmark-evidence.ts';
import { type Bench, loadOf, runOne, warmArm } from './benchmark-load.ts';
import { announcePlan, roundText } from './benchmark-text.ts';
import type { Prepared, StageContext } from './context.ts';
import { servedBetween, settled, snapshot } from './counters.ts';
import { measureLatency } from './latency.ts';
import { loadClient } from './load-client.ts';
import { closeOneReplica, openOneReplica } from './one-replica.ts';
import type { ReadyStack } from './ready.ts';
import { runbook } from './runbook.ts';
import type { VerifiedModel } from './verify.ts';
import { promptsText } from './workload.ts';

export interface Measured {
  benchmark: Benchmark;
  runbook: RunbookFigures | null;
  /** Every request of the pairs, for the raw results. */
  records: RequestRecord[];
  originMs: number;
}

/**
 * One replica against all, in interleaved pairs of blocks at equal load per replica, until the interval of the ratio
 * clears the target on either side or the budget of pairs is spent.
 */
export async function benchmark(
  context: StageContext,
  prepared: Prepared,
  stack: ReadyStack,
  model: VerifiedModel,
): Promise<Measured> {
  const { inputs } = context;
  let pod: string | null = null;
  const open: LoadClient[] = [];
  try {
    const one = await openOneReplica(context, prepared, stack);
    pod = one.pod;
    const { hostname } = stack.route;
    const most = inputs.concurrency === 'auto' ? Math.max(...RUNGS) : inputs.concurrency;
    const clients = {
      one: loadClient(one.endpoint, hostname, most, inputs.maxTokens),
      all: loadClient(stack.route.endpoint, hostname, most * prepared.service.replicas, inputs.maxTokens),
    };
    open.push(clients.one, clients.all);
    return await measure({ context, prepared, stack, model, one, clients });
  } finally {
    await Promise.all(open.map((client) => client.close()));
    await closeOneReplica(context, prepared, pod);
  }
}

async function measure(bench: Bench): Promise<Measured> {
  const { context, prepared, stack, one } = bench;
  const { inputs, emit } = context;
  const { replicas } = prepared.service;
  const plan: DecisionPlan = {
    minPairs: inputs.pairs.min,
    maxPairs: inputs.pairs.max,
    minSpeedup: inputs.target.minSpeedup,
    alpha: DEFAULT_DECISION.alpha,
  };
  const originMs = performance.now();
  const { concurrency, ladder, warmOne } = await loadOf(bench);
  context.report.plan.concurrency = concurrency;
  const warm = { one: warmOne, all: await warmArm(bench, 'all', concurrency) };
  const medianLatencyMs = Math.max(warm.one.medianLatencyMs ?? 0, warm.all.medianLatencyMs ?? 0);
  const timings = pairTimings({
    pairMs: inputs.pairDurationMs,
    expectedSpeedup: (inputs.target.minSpeedup + inputs.target.expectedMaxSpeedup) / 2,
    medianLatencyMs,
  });
  announcePlan(bench, plan, timings, warm, replicas);

  const blocks: Record<ArmName, MeasuredBlock[]> = { one: [], all: [] };
  const evidence: BlockEvidence[] = [];
  const pairs: BenchmarkPair[] = [];
  const spread = new Map<string, number>();
  let look: Look = { estimate: null, decision: 'continue' };
  let failing = false;
  let before = await snapshot(context, prepared, stack);
  for (let index = 0; look.decision === 'continue' && !failing; index += 1) {
    const pairPlan = pairAt(index, { timings, concurrencyPerReplica: concurrency, replicas });
    const measured: Partial<Record<ArmName, MeasuredBlock>> = {};
    let perPod: PodCount[] = [];
    for (const block of pairPlan.blocks) {
      const run = await runOne(bench, block, timings);
      const after = await settled(context, prepared, stack, before, run.records.length);
      evidence.push(blockEvidence(block, run, before, after));
      if (block.arm === 'all') perPod = ownTraffic(servedBetween(before, after), run.records.length);
      before = after;
      measured[block.arm] = measureBlock(run, timings.trimMs);
      blocks[block.arm].push(measured[block.arm] as MeasuredBlock);
      failing ||= run.ended === 'failing';
      context.signal.throwIfAborted();
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
  }

  const arms = { one: summarizeArm(blocks.one), all: summarizeArm(blocks.all) };
  const client = summarizeClient([...blocks.one, ...blocks.all]);
  const findings = judgePlausibility({
    replicas,
    speedup: look.estimate?.value ?? null,
    arms: { one: arms.one.evidence, all: arms.all.evidence },
    pickerMarked: isMarked(context.report.routing?.pickerHeader ?? null),
    blocks: evidence,
    client,
  });
  for (const arm of ['one', 'all'] as const) {
    if (warm[arm].settled) continue;
    findings.warnings.push({
      id: 'warm-up',
      message: `The warm-up of the ${arm === 'one' ? 'one-replica' : 'all-replicas'} arm did not settle in ${warm[arm].bins.length} bins.`,
    });
  }
  if (ladder?.topReached) {
    findings.warnings.push({
      id: 'knee-not-reached',
      message: `One replica still served more at ${concurrency} requests in flight than at half of that; the speed-up is for a load that it may not call full.`,
    });
  }
  if (timings.problem) findings.warnings.push({ id: 'short-window', message: `Pairs are short: ${timings.problem}.` });
  updateSpread(
    context,
    [...spread].map(([pod, requests]) => ({ pod, requests })),
    replicas,
  );

  // A system that does not answer would hold the nodes for as long as each of its requests may take.
  const isSound = !failing && findings.vetoes.length === 0;
  const latency = isSound ? await measureLatency(bench, arms.all.figures.requestsPerSecond) : null;
  return {
    benchmark: {
      method:
        'closed loop in interleaved pairs at equal load per replica; log-ratio t interval with Pocock-type spending',
      concurrencyPerReplica: concurrency,
      ladder: ladder?.rungs ?? null,
      replicas,
      pairs,
      arms: { one: arms.one.figures, all: arms.all.figures },
      speedup: look.estimate,
      efficiency: look.estimate && scalingEfficiency(look.estimate, replicas),
      vetoes: findings.vetoes,
      warnings: findings.warnings,
      client,
      looks: {
        done: Math.max(0, pairs.length - plan.minPairs + 1),
        planned: plan.maxPairs - plan.minPairs + 1,
        stopped: stopOf(look),
      },
      latency,
      oneReplicaArm: one.description,
      workload: {
        promptTokens: inputs.promptTokens,
        maxTokens: inputs.maxTokens,
        description: `${promptsText(context)}, exactly ${inputs.maxTokens} output tokens`,
      },
    },
    runbook: inputs.runbook && isSound ? await runbook(bench) : null,
    records: [...blocks.one, ...blocks.all].flatMap(({ run }) => run.records),
    originMs,
  };
}

function isMarked(header: { seen: number; answers: number } | null): boolean {
  return header !== null && header.answers > 0 && header.seen === header.answers;
}

function stopOf(look: Look): Benchmark['looks']['stopped'] {
  if (look.decision === 'pass' || look.decision === 'fail') return look.decision;
  return look.decision === 'exhausted' ? 'budget' : 'aborted';
}
