import type { DestinationRule, LLMInferenceService } from '../clients/kubernetes/kinds.ts';
import type { KubeObject } from '../clients/kubernetes/objects.ts';
import { readCommandLine, servesTls } from './command-line.ts';
import { servingNames } from './kserve-names.ts';
import { mainOf } from './service.ts';

/** A Service that the gateway sends requests to. */
export interface Upstream {
  role: 'epp' | 'pool' | 'workload';
  /** Name of the Service, in the namespace of the workload. */
  host: string;
  /** Whether its pods serve TLS; null where a preset of KServe decides. */
  tls: boolean | null;
}

/** The Services behind the route of an LLMInferenceService, and which of them serve TLS by their flags. */
export function upstreamsOf(service: LLMInferenceService): Upstream[] {
  const { picker, pool, workload } = servingNames(service);
  const replicas = servesTls(readCommandLine(mainOf(service)));
  return [
    ...(picker ? [{ role: 'epp', host: picker, tls: pickerServesTls(service) } as const] : []),
    ...(pool ? [{ role: 'pool', host: pool, tls: replicas } as const] : []),
    { role: 'workload', host: workload, tls: replicas },
  ];
}

/** TLS is the picker's default: `--secure-serving` is true in every release (GIE pkg/epp/server/options.go). */
function pickerServesTls({ spec }: LLMInferenceService): boolean {
  const containers = spec?.router?.scheduler?.template?.containers ?? [];
  const words = containers.flatMap(({ command = [], args = [] }) => [...command, ...args]);
  return !words.some((word) => /^--?secure-serving=(?:false|f|0)$/i.test(word));
}

/** The rules of upstream KServe's component in `manifests/components`: TLS without a check of the certificate. */
export function tlsRule(service: string, namespace: string, { role, host }: Upstream): KubeObject {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: `${service}-${role}`, namespace },
    spec: { host, trafficPolicy: { tls: { mode: 'SIMPLE', insecureSkipVerify: true } } },
  };
}

/** The rule that Istio applies to a Service, and whether it originates TLS; null without one. */
export function ruleFor(
  host: string,
  namespace: string,
  { rules, clientNamespace }: { rules: readonly DestinationRule[]; clientNamespace: string | null },
): { name: string; exact: boolean; tls: boolean } | null {
  const full = `${host}.${namespace}.svc.cluster.local`;
  const candidates = rules
    .filter((rule) => rule.spec?.workloadSelector === undefined && isVisible(rule, clientNamespace))
    .map((rule) => ({ rule, pattern: fullHost(rule) }))
    .filter(({ pattern }) => pattern === full || isWildcardOf(pattern, full))
    // The most specific host counts, and of two with one host the older: Istio merges only the subsets of the others.
    .sort((a, b) => b.pattern.length - a.pattern.length || age(a.rule) - age(b.rule));
  const exact = candidates.find(({ pattern }) => pattern === full);
  const first = exact ?? candidates[0];
  if (!first) return null;
  return { name: first.rule.metadata.name, exact: first === exact, tls: originatesTls(first.rule) };
}

/** A name without dots is completed with the namespace of the rule. */
function fullHost({ metadata, spec }: DestinationRule): string {
  const host = spec?.host ?? '';
  return host === '*' || host.includes('.') ? host : `${host}.${metadata.namespace}.svc.cluster.local`;
}

function isWildcardOf(pattern: string, host: string): boolean {
  return pattern.startsWith('*') && host.endsWith(pattern.slice(1));
}

function isVisible({ metadata, spec }: DestinationRule, clientNamespace: string | null): boolean {
  const to = spec?.exportTo ?? ['*'];
  if (to.length === 0 || to.includes('*') || clientNamespace === null) return true;
  return to.includes(clientNamespace) || (to.includes('.') && metadata.namespace === clientNamespace);
}

/** ISTIO_MUTUAL does not count: it presents certificates of the mesh, and expects them of the pods. */
function originatesTls({ spec }: DestinationRule): boolean {
  const { tls, portLevelSettings = [] } = spec?.trafficPolicy ?? {};
  return [tls, ...portLevelSettings.map((each) => each.tls)].some(
    (each) => each?.mode === 'SIMPLE' || each?.mode === 'MUTUAL',
  );
}

/** In milliseconds; a rule that is yet to be made is the youngest. */
function age({ metadata }: DestinationRule): number {
  return metadata.creationTimestamp ? Date.parse(metadata.creationTimestamp) : Number.MAX_SAFE_INTEGER;
}
