import type { Check, Verdict } from '../report/model.ts';
import { checkSentence } from './overall.ts';

/**
 * The verdict over a stack that is to stay, which is not measured: a check that failed (fail); one that was not decided or
 * could not be observed (inconclusive); pass. It is kept unless it failed: what cannot be proven may serve, and says so.
 */
export function servedVerdict(checks: readonly Check[]): { verdict: Verdict; reasons: string[] } {
  const failed = checks.filter(({ outcome }) => outcome === 'fail');
  if (failed.length > 0) return { verdict: 'fail', reasons: failed.map((check) => checkSentence(check, 'failed')) };
  const open = checks.filter(({ outcome }) => outcome !== 'pass');
  if (checks.length === 0) return { verdict: 'inconclusive', reasons: ['No check of the service was made.'] };
  if (open.length > 0) {
    const what = ({ outcome }: Check) => (outcome === 'inconclusive' ? 'was not decided' : 'could not be observed');
    return { verdict: 'inconclusive', reasons: open.map((check) => checkSentence(check, what(check))) };
  }
  return { verdict: 'pass', reasons: [`All ${checks.length} checks of the service passed.`] };
}
