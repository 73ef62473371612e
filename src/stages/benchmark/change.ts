import { textCharsPerToken } from '../../load/answers.ts';
import { changePairAt, changeTimings } from '../../load/change-pairs.ts';
import { type PairTimings, takenMs } from '../../load/pairs.ts';
import { type MeasuredBlock, summarizeArm, summarizeClient } from '../../load/summary.ts';
import type { ArmComparison, Benchmark, ChangePair } from '../../report/model.ts';
import { type ChangeLook, type ChangePlan, changeLook, nodeSpread } from '../../verdict/change.ts';
import { judgeChange } from '../../verdict/change-evidence.ts';
import { wholeRounds } from '../../verdict/decide.ts';
import type { BlockEvidence } from '../../verdict/evidence.ts';
import { vetoesOfPart } from '../../verdict/lost.ts';
import { withQuality } from '../../verdict/quality.ts';
import type { StageContext } from '../context.ts';
import { type Arm, type ComparedStack, openArm } from './change-arms.ts';
import { judgeControl, measureControl } from './change-control.ts';
import { emptyMeasures, measureStacks, stackFigures } from './change-figures.ts';
import { changeReasons, changeText, changeVerdict } from './change-text.ts';
import { type Edge, firstEdge, hasTime, takeLoad, timingsOf, warmWith } from './load.ts';
import { openLoader } from './loaders.ts';
import { isLost } from './lost.ts';
import { closeReplicaWays, waysTo } from './one-replica.ts';
import { measureQuality } from './quality.ts';

/**
 * One-sided chance of a false `regressed`, and of a false `no-worse`, over all looks together. The t quantile at the limits
 * spends a little more.
 */
export const CHANGE_ALPHA = 0.011;

/**
 * The plan of the pairs, from the inputs of the scaling: as much load, in more and shorter pairs. `shorter` is the length of
 * a pair of the scaling over that of a pair here. A round has each replica under test first and second.
 */
export function changePlan(
  { pairs, maxSlowdown }: Pick<StageContext['inputs'], 'pairs' | 'maxSlowdown'>,
  { turns, nodes, shorter }: { turns: number; nodes: ChangePlan['nodes']; shorter: number },
): ChangePlan {
  const { minSpeedup: _, ...plan } = wholeRounds(
    {
      minPairs: Math.ceil(shorter * pairs.min),
      maxPairs: Math.floor(shorter * pairs.max),
      minSpeedup: 1,
      alpha: CHANGE_ALPHA,
    },
    2 * turns,
  );
  return { ...plan, maxSlowdown, nodes };
}

/**
 * The stack under test against the base stack, in interleaved pairs of blocks at equal load, until the interval of the ratio
 * decides or the budget of pairs is spent. Throws a Failure where the gateway gives no way to a replica.
 */
export async function measureChange(
  context: StageContext,
  stacks: Record<'head' | 'base', ComparedStack>,
  scaling: Pick<Benchmark, 'concurrencyPerReplica' | 'pairs'>,
): Promise<ArmComparison> {
  const isWhole = context.inputs.baseReplicas === 'all';
  const concurrency = scaling.concurrencyPerReplica * (isWhole ? stacks.head.prepared.service.replicas : 1);
  const loader = await openLoader(context, stacks.head.prepared, stacks.head.stack);
  try {
    const head = await openArm(context, 'head', stacks.head, { isWhole, loader });
    const base = await openArm(context, 'base', stacks.base, { isWhole, loader });
    return await compare(context, { head, base }, { isWhole, concurrency, scaling });
  } finally {
    await loader.close();
    if (!isWhole) {
      for (const { prepared, stack } of [stacks.head, stacks.base])
        await closeReplicaWays(context, prepared, waysTo(stack));
    }
  }
}

interface Collected {
  blocks: Record<Arm['name'], MeasuredBlock[]>;
  evidence: BlockEvidence[];
  pairs: ChangePair[];
  look: ChangeLook;
  failing: boolean;
  /** Nothing that follows could have made it count. */
  lost: boolean;
  outOfTime: boolean;
}

async function compare(
  context: StageContext,
  arms: Record<Arm['name'], Arm>,
  { isWhole, concurrency, scaling }: { isWhole: boolean; concurrency: number; scaling: Pick<Benchmark, 'pairs'> },
): Promise<ArmComparison> {
  const { inputs } = context;
  const turns = arms.head.ways.length;
  const nodes = isWhole ? { head: arms.head.replicas, base: arms.base.replicas } : { head: turns, base: 1 };
  const medianLatencyMs = await warmArms(context, arms, concurrency);
  const ofScaling = timingsOf({ context }, medianLatencyMs);
  const mostMs = ofScaling.oneMs + ofScaling.allMs;
  const timings = changeTimings({ mostMs, medianLatencyMs });
  const shorter = mostMs / (timings.oneMs + timings.allMs);
  const plan = changePlan(inputs, { turns, nodes, shorter });
  const spread = isWhole
    ? nodeSpread(scaling.pairs.map(({ baseline = null, ...pair }) => ({ ...pair, baseline })))
    : null;
  const control = await measureControl(context, arms.base, { timings, concurrency });
  const collected = await collect(context, arms, { plan, timings, concurrency, spread });
  const { blocks, evidence, pairs, look, failing, lost, outOfTime } = collected;
  const summaries = { head: summarizeArm(blocks.head), base: summarizeArm(blocks.base) };
  const ceilingPerSecond = arms.head.loaded.loader.ceilingPerSecond();
  const client = { ...summarizeClient([...blocks.head, ...blocks.base]), ceilingPerSecond };
  const controlled = judgeControl(control, pairs);
  const judged = judgeChange({
    arms: { head: summaries.head.evidence, base: summaries.base.evidence },
    pickers: { head: arms.head.isPickerShared, base: arms.base.isPickerShared },
    textCharsPerToken: { head: textCharsPerToken(blocks.head), base: textCharsPerToken(blocks.base) },
    blocks: [...(control?.evidence ?? []), ...evidence],
    client,
  });
  const findings = {
    vetoes: [...(lost || failing ? vetoesOfPart(judged.vetoes) : judged.vetoes), ...controlled.vetoes],
    warnings: [...judged.warnings, ...controlled.warnings],
  };
  const isSound = !failing && findings.vetoes.length === 0;
  const rates = { head: summaries.head.figures.requestsPerSecond, base: summaries.base.figures.requestsPerSecond };
  const measures = isSound
    ? await measureStacks(context, arms, rates)
    : { head: emptyMeasures(), base: emptyMeasures() };
  const figures = (name: Arm['name']) =>
    stackFigures(arms[name], { load: summaries[name].figures, blocks: blocks[name], measures: measures[name] });
  const stacks = { head: await figures('head'), base: await figures('base') };
  const quality = await measureQuality(context, arms, { concurrency, isFailing: failing });
  const { round = 1 } = plan;
  const looks = {
    done: Math.max(0, Math.floor((pairs.length - plan.minPairs) / round) + 1),
    planned: (plan.maxPairs - plan.minPairs) / round + 1,
    stopped: outOfTime ? ('time' as const) : stopOf(look),
  };
  const verdict = changeVerdict(look, findings.vetoes);
  const comparison: ArmComparison = {
    name: 'change',
    verdict,
    reasons: changeReasons(verdict, { look, plan, looks, pairs: pairs.length, vetoes: findings.vetoes }),
    ratio: look.estimate,
    limit: 1 - inputs.maxSlowdown,
    arms: [arms.head, arms.base].map(({ name, replicas, loaded }) => ({
      ...{ name, replicas, concurrency, service: loaded.prepared.service.name },
      requestsPerSecond: rates[name],
    })),
    pairs: pairs.length,
    change: {
      baseReplicas: inputs.baseReplicas,
      method: methodText(isWhole, turns),
      pairs,
      ...stacks,
      ...findings,
      looks,
      ...(controlled.figures ? { control: controlled.figures } : {}),
      nodeDeviation: look.nodeDeviation,
    },
  };
  return withQuality(comparison, quality);
}

/** Warms both arms. Returns the larger of their median latencies, milliseconds. */
async function warmArms(context: StageContext, arms: Record<Arm['name'], Arm>, concurrency: number): Promise<number> {
  let slowest: number | null = null;
  for (const arm of [arms.base, arms.head]) {
    const [way] = arm.ways;
    if (!way) throw new RangeError(`the ${arm.name} has no way`);
    const given = { arm: arm.name, title: arm.title, concurrency, part: `change/${arm.name}`, latencyMs: slowest };
    const { medianLatencyMs } = await warmWith(arm.loaded, way.source, given);
    slowest = Math.max(slowest ?? 0, medianLatencyMs ?? 0);
    context.signal.throwIfAborted();
  }
  return slowest ?? 0;
}

async function collect(
  context: StageContext,
  arms: Record<Arm['name'], Arm>,
  {
    plan,
    timings,
    concurrency,
    spread,
  }: { plan: ChangePlan; timings: PairTimings; concurrency: number; spread: ReturnType<typeof nodeSpread> },
): Promise<Collected> {
  const found: Collected = {
    blocks: { head: [], base: [] },
    evidence: [],
    pairs: [],
    look: { estimate: null, decision: 'continue', nodeDeviation: 0 },
    failing: false,
    lost: false,
    outOfTime: false,
  };
  const edges: Record<Arm['name'], Edge> = {
    head: await firstEdge(arms.head.loaded),
    base: await firstEdge(arms.base.loaded),
  };
  const rotation = { timings, concurrency, replicas: arms.head.ways.length, seed: context.runKey };
  const { round = 1 } = plan;
  for (let index = 0; found.look.decision === 'continue' && !found.failing && !found.lost; index += 1) {
    const pairMs = takenMs([timings.oneMs, timings.allMs], timings);
    if (index > 0 && !hasTime(context, (round - (index % round)) * pairMs)) return { ...found, outOfTime: true };
    const pairPlan = changePairAt(index, rotation);
    const rate = { head: 0, base: 0 };
    for (const block of pairPlan.blocks) {
      const arm = arms[block.arm];
      const way = arm.ways[block.arm === 'head' ? pairPlan.replica : 0];
      if (!way) throw new RangeError(`there is no way ${pairPlan.replica} of the ${block.arm}`);
      const readyWanted = arm.loaded.prepared.service.replicas;
      const edge = { before: edges[block.arm], readyWanted, baseline: way.pod };
      // The same prompts to both: they differ in nothing, and neither has the cache of the other.
      const part = `change-${index}`;
      const taken = await takeLoad(arm.loaded, way.source, { block, timings, part }, edge);
      edges[block.arm] = taken.after;
      found.evidence.push(taken.evidence);
      found.blocks[block.arm].push(taken.measured);
      rate[block.arm] = taken.measured.window.requestsPerSecond;
      found.failing ||= taken.measured.run.ended === 'failing';
    }
    if (!(rate.head > 0 && rate.base > 0)) break;
    const pair: ChangePair = {
      index,
      order: pairPlan.order,
      replica: arms.head.ways[pairPlan.replica]?.pod ?? null,
      headRequestsPerSecond: rate.head,
      baseRequestsPerSecond: rate.base,
      ratio: rate.head / rate.base,
    };
    found.pairs.push(pair);
    found.look = changeLook(found.pairs, plan, spread);
    context.emit({ type: 'round', stage: 'benchmark', text: changeText(pair, found.look, plan) });
    const goesOn = found.look.decision === 'continue' && !found.failing;
    const soFar = { ...found, pairs: found.pairs.length, maxPairs: plan.maxPairs };
    found.lost = goesOn && isLost(context, soFar);
  }
  return found;
}

function stopOf({ decision }: ChangeLook): 'no-worse' | 'regressed' | 'budget' | 'aborted' {
  if (decision === 'no-worse' || decision === 'regressed') return decision;
  return decision === 'exhausted' ? 'budget' : 'aborted';
}

function methodText(isWhole: boolean, turns: number): string {
  const what = isWhole
    ? 'both stacks whole'
    : `one replica of the base stack against each of ${turns} replicas under test in turn, each by a way of its own through its endpoint picker`;
  return `closed loop in interleaved pairs at equal load, ${what}; the same prompts to both; least squares with an effect of the order, t interval on the logarithm at limits with Pocock-type spending, with what nodes differ by`;
}
