import type { DiagnosisScenario } from '../types.ts';
import { ENVOY_FILTER } from './envoy-filter.ts';
import { GATEWAY, scenario } from './shared.ts';

const OTHER_ROUTE = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', ...GATEWAY }],
    rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/web' } }], backendRefs: [] }],
  },
};

/** What is wrong with the cluster before a node is leased. */
export const CLUSTER_SCENARIOS: readonly DiagnosisScenario[] = [
  scenario('gateway-absent', 'the gateway does not exist', 'gateway.missing', {
    cluster: { remove: [`Gateway/${GATEWAY.namespace}/${GATEWAY.name}`] },
  }),
  scenario('gateway-unprogrammed', 'the pods of the gateway cannot pull their image', 'gateway.not-programmed', {
    cluster: {
      patch: [
        {
          kind: 'Gateway',
          ...GATEWAY,
          patch: {
            status: {
              conditions: [
                {
                  type: 'Programmed',
                  status: 'False',
                  reason: 'Pending',
                  message: 'Deployment "inference-gateway-istio" has no ready pods',
                },
              ],
            },
          },
        },
      ],
    },
  }),
  scenario('gateway-of-gke', 'the gateway is of GKE’s own class', 'gateway.class', {
    cluster: {
      patch: [
        { kind: 'Gateway', ...GATEWAY, patch: { spec: { gatewayClassName: 'gke-l7-regional-external-managed' } } },
      ],
    },
  }),
  scenario('kserve-plain', 'the controller is plain KServe v0.15, which ignores the kind', 'kserve.no-controller', {
    cluster: {
      patch: [
        {
          kind: 'Deployment',
          namespace: 'opendatahub',
          name: 'kserve-controller-manager',
          patch: {
            spec: {
              template: { spec: { containers: [{ name: 'manager', image: 'kserve/kserve-controller:v0.15.2' }] } },
            },
          },
        },
      ],
    },
  }),
  scenario(
    'no-inference-model',
    'the definition that only KServe ODH v0.15 still needs is missing',
    'kserve.prerequisite',
    {
      cluster: { remove: ['CustomResourceDefinition/inferencemodels.inference.networking.x-k8s.io'] },
    },
  ),
  scenario('no-gateway-class', 'the class of the gateway has been deleted', 'kserve.prerequisite', {
    cluster: { remove: ['GatewayClass/istio'] },
  }),
  scenario('istio-too-new', 'Istio takes only the InferencePool that the cluster does not serve', 'istio.pool-group', {
    cluster: {
      remove: ['CustomResourceDefinition/inferencepools.inference.networking.k8s.io'],
      patch: [
        {
          kind: 'Deployment',
          namespace: 'istio-system',
          name: 'istiod',
          patch: {
            spec: {
              template: { spec: { containers: [{ name: 'discovery', image: 'docker.io/istio/pilot:1.28.5' }] } },
            },
          },
        },
      ],
    },
  }),
  scenario('older-route', 'another route of the gateway is older', 'routing.older-route', {
    cluster: { add: [OTHER_ROUTE] },
  }),
  scenario('envoyfilter', 'an EnvoyFilter overrides ext_proc without a gRPC service', 'routing.envoyfilter', {
    cluster: { add: [ENVOY_FILTER] },
  }),
  scenario('no-right', 'the identity may not patch pods', 'kube.permission', {
    cluster: { denied: [{ verb: 'patch', group: '', resource: 'pods' }] },
  }),
];
