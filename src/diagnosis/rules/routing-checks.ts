import type { Evidence } from '../evidence.ts';
import { checkOf } from './rule.ts';

/** Whether the check has failed. */
export function failed(evidence: Evidence, id: string): boolean {
  return checkOf(evidence, id)?.outcome === 'fail';
}

/** Whether the replicas counted requests with a shared prefix: without one, no counter of the cache shows anything. */
export function servedShared({ report }: Evidence): boolean {
  return (report.routing?.sharedPrefix.perPod ?? []).some(({ requests }) => requests > 0);
}

/** Whether requests with a shared prefix were served and the cache did not help them. */
export function cacheMissed(evidence: Evidence): boolean {
  return failed(evidence, 'cache-hits') && servedShared(evidence);
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
