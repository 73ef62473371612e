import type { Evidence } from '../evidence.ts';
import { checkOf } from './rule.ts';

/** Whether the check has failed. */
export function failed(evidence: Evidence, id: string): boolean {
  return checkOf(evidence, id)?.outcome === 'fail';
}

/** The routing checks that did not pass and the scorers, each as a line of evidence. */
export function checksSeen(evidence: Evidence): string[] {
  const scorers = evidence.report.environment.scorers;
  return [
    ...['prefix-affinity', 'picker-engaged', 'cache-hits', 'unique-spread']
      .map((id) => checkOf(evidence, id))
      .filter((check) => check && check.outcome !== 'pass')
      .map((check) => `${check?.title}: ${check?.seen}`),
    ...(scorers ? [`scorers: ${scorers.map(({ name, weight }) => `${name} ${weight}`).join(', ') || 'none'}`] : []),
  ];
}
