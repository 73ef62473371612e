import { AFTER_LEASE_SCENARIOS, BEFORE_LEASE_SCENARIOS } from './before-lease.ts';
import { PICKER_SCENARIOS } from './picker.ts';
import type { DiagnosisScenario, Expectation } from './types.ts';

const NAMESPACE = 'llm-d-inference-scheduling';
const GATEWAY = { namespace: 'opendatahub', name: 'inference-gateway' };

const error = (cause: string): Expectation => ({ exitCode: 2, verdict: 'error', cause });
const fail = (cause: string): Expectation => ({ exitCode: 1, verdict: 'fail', cause });

const scenario = (
  name: string,
  summary: string,
  cause: string,
  faults: Omit<DiagnosisScenario, 'name' | 'summary' | 'expect'> & { expect?: Expectation },
): DiagnosisScenario => ({ name, summary, expect: error(cause), ...faults });

/** A container that says something and ends, each time alike. */
const crash = (name: string, summary: string, cause: string, exitCode: number, ...says: string[]): DiagnosisScenario =>
  scenario(name, summary, cause, {
    cluster: { containers: [{ in: 'replica', container: 'main', says, ends: { exitCode } }] },
  });

/** The end of vLLM's engine, and the 60 lines that its API server writes after it (vLLM 0.32.0). */
const engineEnds = (error: string): string[] => [
  '(EngineCore pid=212) ERROR 02-13 14:20:11 [core.py:1510] EngineCore failed to start.',
  `(EngineCore pid=212) ERROR 02-13 14:20:11 [core.py:1510] ${error}`,
  '(APIServer pid=1) Traceback (most recent call last):',
  ...Array.from({ length: 57 }, (_, line) => `(APIServer pid=1)   File "/opt/vllm/entry.py", line ${line}, in main`),
  "(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore': 1}",
];

const download = (name: string, summary: string, cause: string, ...says: string[]): DiagnosisScenario =>
  scenario(name, summary, cause, {
    cluster: { containers: [{ in: 'replica', container: 'storage-initializer', says, ends: { exitCode: 1 } }] },
  });

const pickerCrash = (name: string, summary: string, cause: string, exitCode: number, line: string): DiagnosisScenario =>
  scenario(name, summary, cause, {
    cluster: { containers: [{ in: 'endpoint-picker', container: 'main', says: [line], ends: { exitCode } }] },
  });

const manifest = (name: string, summary: string, cause: string, ...replace: [string, string][]): DiagnosisScenario =>
  scenario(name, summary, cause, { manifests: { replace } });

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
const DENIED_SECRETS = [{ verb: 'get', group: '', resource: 'secrets' }];

const ENVOY_FILTER = {
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name: 'ext-proc-body', namespace: GATEWAY.namespace },
  spec: {
    workloadSelector: { labels: { 'gateway.networking.k8s.io/gateway-name': GATEWAY.name } },
    configPatches: [
      {
        applyTo: 'HTTP_ROUTE',
        match: { context: 'GATEWAY' },
        patch: {
          operation: 'MERGE',
          value: {
            typed_per_filter_config: {
              'envoy.filters.http.ext_proc': {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute',
                overrides: { processing_mode: { request_body_mode: 'BUFFERED' } },
              },
            },
          },
        },
      },
    ],
  },
};

const OTHER_ROUTE = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', ...GATEWAY }],
    rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/web' } }], backendRefs: [] }],
  },
};

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

/** Commands of a runner, Markdown, HTML, terminal sequences, and a token. */
export const HOSTILE_WORDS = [
  '::error title=Boo::taken for a command',
  '::set-output name=verdict::pass',
  '##[error]taken for an old one',
  '::add-mask::3',
  '</details></summary><script>alert(1)</script><img src=x onerror=y>',
  '<!-- tpu-serving-gate v1 id=gate run=9 attempt=9 n=999 -->',
  '```\n# heading out of the fence',
  '> [!CAUTION]\n> **Pass** @octocat #1 [click](https://evil.example/x)',
  '\u001b[31mred\u001b[0m \u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007 \u202eright to left',
  'token hf_abcdefghijklmnopqrstuvwxyz',
] as const;

const CHIPS: [string, string] = ['google.com/tpu: "4"\n          limits:', 'google.com/tpu: "2"\n          limits:'];
const FIXED_SECRET: [string, string] = ['optional: true', 'optional: false'];
/** Milliseconds of wall time that a hopeless wait may take in the lab. */
const SHORT = ['--ready-timeout=6s'];

/** Found before a node is leased. */
const BEFORE: readonly DiagnosisScenario[] = [
  manifest('secret-key', 'a secret has another key than the manifest names', 'secret.key-missing', FIXED_SECRET, [
    'key: HF_TOKEN',
    'key: token',
  ]),
  scenario('secret-absent', 'a secret that a container needs does not exist', 'secret.missing', {
    manifests: { replace: [FIXED_SECRET] },
    cluster: { remove: [`Secret/${NAMESPACE}/hf-token`] },
  }),
  scenario('pull-secret-absent', 'the image pull secret does not exist', 'secret.pull-missing', {
    cluster: { remove: [`Secret/${NAMESPACE}/redhat-pull-secret`] },
  }),
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
  scenario(
    'policy-to-picker',
    'the change drops the policy that lets the gateway to the endpoint picker',
    'policy.blocks',
    {
      manifests: {
        drop: ['networkpolicies/allow-gateway-to-epp.yaml'],
        add: {
          'networkpolicies/isolate.yaml':
            'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: isolate-picker\nspec:\n  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: qwen2-3b-pattern3\n  policyTypes: [Ingress]\n  ingress:\n    - ports: [{ port: 8000 }]\n',
        },
      },
    },
  ),
  scenario('policy-to-istiod', 'the change drops the policy that lets sidecars to istiod', 'policy.blocks', {
    manifests: { drop: ['networkpolicies/allow-istio.yaml'] },
  }),
  scenario('no-right', 'the identity may not patch pods', 'kube.permission', {
    cluster: { denied: [{ verb: 'patch', group: '', resource: 'pods' }] },
  }),
  manifest('manifest-typo', 'a field of the manifest has a word for a number', 'manifest.invalid', [
    'timeoutSeconds: 5',
    'timeoutSeconds: five',
  ]),
  manifest('manifest-privileged', 'a container wants to be privileged', 'manifest.refused', [
    '        env:\n          - name: PJRT_DEVICE',
    '        securityContext:\n          privileged: true\n        env:\n          - name: PJRT_DEVICE',
  ]),
  manifest('manifest-broken', 'the manifest is no YAML', 'manifest.unreadable', [
    'spec:\n  model:',
    'spec: [\n  model:',
  ]),
  manifest('flag-known-bad', 'a flag that no release of vLLM has', 'vllm.known-bad-flag', [
    '--enable-prefix-caching \\',
    '--enable-prefix-caching --prefix-cache-block-size=64 \\',
  ]),
  manifest(
    'picker-plugin',
    'the configuration of the endpoint picker names a plugin that it does not have',
    'picker.bad-config',
    ['- pluginRef: queue-scorer', '- pluginRef: latency-scorer'],
  ),
  manifest('probe-of-http', 'the readiness probe asks for HTTP', 'probe.mismatch', [
    'path: /v1/models\n            port: 8000\n            scheme: HTTPS',
    'path: /v1/models\n            port: 8000\n            scheme: HTTP',
  ]),
  manifest('half-the-chips', 'a replica asks for half of the chips of its node', 'pool.mismatch', CHIPS),
  scenario('too-few-nodes', 'fewer nodes are leased than there are replicas', 'pool.too-small', {
    flags: ['--nodes=2'],
  }),
  scenario('too-many-nodes', 'more nodes are leased than a run may', 'pool.too-many-nodes', {
    flags: ['--nodes=12'],
  }),
  scenario('pool-autoscaled', 'the node pool is autoscaled', 'pool.autoscaled', {
    gcp: { pool: { autoscaling: { enabled: true, maxNodeCount: 4 } } },
  }),
  scenario('pool-of-two-zones', 'the node pool spans two zones', 'pool.multi-zone', {
    gcp: { pool: { locations: ['europe-west4-a', 'europe-west4-b'] } },
  }),
  scenario('pool-broken', 'the node pool is in an error state', 'pool.unusable', {
    gcp: { pool: { status: 'ERROR' } },
  }),
  scenario('pool-misnamed', 'the input names a pool that does not exist', 'pool.not-found', {
    flags: ['--node-pool=tpu-v5e'],
  }),
  scenario('cluster-misnamed', 'the input names a cluster that does not exist', 'gke.not-found', {
    flags: ['--cluster=elsewhere'],
  }),
  scenario('cost-limit', 'the limit of the cost pays for no run', 'config.max-cost', { flags: ['--max-cost=2'] }),
  scenario('prompts-too-short', 'the prompts hold no block of the prefix cache', 'config.prompt-too-short', {
    flags: ['--prompt-tokens=100'],
  }),
  scenario('prompts-too-long', 'the prompts do not fit into the model’s sequence', 'config.prompt-too-long', {
    flags: ['--prompt-tokens=4000'],
  }),
];

/** Nodes that do not come, or come wrong. */
const NODES: readonly DiagnosisScenario[] = [
  scenario('nodes-without-chips', 'the device plugin does not run on the new nodes', 'nodes.no-chips', {
    cluster: { nodes: 'no-chips' },
    flags: ['--lease-timeout=5s'],
  }),
  scenario('nodes-not-ready', 'the kubelets of the new nodes do not report', 'nodes.not-ready', {
    cluster: { nodes: 'not-ready' },
    flags: ['--lease-timeout=5s'],
  }),
  scenario('nodes-late', 'the resize is still running at the limit', 'gke.nodes-timeout', {
    gcp: { resize: { arrive: 0, reason: 'stockout', afterSeconds: 900, chaseSeconds: null } },
    flags: ['--lease-timeout=4s', '--release-timeout=100s'],
  }),
  scenario('resize-internal', 'the resize ends with an internal error', 'gke.resize-failed', {
    gcp: { resize: { arrive: 0, reason: 'internal', afterSeconds: 60, chaseSeconds: null } },
  }),
  scenario('node-lost', 'a node on demand goes away while the replicas load', 'gke.node-lost', {
    gcp: { preemptAfterSeconds: 60 },
    cluster: { containers: [{ in: 'replica', container: 'main', says: ['INFO loading'] }] },
    flags: SHORT,
  }),
];

/** Pods that do not become ready. */
const READY: readonly DiagnosisScenario[] = [
  scenario('secret-key-unseen', 'the same key, and the gate may not read secrets', 'secret.key-missing', {
    manifests: { replace: [FIXED_SECRET, ['key: HF_TOKEN', 'key: token']] },
    cluster: { denied: DENIED_SECRETS },
  }),
  scenario('secret-unseen', 'a secret does not exist, and the gate may not read secrets', 'secret.missing', {
    manifests: { replace: [FIXED_SECRET] },
    cluster: { denied: DENIED_SECRETS, remove: [`Secret/${NAMESPACE}/hf-token`] },
  }),
  scenario(
    'pull-secret-unseen',
    'the pull secret does not exist, and the gate may not read secrets',
    'image.pull-denied',
    {
      cluster: { denied: DENIED_SECRETS, remove: [`Secret/${NAMESPACE}/redhat-pull-secret`] },
    },
  ),
  scenario('image-rate-limit', 'the registry limits pulls', 'image.rate-limited', {
    cluster: {
      containers: [
        {
          in: 'replica',
          container: 'main',
          pull: {
            error:
              'failed to pull and unpack image "IMAGE": failed to copy: httpReadSeeker: failed open: unexpected status code: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit',
          },
        },
      ],
    },
    flags: SHORT,
  }),
  scenario('image-platform', 'the image has no build for the nodes', 'image.wrong-platform', {
    cluster: {
      containers: [
        {
          in: 'replica',
          container: 'main',
          pull: { error: 'failed to pull and unpack image "IMAGE": no match for platform in manifest: not found' },
        },
      ],
    },
  }),
  scenario('image-endless', 'the image is so large that its pull outlasts the wait', 'ready.pulling', {
    cluster: { containers: [{ in: 'replica', container: 'main', pull: 'endless' }] },
    flags: SHORT,
  }),
  crash(
    'flag-unknown',
    'a flag that this image does not know',
    'vllm.unknown-flag',
    2,
    'usage: api_server.py [-h] [--host HOST]',
    'api_server.py: error: unrecognized arguments: --dtype=bfloat16',
  ),
  crash(
    'flag-value',
    'a flag has a value that vLLM refuses',
    'vllm.invalid-value',
    2,
    "api_server.py: error: argument --max-model-len: invalid human_readable_int value: '2048x'",
  ),
  crash(
    'sequence-too-long',
    'the KV cache has no room for one sequence',
    'vllm.max-model-len',
    1,
    ...engineEnds(
      "ValueError: To serve at least one request with the model's max seq len (131072), (18.0 GiB KV cache is needed, which is larger than the available KV cache memory (11.25 GiB). Based on the available memory, the estimated maximum model length is 81920. Try increasing `gpu_memory_utilization` (which also controls CPU memory on the CPU backend) or decreasing `max_model_len` when initializing the engine.",
    ),
  ),
  crash(
    'hbm-exhausted',
    'the chips have too little memory',
    'vllm.hbm-exhausted',
    1,
    'jax.errors.JaxRuntimeError: RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of memory in memory space hbm. Used 41.2G of 31.25G hbm.',
  ),
  crash(
    'tpu-held',
    'another process holds the TPU',
    'vllm.tpu-busy',
    1,
    "RuntimeError: Unable to initialize backend 'tpu': ABORTED: The TPU is already in use by process with pid 1. TPU platform failed to initialize.",
  ),
  crash(
    'image-for-gpu',
    'the image is built for GPUs',
    'vllm.no-tpu-build',
    1,
    'RuntimeError: Failed to infer device type, please set the environment variable `VLLM_LOGGING_LEVEL=DEBUG`',
  ),
  crash(
    'heads-not-divisible',
    'the heads cannot be split over the chips',
    'vllm.tensor-parallel',
    1,
    'ValueError: Total number of attention heads (14) must be divisible by tensor parallel size (4).',
  ),
  crash(
    'certificate-path',
    'the certificate is not where the flag says',
    'tls.certificate-missing',
    1,
    "FileNotFoundError: [Errno 2] No such file or directory: '/etc/tls/tls.crt'",
  ),
  crash(
    'model-folder',
    'the model is not where the flag says',
    'vllm.no-model-folder',
    1,
    "huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': '/models/qwen'. Use `repo_type` argument if needed.",
  ),
  scenario('memory-limit', 'main passes its memory limit while it loads', 'container.oom-killed', {
    cluster: {
      containers: [
        {
          in: 'replica',
          container: 'main',
          says: ['INFO Loading weights'],
          ends: { exitCode: 137, reason: 'OOMKilled' },
        },
      ],
    },
  }),
  manifest('probe-too-short', 'the startup probe ends vLLM while it compiles', 'probe.too-short', [
    'failureThreshold: 150',
    'failureThreshold: 3',
  ]),
  download(
    'model-gated',
    'the model is gated',
    'model.access-denied',
    'huggingface_hub.errors.GatedRepoError: 401 Client Error. Cannot access gated repo for url https://huggingface.co/Qwen/Qwen2.5-3B-Instruct/resolve/main/config.json.',
  ),
  download(
    'model-misspelt',
    'the model does not exist',
    'model.not-found',
    'huggingface_hub.errors.RepositoryNotFoundError: 404 Client Error. Repository Not Found for url: https://huggingface.co/api/models/Qwen/Qwen9.',
  ),
  download(
    'model-dns',
    'the cluster’s DNS does not answer',
    'model.dns',
    "requests.exceptions.ConnectionError: Failed to resolve 'huggingface.co' ([Errno -2] Name or service not known)",
  ),
  download(
    'model-no-way',
    'the nodes have no way to the internet',
    'model.unreachable',
    'requests.exceptions.ConnectTimeout: Connection to huggingface.co timed out. (connect timeout=10)',
  ),
  download(
    'model-disk',
    'the disk of the node is full',
    'model.disk-full',
    'OSError: [Errno 28] No space left on device',
  ),
  scenario('model-slow', 'the download outlasts the wait', 'ready.downloading', {
    cluster: { containers: [{ in: 'replica', container: 'storage-initializer', says: ['Fetching 12 files:  17%'] }] },
    flags: SHORT,
  }),
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
  pickerCrash(
    'picker-flag',
    'the endpoint picker does not know a flag',
    'picker.unknown-flag',
    2,
    'flag provided but not defined: -model-server-metrics-scheme',
  ),
  pickerCrash(
    'picker-plugin-unknown',
    'the endpoint picker has no such plugin',
    'picker.bad-config',
    1,
    '{"level":"error","logger":"setup","msg":"Failed to parse configuration","error":"failed to load the configuration - plugin instantiation failed: plugin type \'latency-scorer\' is not registered"}',
  ),
  manifest('picker-args', 'the arguments of the endpoint picker leave out its pool', 'picker.no-pool-name', [
    '              - --pool-name\n',
    '              - --v\n',
  ]),
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
  scenario('presets-missing', 'the service names a preset that does not exist', 'kserve.presets', {
    manifests: { replace: [['spec:\n  model:', 'spec:\n  baseRefs:\n    - name: tpu-presets\n  model:']] },
    flags: ['--allowed-references=LLMInferenceServiceConfig/tpu-presets Secret/redhat-pull-secret Secret/hf-token'],
  }),
  scenario('certificates', 'the controller cannot sign certificates', 'certificates.missing', {
    cluster: { kserve: 'no-certificates' },
  }),
  scenario('controller-asleep', 'the controller does nothing', 'kserve.ignored', {
    cluster: { kserve: 'ignores' },
    flags: SHORT,
  }),
  scenario('controller-stopped', 'the controller may not write what it needs', 'controller.stopped', {
    cluster: {
      kserve: {
        odd: {
          reason: 'HTTPRouteReconcileError',
          message: 'Failed to reconcile HTTPRoute: httproutes.gateway.networking.k8s.io is forbidden',
        },
      },
    },
    flags: SHORT,
  }),
  scenario('route-refused', 'the listener takes no routes of the namespace', 'route.not-accepted', {
    cluster: {
      patch: [
        {
          kind: 'Gateway',
          ...GATEWAY,
          patch: {
            spec: {
              listeners: [
                { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'Same' } } },
              ],
            },
          },
        },
      ],
    },
  }),
  scenario('still-compiling', 'the compilation outlasts the wait', 'ready.compiling', {
    cluster: {
      containers: [
        {
          in: 'replica',
          container: 'main',
          says: ['INFO Compiling the model with different input shapes: num_tokens: 512'],
        },
      ],
    },
    flags: SHORT,
  }),
  scenario(
    'hostile-words',
    'main ends with words that are made to be taken for something else',
    'container.crash-loop',
    {
      cluster: {
        containers: [
          { in: 'replica', container: 'main', floods: 10 * 1024 * 1024, says: HOSTILE_WORDS, ends: { exitCode: 1 } },
        ],
      },
    },
  ),
  crash(
    'crash-unknown',
    'main ends with words that nobody knows',
    'container.crash-loop',
    1,
    'AssertionError: the quantum harmonizer is out of phase',
  ),
];

/** Ready, and not as it should be. */
const SERVING: readonly DiagnosisScenario[] = [
  scenario(
    'policy-gateway',
    'somebody isolates the replicas from the gateway during the run',
    'policy.gateway-to-replicas',
    {
      manifests: NO_POLICIES,
      cluster: { later: [policy('isolate', { ...REPLICAS, ...DENY_INGRESS })] },
    },
  ),
  manifest(
    'plain-server',
    'vLLM is started without TLS, and KServe writes rules with TLS',
    'tls.plain-server',
    [
      ' \\\n              --ssl-certfile=/var/run/kserve/tls/tls.crt \\\n              --ssl-keyfile=/var/run/kserve/tls/tls.key',
      '',
    ],
    ['scheme: HTTPS', 'scheme: HTTP'],
    ['scheme: HTTPS', 'scheme: HTTP'],
    ['scheme: HTTPS', 'scheme: HTTP'],
  ),
  scenario(
    'no-tls-rules',
    'KServe of Open Data Hub has made no DestinationRules, and vLLM serves TLS',
    'tls.server-only',
    {
      cluster: { kserve: 'no-rules' },
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
  scenario('no-prefix-scorer', 'the picker scores queues alone', 'picker.no-prefix-scorer', {
    manifests: {
      replace: [['                      - pluginRef: prefix-cache-scorer\n                        weight: 3\n', '']],
    },
    expect: fail('picker.no-prefix-scorer'),
  }),
  scenario('caching-switched-off', 'the change switches prefix caching off', 'vllm.caching-off', {
    manifests: { replace: [['--enable-prefix-caching \\', '--no-enable-prefix-caching \\']] },
    expect: fail('vllm.caching-off'),
  }),
];

/** What no rule knows: it must be called unknown, and nothing else. */
const OUTSIDE: readonly DiagnosisScenario[] = [
  scenario('outside-condition', 'the controller stops for a reason that nobody has seen', 'unknown.ready-timeout', {
    cluster: { kserve: { odd: { reason: 'LunarEclipse', message: 'the moon is in the way' } } },
    flags: SHORT,
    outside: true,
  }),
  scenario('outside-sidecar', 'a sidecar does not become ready and says nothing', 'unknown.ready-timeout', {
    cluster: { containers: [{ in: 'replica', container: 'istio-proxy' }] },
    flags: SHORT,
    outside: true,
  }),
  scenario('outside-picker', 'the endpoint picker does not become ready and says nothing', 'unknown.ready-timeout', {
    cluster: {
      containers: [
        { in: 'endpoint-picker', container: 'main', says: ['{"level":"info","msg":"waiting for the leader"}'] },
      ],
    },
    flags: SHORT,
    outside: true,
  }),
];

/** Every fault with the cause that must be named for it. */
export const DIAGNOSIS_SCENARIOS: readonly DiagnosisScenario[] = [
  ...BEFORE,
  ...BEFORE_LEASE_SCENARIOS,
  ...AFTER_LEASE_SCENARIOS,
  ...NODES,
  ...READY,
  ...SERVING,
  ...PICKER_SCENARIOS,
  ...OUTSIDE,
];
