import type { ArmComparison, QualityComparison, QualityPairs, ShareDifference } from '../report/model.ts';
import { chanceOfSoMany, normalQuantile, rootOf } from './distributions.ts';

/** One-sided chance of a false `dropped` where the true drop is just what is allowed. */
export const QUALITY_ALPHA = 0.01;

/** How the answers to one set of tasks compare. */
export interface QualityJudgement {
  /**
   * `dropped`: the upper limit of the difference is below −`maxDrop`, and the exact test has it too. `too-low`: even if each
   * right answer of the base were wrong now, the rule would not find a drop. `kept`: neither.
   */
  verdict: 'kept' | 'dropped' | 'too-low';
  /** Share of right answers of the head less that of the base. */
  difference: ShareDifference;
}

/**
 * Compares right and wrong answers to the same tasks, which are pairs: only tasks on which the two differ count (McNemar,
 * Psychometrika 12, 1947). A drop beyond `maxDrop` (0..1) needs both Tango's score limit below −maxDrop and an exact
 * one-sided p of at most alpha, since the score limit is an approximation where few tasks differ.
 */
export function judgeQuality(pairs: QualityPairs, maxDrop: number): QualityJudgement {
  const difference = differenceOf(pairs);
  if (isDrop(pairs, maxDrop)) return { verdict: 'dropped', difference };
  const onceRight = pairs.bothRight + pairs.onlyBase;
  const worst = { bothRight: 0, onlyBase: onceRight, onlyHead: 0, bothWrong: pairs.onlyHead + pairs.bothWrong };
  return { verdict: isDrop(worst, maxDrop) ? 'kept' : 'too-low', difference };
}

function isDrop(pairs: QualityPairs, maxDrop: number): boolean {
  const n = countOf(pairs);
  if (n === 0 || mcnemarDropP(pairs) > QUALITY_ALPHA) return false;
  return tangoZ(pairs, -maxDrop) < normalQuantile(QUALITY_ALPHA);
}

function differenceOf(pairs: QualityPairs): ShareDifference {
  const n = countOf(pairs);
  const level = 1 - 2 * QUALITY_ALPHA;
  const p = mcnemarDropP(pairs);
  if (n === 0) return { value: 0, low: -1, high: 1, level, p };
  const value = (pairs.onlyHead - pairs.onlyBase) / n;
  const z = normalQuantile(1 - QUALITY_ALPHA);
  // The statistic falls as the difference that is tested rises.
  const edge = 1 - 1e-9;
  const limit = (wanted: number, low: number, high: number) =>
    rootOf((delta) => wanted - tangoZ(pairs, delta), low, high);
  return {
    value,
    low: tangoZ(pairs, -edge) <= z ? -1 : limit(z, -edge, value),
    high: tangoZ(pairs, edge) >= -z ? 1 : limit(-z, value, edge),
    level,
    p,
  };
}

/**
 * One-sided exact p of McNemar's test: the chance that at least so many of the tasks on which the two differ are right with
 * the base alone, if each were as likely for either (binomial, p = 1/2). 1 where they differ on none.
 */
export function mcnemarDropP({ onlyBase, onlyHead }: Pick<QualityPairs, 'onlyBase' | 'onlyHead'>): number {
  return chanceOfSoMany(onlyBase, onlyBase + onlyHead, 0.5);
}

/**
 * The score statistic of a paired difference of shares `delta`, head less base (Tango, Statistics in Medicine 17, 1998, pp.
 * 891–908). At 0 it is McNemar's (c − b) / √(b + c). A standard normal decides.
 */
export function tangoZ(pairs: QualityPairs, delta: number): number {
  const n = countOf(pairs);
  const { onlyHead: up, onlyBase: down } = pairs;
  const a = 2 * n;
  const b = -up - down + (2 * n - up + down) * delta;
  const c = -down * delta * (1 - delta);
  const share = (Math.sqrt(Math.max(0, b * b - 4 * a * c)) - b) / (2 * a);
  const variance = n * (2 * share + delta * (1 - delta));
  const distance = up - down - n * delta;
  if (variance <= 0) return distance === 0 ? 0 : Math.sign(distance) * Number.POSITIVE_INFINITY;
  return distance / Math.sqrt(variance);
}

function countOf({ bothRight, onlyBase, onlyHead, bothWrong }: QualityPairs): number {
  return bothRight + onlyBase + onlyHead + bothWrong;
}

/**
 * The comparison with what the answers show. A drop is a veto, whatever the throughput. Answers that were asked for and
 * could not be compared leave a change undecided that would pass otherwise.
 */
export function withQuality(comparison: ArmComparison, quality: QualityComparison | null): ArmComparison {
  if (!quality) return comparison;
  const { verdict, reasons } = comparison;
  const found = { ...comparison, quality };
  if (quality.verdict === 'dropped') {
    const veto = `Head answers worse than base, whatever the throughput: ${quality.reason}`;
    const isAlone = verdict !== 'regressed';
    return {
      ...found,
      verdict: isAlone ? 'worse-answers' : verdict,
      // What was measured wrongly has no ratio, under any name.
      ratio: verdict === 'invalid' ? null : comparison.ratio,
      reasons: isAlone ? [veto, ...reasons] : [...reasons, veto],
    };
  }
  if (quality.verdict === 'not-measured' && verdict === 'no-worse') {
    const open = `The quality of the answers could not be compared: ${quality.reason}`;
    return { ...found, verdict: 'inconclusive', reasons: [open, ...reasons] };
  }
  return found;
}
