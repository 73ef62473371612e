import type { DiagnosisScenario } from '../types.ts';
import { manifest, scenario } from './shared.ts';

const TPU_HOLDER = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'notebook', namespace: 'default', labels: { app: 'notebook' } },
  spec: {
    nodeSelector: { 'cloud.google.com/gke-tpu-accelerator': 'tpu-v6e-slice' },
    tolerations: [{ key: 'google.com/tpu', operator: 'Exists' }],
    containers: [
      {
        name: 'notebook',
        image: 'us-docker.pkg.dev/lab/notebook:1',
        resources: { requests: { 'google.com/tpu': '4' }, limits: { 'google.com/tpu': '4' } },
      },
    ],
  },
  status: { phase: 'Pending' },
};

/** The API server's refusals of a pod. */
const REFUSED = [
  {
    name: 'pod-denied',
    summary: 'a policy of the cluster wants a label on pods',
    cause: 'pods.denied',
    refusal:
      'admission webhook "validation.gatekeeper.sh" denied the request: [all-must-have-owner] you must provide labels: {"owner"}',
    shows: 'you must provide labels',
    remedy: 'spec.template',
  },
  {
    name: 'pod-account',
    summary: 'the service account of the pods does not exist',
    cause: 'pods.no-service-account',
    refusal:
      'pods "qwen2-3b-pattern3-kserve-1" is forbidden: error looking up service account llm-d-inference-scheduling/vllm: serviceaccount "vllm" not found',
    shows: 'serviceaccount "vllm" not found',
    remedy: 'get serviceaccounts',
  },
] as const;

/** Pods that are not made, or that find no node. */
export const SCHEDULING_SCENARIOS: readonly DiagnosisScenario[] = [
  manifest('selector-unknown', 'the pods select a label that no node has', 'pods.node-selector', [
    '      cloud.google.com/gke-tpu-topology: 2x2',
    '      cloud.google.com/gke-tpu-topology: 2x2\n      cloud.google.com/gke-provisioning: reservation',
  ]),
  manifest('no-toleration', 'the pods do not tolerate the taint of TPU nodes', 'pool.mismatch', [
    'value: present\n',
    'value: absent\n',
  ]),
  scenario('chips-held', 'a pod of somebody else takes one of the new nodes', 'pods.insufficient-tpu', {
    cluster: { add: [TPU_HOLDER] },
  }),
  manifest('cpu-too-much', 'a replica asks for more CPU than a node has', 'pods.insufficient-resources', [
    'requests:\n            google.com/tpu: "4"',
    'requests:\n            cpu: "400"\n            google.com/tpu: "4"',
  ]),
  scenario('pod-webhook', 'the webhook of the sidecar injector does not answer', 'pods.webhook', {
    cluster: {
      refusedPods:
        'Internal error occurred: failed calling webhook "namespace.sidecar-injector.istio.io": failed to call webhook: Post "https://istiod.istio-system.svc:443/inject?timeout=10s": dial tcp 10.4.0.3:15017: connect: connection refused',
    },
  }),
  ...REFUSED.map(({ name, summary, cause, refusal, shows, remedy }) =>
    scenario(name, summary, cause, { cluster: { refusedPods: refusal }, shows: [shows], remedy }),
  ),
];
