import type { LoadClient } from '../load/client.ts';
import { type BlockRun, runBlock } from '../load/closed-loop.ts';
import { type BlockPlan, type PairTimings, pairAt, pairTimings } from '../load/pairs.ts';
import { requestBody } from '../load/prompts.ts';
import { type MeasuredBlock, measureBlock, summarizeArm, summarizeClient, toPair } from '../load/summary.ts';
import type { RequestRecord } from '../load/types.ts';
import { type WarmUp, warmUp } from '../load/warm-up.ts';
import type { ArmName, Benchmark, BenchmarkPair, PodCount, RunbookFigures } from '../report/model.ts';
import { DEFAULT_DECISION, type DecisionPlan, type Look, lookAt, scalingEfficiency } from '../verdict/decide.ts';
import type { BlockEvidence } from '../verdict/evidence.ts';
import { judgePlausibility } from '../verdict/plausibility.ts';
import { blockEvidence, ownTraffic, updateSpread } from './benchmark-evidence.ts';
import { announcePlan, roundText } from './benchmark-text.ts';
import type { Prepared, StageContext } from './context.ts';
import { servedBetween, settled, snapshot } from './counters.ts';
import { measureLatency } from './latency.ts';
import { loadClient } from './load-client.ts';
import { closeOneReplica, type OneReplica, openOneReplica } from './one-replica.ts';
import type { ReadyStack } from './ready.ts';
import { runbook } from './runbook.ts';
import type { VerifiedModel } from './verify.ts';
import { promptsOf, promptsText } from './workload.ts';

const WARM_UP_BINS = 8;
export interface Measured {
  benchmark: Benchmark;
  runbook: RunbookFigures | null;
  /** Every request of the pairs, for the raw results. */
  records: RequestRecord[];
  originMs: number;
}

interface Bench {
  context: StageContext;
  prepared: Prepared;
  stack: ReadyStack;
  model: VerifiedModel;
  one: OneReplica;
  clients: Record<ArmName, LoadClient>;
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
    const clients = {
      one: loadClient(one.endpoint, hostname, inputs.concurrency, inputs.maxTokens),
      all: loadClient(stack.route.endpoint, hostname, inputs.concurrency * prepared.service.replicas, inputs.maxTokens),
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
  const warm = { one: await warmArm(bench, 'one'), all: await warmArm(bench, 'all') };
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
    const pairPlan = pairAt(index, { timings, concurrencyPerReplica: inputs.concurrency, replicas });
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
      concurrencyPerReplica: inputs.concurrency,
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

function warmArm(bench: Bench, arm: ArmName): Promise<WarmUp> {
  const { context, prepared } = bench;
  const { inputs } = context;
  const concurrency = inputs.concurrency * (arm === 'all' ? prepared.service.replicas : 1);
  const prompts = promptsOf(context, `warm/${arm}`);
  const started = context.clock.now();
  return warmUp({
    maxBins: WARM_UP_BINS,
    runBin: async (index) => {
      const run = await runBlock({
        client: bench.clients[arm],
        concurrency,
        nextBody: () => body(bench, prompts()),
        arm,
        block: -1 - index,
        durationMs: inputs.pairDurationMs / 6,
        signal: context.signal,
      });
      context.signal.throwIfAborted();
      const valid = run.records.filter((record) => record.valid).length;
      context.emit({
        type: 'waiting',
        stage: 'benchmark',
        what: `a steady ${arm === 'one' ? 'one-replica' : 'all-replicas'} arm`,
        seen: `warm-up ${index + 1}: ${valid} of ${run.records.length} answers valid`,
        elapsedMs: context.clock.now() - started,
        limitMs: (inputs.pairDurationMs / 6) * WARM_UP_BINS,
      });
      return run;
    },
  });
}

function runOne(bench: Bench, block: BlockPlan, timings: PairTimings): Promise<BlockRun> {
  const { context } = bench;
  const prompts = promptsOf(context, `pair-${block.pair}/${block.arm}`);
  return runBlock({
    client: bench.clients[block.arm],
    concurrency: block.concurrency,
    nextBody: () => body(bench, prompts()),
    arm: block.arm,
    block: block.block,
    durationMs: block.durationMs,
    rampMs: timings.rampMs,
    signal: context.signal,
  });
}

function body(bench: Bench, prompt: string): Buffer {
  const { modelId } = bench.model;
  return requestBody(prompt, {
    api: 'completions',
    model: modelId,
    maxTokens: bench.context.inputs.maxTokens,
    fixedLength: true,
  });
}

function isMarked(header: { seen: number; answers: number } | null): boolean {
  return header !== null && header.answers > 0 && header.seen === header.answers;
}

function stopOf(look: Look): Benchmark['looks']['stopped'] {
  if (look.decision === 'pass' || look.decision === 'fail') return look.decision;
  return look.decision === 'exhausted' ? 'budget' : 'aborted';
}
