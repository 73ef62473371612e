import { CHANGE_CONFIDENCE } from '../lib/confidence.ts';
import { decimal, percentUpTo } from '../lib/number.ts';
import { changeOf } from './change.ts';
import type { QualityComparison, QualityPairs, Report } from './model.ts';

/** How the answers of both stacks compare, in words. */
export const QUALITY_WORDS: Readonly<Record<QualityComparison['verdict'], string>> = {
  kept: '✅\u00a0no drop',
  dropped: '❌\u00a0**worse**',
  'too-low': 'too low to tell',
  'not-measured': '⚠️\u00a0not measured',
};

/** The answers of both stacks to the same tasks; undefined where they were not asked for. */
export function qualityOf(report: Pick<Report, 'comparisons'>): QualityComparison | undefined {
  return changeOf(report)?.quality;
}

/** Figures in words; null where there are none. */
export interface QualityText {
  /** Share of right answers, `92.0%`. */
  base: string;
  head: string;
  /** `−21.3 points` */
  difference: string;
  /** `−27.4 to −15.4` */
  range: string;
  identical: string;
}

export function qualityText({ figures }: QualityComparison): QualityText | null {
  if (!figures) return null;
  const { pairs, difference, identicalShare } = figures;
  const all = answered(pairs);
  const share = (right: number) => `${decimal(all > 0 ? (100 * right) / all : 0, 1)}%`;
  return {
    base: share(pairs.bothRight + pairs.onlyBase),
    head: share(pairs.bothRight + pairs.onlyHead),
    difference: `${signed(difference.value)} points`,
    range: `${signed(difference.low)} to ${signed(difference.high)}`,
    identical: percentUpTo(identicalShare),
  };
}

/** Tasks that both stacks answered, right or wrong. */
export function answered({ bothRight, onlyBase, onlyHead, bothWrong }: QualityPairs): number {
  return bothRight + onlyBase + onlyHead + bothWrong;
}

/** One sentence (plain text) on the quality of the answers. */
export function qualitySentence(quality: QualityComparison): string {
  const text = qualityText(quality);
  if (!text) return `Quality of the answers: not measured. ${quality.reason}`;
  const shown = `Quality of the answers: ${text.base} of the tasks right in the base, ${text.head} under test (${text.difference}, ${CHANGE_CONFIDENCE} limits ${text.range})`;
  const allowed = `${percentUpTo(quality.maxDrop, 2)} may be lost`;
  if (quality.verdict === 'dropped') return `${shown}: head answers worse; ${allowed}.`;
  if (quality.verdict === 'too-low') return `${shown}: too few for a drop to be found.`;
  return `${shown}: no drop; ${allowed}.`;
}

/** Points with their sign: a drop must not look like a gain. */
function signed(share: number): string {
  const text = decimal(100 * share, 1);
  return share > 0 && text !== '0.0' ? `+${text}` : text.replace('−0.0', '0.0');
}

/** Why answers that are worse fail a run, and what to do; null for a run that failed otherwise. Plain text. */
export function worseAnswers(report: Report): { why: string; fix: string } | null {
  const change = changeOf(report);
  const [why] = change?.reasons ?? [];
  if (change?.verdict !== 'worse-answers' || why === undefined || report.reasons[0] !== why) return null;
  return {
    why,
    fix: 'Look at the answers that changed, under "Quality of the answers", and at what differs from the base: model, quantisation, chat template, flags of vLLM. A drop that is wanted needs a larger `max-quality-drop`.',
  };
}
