import type { Diagnosis } from '../report/model.ts';
import { type Evidence, RULES } from './rules.ts';

const MAX_LINES = 30;

/**
 * The first rule that fits, or `unknown` with what was odd when the run ended in an error that no rule knows. Null when
 * there is nothing to explain.
 */
export function explain(evidence: Evidence): Diagnosis | null {
  for (const rule of RULES) {
    const found = rule.match(evidence);
    if (!found) continue;
    return {
      cause: rule.cause,
      title: rule.title,
      confidence: rule.confidence,
      blame: rule.blame,
      explanation: found.explanation,
      remedy: rule.remedy(evidence),
      evidence: found.seen.slice(-MAX_LINES),
    };
  }
  const { failure, lines } = evidence;
  if (!failure) return null;
  return {
    cause: `unknown.${failure.code}`,
    title: 'No known cause fits',
    confidence: 'unknown',
    blame: failure.blame,
    explanation: failure.message,
    remedy: failure.hint ?? 'Read the evidence and the log of the failed stage.',
    evidence: lines.slice(-MAX_LINES),
  };
}
