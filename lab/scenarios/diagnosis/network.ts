import type { DiagnosisScenario } from '../types.ts';
import { ENVOY_FILTER } from './envoy-filter.ts';
import { fail, NAMESPACE, SHORT, scenario } from './shared.ts';

const policy = (name: string, spec: Record<string, unknown>) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: NAMESPACE },
  spec,
});
const DENY_INGRESS = { policyTypes: ['Ingress'], ingress: [] };
const REPLICAS = { podSelector: { matchLabels: { 'kserve.io/component': 'workload' } } };
const PICKERS = {
  podSelector: { matchLabels: { 'app.kubernetes.io/component': 'llminferenceservice-router-scheduler' } },
};
const DNS = { protocol: 'UDP', port: 53 };
const HTTPS = { protocol: 'TCP', port: 443 };
const ISTIOD = { protocol: 'TCP', port: 15_012 };
/** Replicas that may go to these ports and nowhere else. */
const egressOnly = (...ports: { protocol: string; port: number }[]) =>
  policy('isolate', { ...REPLICAS, policyTypes: ['Egress'], egress: [{ ports }] });
/** Policies add up, so those of Pattern 3 are left out where one of somebody else is to isolate. */
const NO_POLICIES = {
  drop: [
    'networkpolicies/allow-gateway-to-vllm.yaml',
    'networkpolicies/allow-gateway-to-epp.yaml',
    'networkpolicies/allow-vllm-egress.yaml',
    'networkpolicies/allow-istio.yaml',
  ],
};

/** Policies, sidecars and filters that keep one part from another. */
export const NETWORK_SCENARIOS: readonly DiagnosisScenario[] = [
  scenario('policy-dns', 'somebody isolates the replicas from DNS during the run', 'policy.dns-blocked', {
    manifests: NO_POLICIES,
    cluster: {
      later: [egressOnly(HTTPS, ISTIOD)],
    },
  }),
  scenario(
    'policy-egress',
    'somebody isolates the replicas from the internet during the run',
    'policy.egress-blocked',
    {
      manifests: NO_POLICIES,
      cluster: {
        later: [egressOnly(DNS, ISTIOD)],
      },
    },
  ),
  scenario(
    'policy-istiod',
    'somebody isolates the replicas from istiod during the run',
    'istio.control-plane-blocked',
    {
      manifests: NO_POLICIES,
      cluster: {
        later: [egressOnly(DNS, HTTPS)],
      },
      flags: SHORT,
    },
  ),
  scenario('istiod-down', 'istiod does not answer the sidecars', 'istio.control-plane-down', {
    cluster: {
      containers: [
        {
          in: 'replica',
          container: 'istio-proxy',
          says: ['error\tconnection to istiod.istio-system.svc:15012 timed out'],
        },
      ],
    },
    flags: SHORT,
  }),
  scenario(
    'policy-gateway',
    'somebody isolates the replicas from the gateway during the run',
    'policy.gateway-to-replicas',
    {
      manifests: NO_POLICIES,
      cluster: { later: [policy('isolate', { ...REPLICAS, ...DENY_INGRESS })] },
    },
  ),
  scenario('policy-picker', 'somebody isolates the endpoint picker during the run', 'policy.gateway-to-picker', {
    manifests: NO_POLICIES,
    cluster: { later: [policy('isolate', { ...PICKERS, ...DENY_INGRESS })] },
    expect: fail('policy.gateway-to-picker'),
  }),
  scenario('envoyfilter-late', 'somebody makes an EnvoyFilter during the run', 'routing.envoyfilter', {
    cluster: { later: [ENVOY_FILTER] },
    expect: fail('routing.envoyfilter'),
  }),
];
