import type { Check, Verdict } from '../report/model.ts';
import { checkSentence, isOpen } from './overall.ts';

/**
 * The verdict over a stack that is not measured: a check that failed (fail); one that was not decided or could not be
 * observed (inconclusive); pass. A stack that is to stay is kept unless it failed: what is not proven may serve.
 */
export function servedVerdict(checks: readonly Check[]): { verdict: Verdict; reasons: string[] } {
  const failed = checks.filter(({ outcome }) => outcome === 'fail');
  if (failed.length > 0) return { verdict: 'fail', reasons: failed.map((check) => checkSentence(check, 'failed')) };
  const open = checks.filter(isOpen);
  if (checks.length === 0) return { verdict: 'inconclusive', reasons: ['No check of the service was made.'] };
  if (open.length > 0) {
    const what = ({ outcome }: Check) => (outcome === 'inconclusive' ? 'was not decided' : 'could not be observed');
    return { verdict: 'inconclusive', reasons: open.map((check) => checkSentence(check, what(check))) };
  }
  const warned = checks.filter(({ outcome }) => outcome === 'warning');
  const passed = checks.length - warned.length;
  return {
    verdict: 'pass',
    reasons: [
      warned.length === 0
        ? `All ${checks.length} checks of the service passed.`
        : `${passed} of ${checks.length} checks of the service passed, and none failed.`,
      ...warned.map((check) => checkSentence(check, 'warning')),
    ],
  };
}

/**
 * The verdict where checks have failed before anything was measured; null where none has. The verdict is a fail whatever
 * the speedup is, so that the pairs would hold the nodes for nothing.
 */
export function disprovedVerdict(checks: readonly Check[]): { verdict: Verdict; reasons: string[] } | null {
  const failed = checks.filter(({ outcome }) => outcome === 'fail');
  if (failed.length === 0) return null;
  const { verdict, reasons } = servedVerdict(checks);
  return { verdict, reasons: [...reasons, notMeasured(failed)] };
}

function notMeasured(failed: readonly Check[]): string {
  const checks = failed.length === 1 ? 'a check' : `${failed.length} checks`;
  return `The speedup was not measured, because ${checks} of the service failed, and no speedup changes that.`;
}
