import type { KubeObject } from '../protocol.ts';
import { componentLabels, namesOf } from './kserve-names.ts';
import { type GatewayRef, gatewaysOf, poolName } from './kserve-router.ts';
import type { KserveTraits } from './kserve-versions.ts';
import { child } from './kserve-workload.ts';
import type { PoolGroup } from './resources.ts';

/** `modelBasedRoutingHeaderName` of the ConfigMap inferenceservice-config as it ships with v0.20. */
const MODEL_HEADER = 'X-Gateway-Model-Name';
const TIMEOUTS = { backendRequest: '0s', request: '0s' };
const ENDPOINTS = ['completions', 'chat/completions', 'responses', 'messages'];

type Rule = Record<string, unknown>;

/** The HTTPRoute that the controller makes: the user's spec where given, else that of its preset. */
export function httpRoute(
  service: KubeObject,
  gateway: GatewayRef,
  poolGroup: PoolGroup,
  { route }: KserveTraits,
): KubeObject {
  const { name } = service.metadata;
  const names = namesOf(name);
  const parentRefs = gatewaysOf(service, gateway).map((ref) => ({
    group: 'gateway.networking.k8s.io',
    kind: 'Gateway',
    ...ref,
  }));
  const workload = { group: '', kind: 'Service', name: names.workloadService, port: 8000, weight: 1 };
  const pool = { group: poolGroup as string, kind: 'InferencePool', name: poolName(service), port: 8000, weight: 1 };
  const inference = service.spec.router.scheduler ? pool : workload;
  const given = service.spec.router.route?.http?.spec as { parentRefs?: unknown[] } | undefined;
  const rules = route === 'named-rules' ? namedRules : threeRules;
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: child(service, names.route, componentLabels(name, 'llminferenceservice-router')),
    spec: given ? { parentRefs, ...given } : { parentRefs, rules: rules(service, inference, workload) },
  };
}

/** A rule for a prefix, whose replacement goes to the backend. */
function rewritten(prefix: string, replacement: string, backend: unknown): Rule {
  return {
    backendRefs: [backend],
    filters: [
      { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: replacement } } },
    ],
    matches: [{ path: { type: 'PathPrefix', value: prefix } }],
    timeouts: TIMEOUTS,
  };
}

/** As up to v0.17: longest prefix first. */
function threeRules({ metadata }: KubeObject, inference: unknown, workload: unknown): Rule[] {
  const base = `/${metadata.namespace}/${metadata.name}`;
  return [
    rewritten(`${base}/v1/completions`, '/v1/completions', inference),
    rewritten(`${base}/v1/chat/completions`, '/v1/chat/completions', inference),
    rewritten(base, '/', workload),
  ];
}

/** As in `kserve-config-llm-router-route` of v0.20: by the service's path, by a header and by the model's path. */
function namedRules({ metadata, spec }: KubeObject, inference: unknown, workload: unknown): Rule[] {
  const model = `publishers/${metadata.namespace}/models/${spec?.model?.name ?? metadata.name}`;
  const headers = [{ type: 'Exact', name: MODEL_HEADER, value: model }];
  const endpoints = (base: string, suffix: string) =>
    ENDPOINTS.map((endpoint) => ({
      name: `v1-${endpoint.replace('/', '-')}-${suffix}`,
      ...rewritten(`${base}/v1/${endpoint}`, `/v1/${endpoint}`, inference),
    }));
  const own = `/${metadata.namespace}/${metadata.name}`;
  return [
    ...endpoints(own, 'path'),
    {
      name: 'v1-model-routing',
      backendRefs: [inference],
      matches: ENDPOINTS.flatMap((endpoint) =>
        ['', '/'].map((end) => ({ path: { type: 'Exact', value: `/v1/${endpoint}${end}` }, headers })),
      ),
      timeouts: TIMEOUTS,
    },
    ...endpoints(`/${model}`, 'publisher-path'),
    { name: 'v1-publisher-path-catch-all', ...rewritten(`/${model}`, '/', workload) },
    { name: 'v1-catch-all-path', ...rewritten(own, '/', workload) },
    {
      name: 'v1-catch-all-model-routing',
      backendRefs: [workload],
      matches: [{ path: { type: 'PathPrefix', value: '/' }, headers }],
      timeouts: TIMEOUTS,
    },
  ];
}
