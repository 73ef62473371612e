import { ratioText } from '../lib/speedup.ts';
import type { ArmComparison, Benchmark, ComparedArm, Target, Verdict } from '../report/model.ts';

/** The scaling as one comparison of a run: its figures are those of the benchmark. */
export function scalingComparison(
  benchmark: Benchmark,
  { minSpeedup, expectedMaxSpeedup }: Target,
  service: string,
): ArmComparison {
  const { speedup, vetoes, looks, pairs, arms, replicas, concurrencyPerReplica } = benchmark;
  const arm = (name: 'all' | 'one', count: number): ComparedArm => ({
    ...{ name, service, replicas: count, concurrency: count * concurrencyPerReplica },
    requestsPerSecond: arms[name].requestsPerSecond,
  });
  const decided = looks.stopped === 'pass' || looks.stopped === 'fail' ? looks.stopped : 'inconclusive';
  const verdict = vetoes.length > 0 ? 'invalid' : decided;
  const shown = speedup ? ratioText(speedup, [minSpeedup, expectedMaxSpeedup]) : null;
  const text = shown ? `The speedup is ${shown.value}× (${shown.range}×)` : 'The speedup has no interval';
  const relation = {
    pass: `above ${minSpeedup}×`,
    fail: `below ${minSpeedup}×`,
    inconclusive: `undecided against ${minSpeedup}×`,
  };
  return {
    name: 'scaling',
    verdict,
    reasons: verdict === 'invalid' ? vetoes.map(({ message }) => message) : [`${text}, ${relation[verdict]}.`],
    ratio: vetoes.length > 0 ? null : speedup,
    limit: minSpeedup,
    arms: [arm('all', replicas), arm('one', 1)],
    pairs: pairs.length,
    change: null,
  };
}

/** A comparison with the base stack that was not measured, and why. */
export function unmeasuredChange(verdict: 'same' | 'not-measured', reason: string, limit: number): ArmComparison {
  return { name: 'change', verdict, reasons: [reason], ratio: null, limit, arms: [], pairs: 0, change: null };
}

/** What a comparison does to the verdict of the run; null where it stands in the way of nothing. */
const EFFECTS: Readonly<Record<ArmComparison['verdict'], Exclude<Verdict, 'pass' | 'error'> | null>> = {
  pass: null,
  'no-worse': null,
  same: null,
  fail: 'fail',
  regressed: 'fail',
  'worse-answers': 'fail',
  invalid: 'invalid',
  inconclusive: 'inconclusive',
  'not-measured': 'inconclusive',
};

const BY_WEIGHT = ['fail', 'invalid', 'inconclusive', 'pass'] as const;

/**
 * The verdict of the run over that of its checks and its scaling, and a comparison with the base stack. The heavier one
 * decides: fail, then invalid, then inconclusive. A pass takes both, and a comparison that was asked for and not measured
 * is none. The reasons of the one that decides come first.
 */
export function withChange(
  scaling: { verdict: Verdict; reasons: string[] },
  change: ArmComparison | undefined,
): { verdict: Verdict; reasons: string[] } {
  if (!change || scaling.verdict === 'error') return scaling;
  const effect = EFFECTS[change.verdict] ?? 'pass';
  const told =
    change.verdict === 'not-measured'
      ? change.reasons.map((reason) => `The change was not compared with its base: ${reason}`)
      : change.reasons;
  const isFirst = BY_WEIGHT.indexOf(effect) < BY_WEIGHT.indexOf(scaling.verdict);
  return {
    verdict: isFirst ? effect : scaling.verdict,
    reasons: isFirst ? [...told, ...scaling.reasons] : [...scaling.reasons, ...told],
  };
}
