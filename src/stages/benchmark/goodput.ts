import { percentUpTo } from '../../lib/number.ts';
import { RATE_SHARES, searchGoodput, withinShareOf } from '../../load/goodput.ts';
import type { OpenResult } from '../../load/open-source.ts';
import { openSilenceMs } from '../../load/silence.ts';
import { windowTimes } from '../../load/window-times.ts';
import type { ArmFigures, ArmName, Finding, GoodputArm, GoodputFigures, GoodputProbe } from '../../report/model.ts';
import { LIMITS } from '../../verdict/limits.ts';
import { percentilesOf } from '../../verdict/statistics.ts';
import type { StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import type { VerifiedModel } from '../verify/verify.ts';
import type { Loader } from './loader.ts';
import { stoppedAnswering } from './stopped.ts';
import { replicasOf } from './text.ts';

/** Fewer tell a p95 from chance badly. */
const WANTED_REQUESTS = 100;
/** Blocks of the pairs have numbers from 0. */
const BLOCK = -300;

interface ServedBench {
  context: StageContext;
  stack: Pick<ReadyStack, 'route'>;
  model: Pick<VerifiedModel, 'modelId'>;
  loader: Pick<Loader, 'open'>;
}

/**
 * Iso-latency goodput: the highest rate at which each arm answers 95 % of its requests within one limit, in an open loop
 * with Poisson arrivals. Part of the verdict where the input `slo` limits it. Null with a finding when the load client was kept from its work.
 */
export async function measureGoodput(
  bench: ServedBench,
  ways: Record<ArmName, string>,
  arms: Record<ArmName, ArmFigures>,
): Promise<{ goodput: GoodputFigures | null; findings: Finding[] }> {
  const { goodputSloMs, latencyDurationMs } = bench.context.inputs;
  const own = arms.one.latencyMs?.p95.value ?? null;
  const sloMs = goodputSloMs === 'auto' ? own : goodputSloMs;
  if (sloMs === null || sloMs === 'off' || latencyDurationMs === 0) return { goodput: null, findings: [] };
  const at = (arm: ArmName) => ({ arm, way: ways[arm], throughput: arms[arm].requestsPerSecond, sloMs });
  const one = await searchArm(bench, at('one'));
  const all = await searchArm(bench, at('all'));
  return judged(
    {
      sloMs,
      sloSource: goodputSloMs === 'auto' ? 'one-replica-p95' : 'given',
      arms: { one: one.found, all: all.found },
      ratio: ratioOf({ one: one.found, all: all.found }),
    },
    (one.stalledMs + all.stalledMs) / (one.loadMs + all.loadMs),
  );
}

/** The figures, unless the load client was stopped so often that they are its own. Pure. */
export function judged(
  goodput: GoodputFigures,
  stalledShare: number,
): { goodput: GoodputFigures | null; findings: Finding[] } {
  if (!(stalledShare > LIMITS.stalledShare)) return { goodput, findings: [] };
  const message = `Goodput is left out: the machine did not let the load generator run for ${percentUpTo(stalledShare)} of its time.`;
  return { goodput: null, findings: [{ id: 'goodput-starved', message }] };
}

/**
 * How long a rate is offered, in milliseconds: half of `latency-duration`, or up to twice that where a hundred requests need
 * it.
 *
 * The closed loop has shown that the arm keeps up with rates below its throughput. At a rate above it by a share x, the queue
 * grows by x seconds each second, and the first requests are late once it is as long as the limit. A rate must be offered
 * for twice as long, so that half of its requests would be late, where one in twenty may be. `isShown` is false where
 * that takes too long.
 */
function probeOf(
  ratePerSecond: number,
  { throughput, sloMs }: Pick<SearchedArm, 'throughput' | 'sloMs'>,
  latencyDurationMs: number,
): { ratePerSecond: number; durationMs: number; isShown: boolean } {
  const longestMs = 2 * latencyDurationMs;
  const wantedMs = (WANTED_REQUESTS / ratePerSecond) * 1_000;
  const shownMs = ratePerSecond > throughput ? (2 * sloMs) / (ratePerSecond / throughput - 1) : 0;
  return {
    ratePerSecond,
    durationMs: Math.min(longestMs, Math.max(latencyDurationMs / 2, wantedMs, shownMs)),
    // Shares of a rate are not exact.
    isShown: shownMs <= longestMs * (1 + 1e-9),
  };
}

interface SearchedArm {
  arm: ArmName;
  way: string;
  /** In a closed loop, requests per second. */
  throughput: number;
  sloMs: number;
}

/** Searches the goodput of one arm around the throughput that it has in a closed loop. */
export async function searchArm(
  bench: ServedBench,
  arm: SearchedArm,
): Promise<{ found: GoodputArm; stalledMs: number; loadMs: number }> {
  let [stalledMs, loadMs] = [0, 0];
  const { emit, inputs } = bench.context;
  const plans = RATE_SHARES.map((share) => probeOf(share * arm.throughput, arm, inputs.latencyDurationMs));
  const tried = plans.filter(({ isShown }) => isShown);
  if (tried.length < plans.length) {
    const text = `goodput of ${replicasOf(arm.arm)}: no rate above the throughput is tried, since within twice "latency-duration" overload would not show against ${Math.round(arm.sloMs)} ms`;
    emit({ type: 'fact', stage: 'benchmark', text });
  }
  const found = await searchGoodput(tried, async (plan) => {
    const { probe, self } = await probeRate(bench, { ...arm, ...plan });
    stalledMs += self.stalledMs;
    loadMs += self.loadMs;
    return probe;
  });
  return { found, stalledMs, loadMs };
}

/** All over one, with the ratios of the rates between which the true ones lie. */
export function ratioOf({ one, all }: Record<ArmName, GoodputArm>): GoodputFigures['ratio'] {
  if (one.metPerSecond === null || all.metPerSecond === null) return null;
  return {
    value: all.metPerSecond / one.metPerSecond,
    low: one.missedPerSecond === null ? null : all.metPerSecond / one.missedPerSecond,
    high: all.missedPerSecond === null ? null : all.missedPerSecond / one.metPerSecond,
  };
}

async function probeRate(
  bench: ServedBench,
  { arm, way, ratePerSecond, durationMs, sloMs }: SearchedArm & { ratePerSecond: number; durationMs: number },
): Promise<{ probe: GoodputProbe; self: { stalledMs: number; loadMs: number } }> {
  const { runKey, inputs, emit } = bench.context;
  const plan = { ratePerSecond, durationMs, seed: `${runKey}/goodput/${arm}/${ratePerSecond}` };
  const load = {
    ...{ ...plan, arm, block: BLOCK, part: `goodput/${arm}/${ratePerSecond}`, streaming: false, limits: [] },
    ...{ silentMs: openSilenceMs(ratePerSecond, inputs), within: { limitMs: sloMs } },
  };
  const result = await bench.loader.open(load, bench, way);
  if (result.silent) throw stoppedAnswering('the goodput was searched');
  const { requests, late } = result;
  const verb = result.isLost ? 'missed' : 'kept';
  emit({
    type: 'fact',
    stage: 'benchmark',
    text: `goodput of ${replicasOf(arm)}: ${ratePerSecond.toFixed(1)} req/s ${verb} ${Math.round(sloMs)} ms`,
  });
  return {
    probe: { ratePerSecond, requests, late, withinShare: withinShareOf(result), load: loadOf(result) },
    self: { stalledMs: result.self.stalledMs, loadMs: result.stopMs - result.startMs },
  };
}

/** What a probe was beside its share within the limit. What was cut off when its rate was lost is not an error. */
function loadOf(result: OpenResult): NonNullable<GoodputProbe['load']> {
  const { startMs, drainedMs, planned, errors, cancelled, isLost, e2eMs } = result;
  return {
    window: windowTimes([{ startMs, endMs: drainedMs }]),
    planned,
    errors: errors - cancelled,
    e2eMs: isLost ? null : percentilesOf(e2eMs),
  };
}
