import type { DiagnosisScenario, Expectation } from './types.ts';

const NAMESPACE = 'llm-d-inference-scheduling';
const error = (cause: string): Expectation => ({ exitCode: 2, verdict: 'error', cause });

const PRIVATE_IMAGE = 'image: registry.redhat.io/rhaiis/vllm-tpu-rhel9:3.2.5';
/** An image that everybody may read. */
const PUBLIC_IMAGE: readonly [string, string] = [PRIVATE_IMAGE, 'image: docker.io/vllm/vllm-tpu:nightly-0'];

const quota = (name: string, hard: Record<string, string>, used: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name, namespace: NAMESPACE },
  spec: { hard },
  status: { hard, used },
});

const limits = (...items: Record<string, unknown>[]) => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name: 'team-limits', namespace: NAMESPACE },
  spec: { limits: items },
});

/** Of the replicas, as the component `autoscaling` has it. */
const AUTOSCALER = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'vllm-replicas', namespace: NAMESPACE },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'qwen2-3b-pattern3-kserve' },
    minReplicas: 1,
    maxReplicas: 3,
  },
};

const TPU_QUOTA = quota('team', { 'requests.google.com/tpu': '8' }, { 'requests.google.com/tpu': '0' });

const labelled = (labels: Record<string, string>) => [
  { kind: 'Namespace', name: NAMESPACE, patch: { metadata: { labels } } },
];

/** The template of the replicas with more CPU. */
const CPU: readonly [string, string] = [
  'requests:\n            google.com/tpu: "4"',
  'requests:\n            cpu: "40"\n            google.com/tpu: "4"',
];

const AS_ROOT: readonly [string, string] = [
  '        env:\n          - name: PJRT_DEVICE',
  '        securityContext:\n          runAsUser: 0\n          runAsNonRoot: false\n        env:\n          - name: PJRT_DEVICE',
];

const denied = (verb: 'get' | 'list', resource: string) => ({ verb, group: '', resource });

/** What admission and the kubelet would refuse, found before a node is leased. */
export const BEFORE_LEASE_SCENARIOS: readonly DiagnosisScenario[] = [
  {
    name: 'image-absent',
    summary: 'a public registry does not have the tag of the vLLM image',
    cluster: { image: 'not-found' },
    manifests: { replace: [PUBLIC_IMAGE] },
    expect: error('image.not-found'),
  },
  {
    name: 'toleration-of-another-effect',
    summary: 'the pods tolerate another effect than the taint of TPU nodes has',
    manifests: { replace: [['effect: NoSchedule\n', 'effect: NoExecute\n']] },
    expect: error('pool.mismatch'),
  },
  {
    name: 'taint-of-the-pool',
    summary: 'the node pool has a taint of its own, which the pods do not tolerate',
    gcp: {
      pool: {
        config: { machineType: 'ct6e-standard-4t', taints: [{ key: 'team', value: 'vision', effect: 'NO_SCHEDULE' }] },
      },
    },
    expect: error('pool.mismatch'),
  },
  {
    name: 'pod-quota',
    summary: 'a ResourceQuota leaves fewer chips than the replicas need',
    cluster: { add: [TPU_QUOTA] },
    expect: error('pods.quota'),
  },
  {
    name: 'quota-of-the-change',
    summary: 'the manifests bring a ResourceQuota that leaves fewer chips than the replicas need',
    manifests: {
      add: {
        'quota.yaml':
          'apiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: team\nspec:\n  hard:\n    requests.google.com/tpu: "8"\n',
      },
    },
    flags: ['--allowed-kinds', 'LLMInferenceService, NetworkPolicy, ResourceQuota'],
    shows: ['need 12 of requests.google.com/tpu, and ResourceQuota team of'],
    remedy: 'Raise requests.google.com/tpu of ResourceQuota team (',
    expect: error('pods.quota'),
  },
  {
    name: 'limit-range-of-the-change',
    summary: 'the manifests bring a LimitRange that allows a container less CPU than a replica asks for',
    manifests: {
      replace: [CPU],
      add: {
        'limits.yaml':
          'apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: team\nspec:\n  limits:\n    - type: Container\n      max:\n        cpu: "16"\n      default:\n        cpu: "8"\n',
      },
    },
    flags: ['--allowed-kinds', 'LLMInferenceService, NetworkPolicy, LimitRange'],
    expect: error('pods.limits'),
  },
  {
    name: 'quota-of-pods',
    summary: 'pods of others have used up a ResourceQuota',
    cluster: { add: [quota('team', { pods: '12' }, { pods: '11' })] },
    expect: error('pods.quota'),
  },
  {
    name: 'quota-demands-limits',
    summary: 'a ResourceQuota makes every container set a limit, and the replicas set none',
    cluster: { add: [quota('team', { 'limits.memory': '2Ti' })] },
    expect: error('pods.quota'),
  },
  {
    name: 'replicas-autoscaled',
    summary: 'an autoscaler of the cluster may change the number of replicas',
    cluster: { add: [AUTOSCALER] },
    shows: ['HorizontalPodAutoscaler vllm-replicas (1 to 3 replicas) scales qwen2-3b-pattern3'],
    remedy: 'Set both limits to 3',
    expect: error('manifest.replicas-autoscaled'),
  },
  {
    name: 'mesh-strict',
    summary: 'a PeerAuthentication of the cluster demands mTLS of the gateway, which connects by TLS of its own',
    cluster: {
      add: [
        {
          ...{ apiVersion: 'security.istio.io/v1', kind: 'PeerAuthentication' },
          ...{ metadata: { name: 'strict', namespace: NAMESPACE }, spec: { mtls: { mode: 'STRICT' } } },
        },
      ],
    },
    shows: ['sets mTLS STRICT'],
    expect: error('mesh.strict'),
  },
  {
    name: 'limit-range',
    summary: 'a LimitRange allows a container less CPU than a replica asks for',
    cluster: { add: [limits({ type: 'Container', max: { cpu: '16' }, default: { cpu: '8' } })] },
    manifests: { replace: [CPU] },
    expect: error('pods.limits'),
  },
  {
    name: 'pod-security',
    summary: 'the namespace enforces the standard restricted, and vLLM runs as root',
    cluster: { patch: labelled({ 'pod-security.kubernetes.io/enforce': 'restricted' }) },
    manifests: { replace: [AS_ROOT] },
    expect: error('pods.security'),
  },
];

/** The same faults where preflight cannot see them: the nodes are leased, and the diagnosis has to name the cause. */
export const AFTER_LEASE_SCENARIOS: readonly DiagnosisScenario[] = [
  {
    name: 'no-toleration-at-all',
    summary: 'the pods have no toleration, and nothing adds the one for TPU nodes',
    manifests: {
      replace: [
        [
          '    tolerations:\n      - key: google.com/tpu\n        operator: Equal\n        value: present\n        effect: NoSchedule\n',
          '',
        ],
      ],
    },
    expect: error('pods.untolerated-taint'),
  },
  {
    name: 'quota-unreadable',
    summary: 'a ResourceQuota that the identity may not read refuses the pods',
    cluster: {
      add: [TPU_QUOTA],
      denied: [denied('list', 'resourcequotas')],
      refusedPods:
        'pods "qwen2-3b-pattern3-kserve-1" is forbidden: exceeded quota: team, requested: requests.google.com/tpu=4, used: requests.google.com/tpu=8, limited: requests.google.com/tpu=8',
    },
    expect: error('pods.quota'),
  },
  {
    name: 'limits-unreadable',
    summary: 'a LimitRange that the identity may not read refuses the pods',
    cluster: {
      add: [limits({ type: 'Container', max: { cpu: '16' } })],
      denied: [denied('list', 'limitranges')],
      refusedPods:
        'pods "qwen2-3b-pattern3-kserve-1" is forbidden: maximum cpu usage per Container is 16, but limit is 40',
    },
    expect: error('pods.limits'),
  },
  {
    name: 'security-unreadable',
    summary: 'the standard that the namespace enforces may not be read, and refuses the pods',
    cluster: {
      denied: [denied('get', 'namespaces')],
      refusedPods:
        'pods "qwen2-3b-pattern3-kserve-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true)',
    },
    expect: error('pods.security'),
  },
];
