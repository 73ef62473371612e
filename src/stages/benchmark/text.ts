import { humanDuration } from '../../lib/duration.ts';
import { Failure } from '../../lib/failure.ts';
import { times, timesWithRange } from '../../lib/speedup.ts';
import { type PairTimings, takenMs } from '../../load/pairs.ts';
import type { WarmUp } from '../../load/warm-up.ts';
import type { ArmName, BenchmarkPair, Finding } from '../../report/model.ts';
import type { DecisionPlan, Look } from '../../verdict/decide.ts';
import { pairNoise, smallestProvableSpeedup } from '../../verdict/power.ts';
import type { Prepared, StageContext } from '../context.ts';
import { usdPerHour } from '../preflight/budget.ts';
import { hasTime } from './load.ts';

/**
 * Says before the first pair what the plan can prove. Throws a Failure when that is more than the system is expected to
 * reach, or when requests are so slow that the run ends before the first look: every outcome would be inconclusive, and the
 * nodes would be paid for nothing.
 */
export function announcePlan(
  bench: { context: StageContext; one: { description: string; isPickerShared: boolean } },
  plan: DecisionPlan,
  timings: PairTimings,
  warm: Record<ArmName, WarmUp>,
  prepared: Prepared,
): void {
  const { context, one } = bench;
  const { replicas } = prepared.service;
  const rate = (arm: ArmName) => warm[arm].bins.at(-1) ?? 0;
  const noise = pairNoise({
    serviceCv: 0.35,
    blockNoise: 0.02,
    requestsOne: Math.max(1, (rate('one') * (timings.oneMs - timings.trimMs)) / 1_000),
    requestsAll: Math.max(1, (rate('all') * (timings.allMs - timings.trimMs)) / 1_000),
  });
  const provable = smallestProvableSpeedup(plan, noise);
  const { expectedMaxSpeedup } = context.inputs.target;
  // A target without a range says nothing of what is expected; more than perfect scaling is not.
  const most = expectedMaxSpeedup > plan.minSpeedup ? expectedMaxSpeedup : replicas;
  // An arm without a single valid answer is not a matter of pairs: its blocks will show what it answers.
  if (provable > most && rate('one') > 0 && rate('all') > 0) {
    throw new Failure({
      stage: 'benchmark',
      code: 'undecidable',
      message: `With ${plan.maxPairs} pairs of ${(timings.oneMs + timings.allMs) / 1_000} s only a true speedup of ${times(provable, [plan.minSpeedup, most])} or more can be proven to exceed ${plan.minSpeedup}×, and ${most}× is the most that is expected.`,
      hint: 'Give more or longer pairs ("pairs", "pair-duration"), or a lower "target-speedup".',
      evidence: { provable, most },
    });
  }
  // Where the picker's hop is not shared, a third block measures all replicas by the ways of the single ones.
  const blocksMs = [timings.oneMs, timings.allMs, ...(one.isPickerShared ? [] : [timings.allMs])];
  const pairMs = takenMs(blocksMs, timings);
  if (timings.longer !== null && !hasTime(context, plan.minPairs * pairMs)) {
    const leftMs = (context.endsMs ?? 0) - context.clock.now();
    throw new Failure({
      stage: 'benchmark',
      code: 'pairs-too-long',
      message: `${timings.longer.replace(/^a/, 'A')}. The first look at the speedup comes after ${plan.minPairs} pairs, which take ${humanDuration(plan.minPairs * pairMs)}. "timeout" and "max-cost" leave ${humanDuration(Math.max(0, leftMs))}.`,
      hint: 'Raise "timeout" or "max-cost", or lower "concurrency" or "max-tokens", so that a request takes less time.',
      evidence: { pairMs, leftMs },
    });
  }
  const longestMs = plan.maxPairs * pairMs;
  const hourly = usdPerHour(context, prepared);
  const dollars = hourly === null ? '' : ` and $${((hourly * longestMs) / 3_600_000).toFixed(2)}`;
  const emit = (text: string) => context.emit({ type: 'fact', stage: 'benchmark', text });
  emit(`one-replica arm: ${one.description}`);
  if (timings.longer !== null) emit(timings.longer);
  emit(
    `pairs of ${blocksMs.map((ms) => (ms / 1_000).toFixed(1)).join(' + ')} s, trim ${(timings.trimMs / 1_000).toFixed(1)} s, looks from pair ${plan.minPairs} to ${plan.maxPairs}${everyRound(plan)}; a true ${times(provable, [plan.minSpeedup])} or more can be proven against ${plan.minSpeedup}× with this budget of ${humanDuration(longestMs)}${dollars}`,
  );
}

function everyRound({ round = 1 }: DecisionPlan): string {
  return round === 1 ? '' : ` after each ${round}`;
}

/** One line for a pair and the interval so far. */
export function roundText(pair: BenchmarkPair, look: Look, plan: DecisionPlan): string {
  const estimate = look.estimate ? `running ${timesWithRange(look.estimate, [plan.minSpeedup])}` : 'no interval yet';
  return `pair ${pair.index + 1} of ${plan.minPairs}–${plan.maxPairs}: one ${pair.oneRequestsPerSecond.toFixed(1)}${pair.baseline ? ` (${pair.baseline})` : ''}, all ${pair.allRequestsPerSecond.toFixed(1)} req/s, ${times(pair.ratio, [plan.minSpeedup])}; ${estimate}, needs > ${plan.minSpeedup}`;
}

/** How long what stands beside the verdict takes at most: streamed answers, two searches of three rates, the runbook's requests. */
export function extrasMs({
  latencyDurationMs,
  goodputSloMs,
  runbook,
}: Pick<StageContext['inputs'], 'latencyDurationMs' | 'goodputSloMs' | 'runbook'>): number {
  if (latencyDurationMs === 0 && !runbook) return 0;
  return (goodputSloMs === 'off' ? 1 : 13) * latencyDurationMs + 60_000;
}

/** What a report says that has none of it for want of time. */
export function leftOut(neededMs: number): Finding {
  return {
    id: 'left-out',
    message: `Figures outside of the verdict (latency, goodput, the runbook's figures) were left out. They take up to ${humanDuration(neededMs)}, and the run did not have that much time or money left.`,
  };
}

/** What an arm loads, as the words of a line of the log. */
export const replicasOf = (arm: ArmName) => (arm === 'one' ? 'one replica' : 'all replicas');
