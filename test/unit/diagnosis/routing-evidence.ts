import type { ClusterEvidence, Evidence } from '../../../src/diagnosis/evidence.ts';
import type { Check, Environment, Report } from '../../../src/report/model.ts';
import { anEnvironment, aReport, checks } from '../report/fixtures.ts';
import { aCluster } from './evidence.ts';

type PickerCounts = NonNullable<NonNullable<Report['routing']>['gateway']>['picker'];
/** The gateway's counters of a picker that it does not ask, cannot reach, and cannot speak to. */
export const NEVER = { requests: 0, errors: 0, connectFailures: 0 };
export const REFUSED = { requests: 0, errors: 310, connectFailures: 310 };
export const BROKEN_OFF = { requests: 310, errors: 310, connectFailures: 0 };

/** Routing checks that failed; `seen` is how many answers carry the picker's mark. */
export const misrouted = (
  change: Partial<Record<Check['id'], Partial<Check>>>,
  cluster: Partial<ClusterEvidence> = {},
  given: { environment?: Partial<Environment>; routing?: Partial<NonNullable<Report['routing']>>; seen?: number } = {},
): Evidence => {
  const report = aReport({
    verdict: 'fail',
    checks: checks(change),
    environment: anEnvironment(given.environment),
  });
  if (report.routing) {
    report.routing.pickerHeader = { seen: given.seen ?? 0, answers: 310 };
    const gateway = report.routing.gateway;
    if (gateway) gateway.picker = given.seen ? { ...NEVER, requests: given.seen } : NEVER;
    Object.assign(report.routing, given.routing);
  }
  return { failure: null, report, cluster: aCluster(cluster), lines: [] };
};
export const SPREAD = { 'prefix-affinity': { outcome: 'fail', seen: '4 of 10 on one replica' } } as const;
export const BYPASSED = { ...SPREAD, 'picker-engaged': { outcome: 'fail', seen: '0 of 310 requests' } } as const;
export const ASKED = { ...SPREAD, 'picker-engaged': { outcome: 'pass', seen: '310 of 310' } } as const;

/** Completions that Envoy has failed because it could not ask the picker: nobody counted a request. */
export const unasked = (picker: PickerCounts, cluster: Partial<ClusterEvidence> = {}, seen = 'HTTP 500'): Evidence => {
  const unseen = { outcome: 'not-observable', seen: '72 sent, 0 counted by the replicas' } as const;
  const evidence = misrouted(
    {
      completion: { outcome: 'fail', seen },
      chat: { outcome: 'fail', seen },
      'picker-engaged': { outcome: 'fail', seen: '0 of 310 answers carry its mark' },
      'prefix-affinity': unseen,
      'unique-spread': unseen,
      'cache-hits': unseen,
    },
    cluster,
  );
  const { routing } = evidence.report;
  if (!routing?.gateway) throw new Error('the report has no routing evidence');
  const nobody = routing.gateway.perPod.map(({ pod }) => ({ pod, requests: 0 }));
  const answered = seen.startsWith('HTTP');
  Object.assign(routing, {
    sharedPrefix: { sent: 72, perPod: nobody, groups: [] },
    unique: { sent: 300, perPod: nobody },
    pickerHeader: answered ? { seen: 0, answers: 310 } : null,
    gateway: { ...routing.gateway, picker, perPod: nobody },
  });
  return evidence;
};
export const TIMED_OUT = 'no answer within 30 s: timed out';
export const PICKER_RULE = 'qwen2-3b-pattern3-epp-service.ns.svc.cluster.local';
export const ruleOf = (host: string, mode: string) => ({ name: 'r', host, mode, caCertificates: '', gates: false });
export const NO_HITS = { 'cache-hits': { outcome: 'fail', seen: '0 % of tokens' } } as const;
