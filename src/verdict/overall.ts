import { besideLimits, percentUpTo } from '../lib/number.ts';
import { ratioText } from '../lib/speedup.ts';
import type { Benchmark, Check, Target, Verdict } from '../report/model.ts';

/** Warnings after which it is not proven who served, what was served, and for whom; a pass needs that proof. */
const UNPROVEN: ReadonlySet<string> = new Set(['counters-unreadable', 'work-uncounted', 'load-unobserved']);

/**
 * The verdict over everything that was seen. In this order: a check that failed (fail); a measurement that was disturbed
 * (invalid); answers lost by all replicas under load (fail), which is a veto too, but one that the service owes; any
 * other veto (invalid); answers lost at all (fail); the speedup (fail); evidence that is missing or undecided
 * (inconclusive); pass. Missing evidence never passes. `withChange` adds the comparison with the base stack to it, and
 * `withLimits` the limits of the input `slo`: the heaviest verdict stands.
 */
export function overallVerdict(
  checks: readonly Check[],
  benchmark: Benchmark,
  target: Target,
): { verdict: Verdict; reasons: string[] } {
  const failed = checks.filter(({ outcome }) => outcome === 'fail');
  if (failed.length > 0) return { verdict: 'fail', reasons: failed.map((check) => checkSentence(check, 'failed')) };
  const lost = (['all', 'one'] as const).filter((arm) => benchmark.arms[arm].successRate < target.successRate);
  const disturbed = benchmark.vetoes.some(({ id }) => id !== 'error-rate');
  if (disturbed || (benchmark.vetoes.length > 0 && !lost.includes('all'))) {
    return { verdict: 'invalid', reasons: benchmark.vetoes.map(({ message }) => message) };
  }
  if (lost.length > 0) {
    return {
      verdict: 'fail',
      reasons: lost.map((arm) => {
        const { errors, requests, successRate } = benchmark.arms[arm];
        const name = arm === 'all' ? 'all replicas' : 'one replica';
        const share = besideLimits([successRate * 100], [target.successRate * 100]);
        return `${errors} of ${requests} requests to ${name} failed: ${share(successRate * 100)}% success, ${percentUpTo(target.successRate, 2)} wanted.`;
      }),
    };
  }
  const { speedup, looks } = benchmark;
  const ratio = speedup && ratioText(speedup, [target.minSpeedup, target.expectedMaxSpeedup]);
  const shown = ratio && `The speedup is ${ratio.value}× (${ratio.range}×)`;
  if (looks.stopped === 'fail' && shown) {
    return {
      verdict: 'fail',
      reasons: [`${shown}: wholly below ${target.minSpeedup}×.`],
    };
  }
  const undecided = [
    ...checks
      .filter(isOpen)
      .map((check) =>
        checkSentence(check, check.outcome === 'inconclusive' ? 'was not decided' : 'could not be observed'),
      ),
    ...benchmark.warnings.filter(({ id }) => UNPROVEN.has(id)).map(({ message }) => message),
  ];
  if (looks.stopped !== 'pass' || !speedup) {
    const reason = shown
      ? `${shown}${whyUndecided(benchmark, target)}`
      : `The speedup has no interval after ${benchmark.pairs.length} pairs.`;
    return { verdict: 'inconclusive', reasons: [reason, ...undecided] };
  }
  if (checks.length === 0) return { verdict: 'inconclusive', reasons: ['No check of the service was made.'] };
  if (undecided.length > 0) return { verdict: 'inconclusive', reasons: undecided };
  return {
    verdict: 'pass',
    reasons: [
      `${shown}: its lower limit exceeds ${target.minSpeedup}×.`,
      ...(speedup.value > target.expectedMaxSpeedup
        ? [`It is above the expected range, which ends at ${target.expectedMaxSpeedup}×.`]
        : []),
      ...checks.filter(({ outcome }) => outcome === 'warning').map((check) => checkSentence(check, 'warning')),
    ],
  };
}

function whyUndecided({ design, looks, pairs, baseline }: Benchmark, { minSpeedup }: Target): string {
  if (design === 'recorded') {
    return ` over one replica as it was recorded at ${baseline?.finishedAt ?? 'an unknown time'}: this run could not measure one, and a record of another day decides nothing.`;
  }
  if (design === 'unpaired' && looks.stopped === 'budget') {
    return `, undecided against ${minSpeedup}×: the baseline was one replica, and nothing shows whether it is as fast as its peers.`;
  }
  if (looks.stopped === 'time') {
    return ` so far, undecided against ${minSpeedup}× after ${pairs.length} pairs: the run had no time or money left for another.`;
  }
  return looks.stopped === 'budget'
    ? `, on both sides of ${minSpeedup}× when the budget of ${pairs.length} pairs was spent.`
    : ` so far: the measurement stopped after ${pairs.length} pairs without a decision.`;
}

/** Whether a check keeps a verdict from a pass without being a failure. */
export function isOpen({ outcome }: Pick<Check, 'outcome'>): boolean {
  return outcome === 'inconclusive' || outcome === 'not-observable';
}

/** A check that did not pass, as a sentence. */
export function checkSentence(check: Check, what: string): string {
  return `${check.title}: ${what} (expected ${check.expected}, seen ${check.seen}).`;
}
