import type { Evidence } from '../evidence.ts';

type DestinationRule = NonNullable<Evidence['cluster']>['destinationRules'][number];

/** Hosts between gateway and stack for which a DestinationRule decides on TLS. */
export type TlsHost = 'picker' | 'pool' | 'workload';

/** First label of each host: KServe's Services, and the one that Istio derives from the InferencePool. */
const HOSTS: Readonly<Record<TlsHost, RegExp>> = {
  picker: /epp|scheduler/,
  pool: /-ip-[0-9a-f]{8}$/,
  workload: /workload/,
};

/**
 * The rule of the service that decides on TLS to a host: one for the host itself before one for `*.…`. Rules that the
 * gate made for its arms do not count. `unread` where rules could not be listed, null where there is no rule.
 */
export function ruleFor(evidence: Evidence, host: TlsHost): DestinationRule | 'unread' | null {
  const { cluster, report } = evidence;
  if (!cluster || cluster.gaps.some((gap) => /^(?:DestinationRules|not everything)/.test(gap))) return 'unread';
  const rules = cluster.destinationRules.filter(({ gates }) => !gates);
  // KServe and Istio cut long names and add a hash; another service of the namespace has rules of its own.
  const pools = cluster.routes.filter(({ own }) => own).flatMap((route) => route.pools.map(({ name }) => name));
  const owners = [report.plan.service ?? '', ...(host === 'pool' ? pools : [])].map((name) => name.slice(0, 40));
  const named = (label: string) => owners.some((name) => label.startsWith(name)) && HOSTS[host].test(label);
  return (
    rules.find((rule) => named(rule.host.split('.')[0] ?? '')) ??
    rules.find((rule) => rule.host.startsWith('*')) ??
    null
  );
}

/** `DestinationRule NAME: HOST has TLS mode MODE`. */
export function describeRule({ name, host, mode }: DestinationRule): string {
  return `DestinationRule ${name}: ${host} has TLS mode ${mode || 'none'}`;
}

/** Whether the rule makes the gateway speak TLS. */
export function demandsTls({ mode }: DestinationRule): boolean {
  return mode !== '' && mode !== 'DISABLE';
}
