import { Failure } from '../../lib/failure.ts';
import { answerEvidence } from '../../load/answers.ts';
import { summarizeArm, summarizeClient } from '../../load/summary.ts';
import type {
  ArmFigures,
  ArmName,
  Benchmark,
  Finding,
  GoodputFigures,
  LatencyFigures,
  Report,
  RunbookFigures,
} from '../../report/model.ts';
import {
  DEFAULT_DECISION,
  type DecisionPlan,
  type Look,
  scalingEfficiency,
  wholeRounds,
} from '../../verdict/decide.ts';
import { vetoesOfPart } from '../../verdict/lost.ts';
import { ARM_TITLE, judgePlausibility } from '../../verdict/plausibility.ts';
import { runbookFindings } from '../../verdict/runbook.ts';
import type { LatencySamples } from '../../verdict/slo-latency.ts';
import { spreadOf, standingOut } from '../../verdict/spread.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import type { VerifiedModel } from '../verify/verify.ts';
import { noteSpread } from './evidence.ts';
import { watchGateway } from './gateway-watch.ts';
import { refuseGone } from './gone-replicas.ts';
import { measureGoodput } from './goodput.ts';
import { measureLatency } from './latency.ts';
import { type Bench, envelopeBytes, hasTime } from './load.ts';
import { openLoader } from './loaders.ts';
import { closeReplicaWays, openReplicaWays, REFUSALS, type ReplicaWays, waysTo } from './one-replica.ts';
import { type Collected, collectPairs } from './pairs.ts';
import { runbook } from './runbook.ts';
import { vetoOfSilence } from './stopped.ts';
import { extrasMs, leftOut } from './text.ts';
import { collectUnpaired } from './unpaired.ts';
import { wayValue } from './way-objects.ts';
import { workloadOf } from './workload.ts';

export interface Measured {
  benchmark: Benchmark;
  runbook: RunbookFigures | null;
  /** Of the latency step, for the limits of `slo`; null where it was not made. */
  samples: LatencySamples | null;
}

/**
 * One replica against all, in interleaved pairs of blocks at equal load per replica, each replica in turn, until the interval of the ratio
 * clears the target on either side or the budget of pairs is spent.
 */
export async function benchmark(
  context: StageContext,
  prepared: Prepared,
  stack: ReadyStack,
  model: VerifiedModel,
): Promise<Measured> {
  const { inputs } = context;
  const { replicas } = prepared.service;
  const plan: DecisionPlan = {
    minPairs: inputs.pairs.min,
    maxPairs: inputs.pairs.max,
    minSpeedup: inputs.target.minSpeedup,
    alpha: DEFAULT_DECISION.alpha,
  };
  const loader = await openLoader(context, prepared, stack);
  const base = { context, prepared, stack, model, loader, watch: watchGateway(context, stack.route.gateway) };
  let pods = waysTo(stack);
  const sourceOf = (...ways: string[]) => loader.source({ stack, model }, ways);
  try {
    const one = await waysOrReason(context, prepared, stack, model);
    const all = sourceOf(wayValue(context.runKey, 'all'));
    if ('reason' in one) {
      context.emit({
        type: 'warning',
        text: `${one.reason} The one-replica arm is measured after the others are gone.`,
      });
      await closeReplicaWays(context, prepared, pods);
      pods = [];
      const bench = { ...base, sources: { replicas: [all], all, direct: all } };
      let extras = NO_EXTRAS;
      const collected = await collectUnpaired(bench, plan, async (sustained) => {
        extras = await measureExtras(base, sustained);
      });
      const description = `the service scaled in to one replica after the all-replicas arm, since the gateway refused a route to one: ${one.reason}`;
      return await conclude(base, collected, { description, extras });
    }
    const ways = one.replicas.map(({ way }) => way);
    const sources = { replicas: ways.map((way) => sourceOf(way)), all, direct: sourceOf(...ways) };
    const bench = { ...base, one, sources };
    return await conclude(base, await collectPairs(bench, wholeRounds(plan, replicas)), {
      description: one.description,
      isPickerShared: one.isPickerShared,
      ways: { one: one.replicas[0]?.way ?? '', all: wayValue(context.runKey, 'all') },
    });
  } finally {
    await loader.close();
    await closeReplicaWays(context, prepared, pods);
  }
}

/** The ways to the single replicas, or why the gateway does not give them. */
async function waysOrReason(
  context: StageContext,
  prepared: Prepared,
  stack: ReadyStack,
  { modelId }: VerifiedModel,
): Promise<ReplicaWays | { reason: string }> {
  try {
    return await openReplicaWays(context, prepared, stack, modelId);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof Failure && REFUSALS.has(error.code))) throw error;
    // Of a replica that went away, the API refuses the mark.
    await refuseGone(context, prepared, stack);
    return { reason: error.message };
  }
}

interface Extras {
  latency: LatencyFigures | null;
  samples: LatencySamples | null;
  goodput: GoodputFigures | null;
  runbook: RunbookFigures | null;
  vetoes: Finding[];
  warnings: Finding[];
}

const NO_EXTRAS: Extras = {
  ...{ latency: null, samples: null, goodput: null, runbook: null },
  ...{ vetoes: [], warnings: [] },
};

/**
 * Goodput only with `paired`, where both arms are there when they are measured side by side. A service that falls silent on the
 * way has a veto in place of what follows.
 */
async function measureExtras(
  bench: Omit<Bench, 'one' | 'sources'>,
  sustained: number,
  paired?: { ways: Record<ArmName, string>; arms: Record<ArmName, ArmFigures> },
): Promise<Extras> {
  const extras: Extras = { ...NO_EXTRAS };
  try {
    const latency = await measureLatency(bench, sustained);
    Object.assign(extras, { latency: latency?.figures ?? null, samples: latency?.samples ?? null });
    if (paired) {
      const { goodput, findings } = await measureGoodput(bench, paired.ways, paired.arms);
      Object.assign(extras, { goodput, warnings: findings });
    }
    extras.runbook = bench.context.inputs.runbook ? await runbook(bench) : null;
    const odd = extras.runbook ? runbookFindings(extras.runbook, bench.prepared.service.replicas) : [];
    return { ...extras, warnings: [...extras.warnings, ...odd] };
  } catch (error) {
    const veto = vetoOfSilence(error);
    if (!veto) throw error;
    // What follows would wait for its deadlines for nothing.
    return { ...extras, vetoes: [veto] };
  }
}

/** Judges what was measured, and adds what is not part of the verdict unless it is there already. */
async function conclude(
  bench: Omit<Bench, 'one' | 'sources'>,
  collected: Collected,
  arm: { description: string; isPickerShared?: boolean } & ({ extras: Extras } | { ways: Record<ArmName, string> }),
): Promise<Measured> {
  const { context, prepared } = bench;
  const { replicas } = prepared.service;
  const {
    design,
    recorded,
    method,
    concurrency,
    ladder,
    warm,
    timings,
    blocks,
    evidence,
    pairs,
    spread,
    look,
    failing,
    lost,
  } = collected;
  const arms = { one: recorded ?? summarizeArm(blocks.one), all: summarizeArm(blocks.all) };
  const ceilingPerSecond = bench.loader.ceilingPerSecond();
  const client = { ...summarizeClient([...blocks.one, ...blocks.all]), ceilingPerSecond };
  const findings = judgePlausibility({
    replicas,
    speedup: look.estimate?.value ?? null,
    arms: { one: arms.one.evidence, all: arms.all.evidence },
    pickerMarked: isMarked(bench.model.routing?.pickerHeader ?? null),
    answers: answerEvidence(blocks, envelopeBytes(bench)),
    pickerShared: arm.isPickerShared ?? false,
    blocks: evidence,
    client,
  });
  if (lost || failing) findings.vetoes = vetoesOfPart(findings.vetoes);
  for (const arm of ['one', 'all'] as const) {
    if (warm[arm].settled) continue;
    findings.warnings.push({
      id: 'warm-up',
      message: `The warm-up of the ${ARM_TITLE[arm]} did not settle in ${warm[arm].bins.length} bins.`,
    });
  }
  if (ladder?.topReached) {
    findings.warnings.push({
      id: 'knee-not-reached',
      message: `One replica still served more at ${concurrency} requests in flight than at half of that; the speedup is for a load that it may not call full.`,
    });
  }
  if (timings.longer) findings.warnings.push({ id: 'long-pairs', message: `Pairs are long: ${timings.longer}.` });
  noteSpread(
    context,
    [...spread].map(([pod, requests]) => ({ pod, requests })),
    replicas,
  );

  const betweenReplicas = spreadOf(pairs.map(({ baseline = null, ...pair }) => ({ ...pair, baseline })));
  const apart = standingOut(betweenReplicas);
  if (apart) findings.warnings.push({ id: 'replica-stands-out', message: apart });
  // A system that does not answer would hold the nodes for as long as each of its requests may take.
  const isSound = !failing && findings.vetoes.length === 0;
  const needed = extrasMs(context.inputs);
  const figures = { one: arms.one.figures, all: arms.all.figures };
  let extras = NO_EXTRAS;
  if ('extras' in arm) extras = arm.extras;
  else if (isSound && needed > 0 && !hasTime(context, needed)) {
    findings.warnings.push(leftOut(needed));
  } else if (isSound) {
    extras = await measureExtras(bench, figures.all.requestsPerSecond, { ways: arm.ways, arms: figures });
  }
  return {
    benchmark: {
      design,
      method,
      concurrencyPerReplica: concurrency,
      ladder: ladder?.rungs ?? null,
      replicas,
      pairs,
      arms: figures,
      speedup: look.estimate,
      ...(collected.ways ? { ways: collected.ways } : {}),
      spread: betweenReplicas,
      efficiency: look.estimate && scalingEfficiency(look.estimate, replicas),
      vetoes: [...findings.vetoes, ...extras.vetoes],
      warnings: [...findings.warnings, ...extras.warnings],
      client,
      looks: { ...collected.looks, stopped: collected.outOfTime ? 'time' : stopOf(look) },
      latency: extras.latency,
      goodput: extras.goodput,
      baseline: recorded ? originOf(recorded.baseline) : null,
      oneReplicaArm: recorded ? recordedText(recorded.baseline) : arm.description,
      workload: workloadOf(context, bench.loader.origin()),
      ...(context.inputs.loadFrom === 'runner' ? {} : { load: bench.loader.origin() }),
    },
    runbook: extras.runbook,
    samples: extras.samples,
  };
}

function originOf({ run, finishedAt }: Report): Benchmark['baseline'] {
  return { url: run.url, sha: run.sha, finishedAt };
}

function recordedText({ run, finishedAt }: Report): string {
  const commit = run.sha ? ` of commit ${run.sha.slice(0, 7)}` : '';
  return `not measured in this run, since the gateway refused a route to one and the service did not scale in; recorded by run ${run.id}${commit}, which ended at ${finishedAt ?? 'an unknown time'}`;
}

function isMarked(header: { seen: number; answers: number } | null): boolean {
  return header !== null && header.answers > 0 && header.seen === header.answers;
}

function stopOf(look: Look): Benchmark['looks']['stopped'] {
  if (look.decision === 'pass' || look.decision === 'fail') return look.decision;
  return look.decision === 'exhausted' ? 'budget' : 'aborted';
}
