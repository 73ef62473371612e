import type { AnyObject } from '../../any-object.ts';
import type { CrdFolder } from '../../fixtures/crds.ts';

export const NAMESPACE = 'llm-d-inference-scheduling';
export const SERVICE = 'qwen2-3b-pattern3';
const MODEL = 'Qwen/Qwen2.5-3B-Instruct';
const X_GROUP = 'inference.networking.x-k8s.io';
const GROUP = 'inference.networking.k8s.io';
const PREFIX = `/${NAMESPACE}/${SERVICE}`;
const PUBLISHER = `/publishers/${NAMESPACE}/models/${MODEL}`;
const POOL = `${SERVICE}-inference-pool`;
const TLS = ['--ssl-certfile', '/var/run/kserve/tls/tls.crt', '--ssl-keyfile', '/var/run/kserve/tls/tls.key'];

/** What one KServe version makes of an LLMInferenceService, and what is to be read off it. */
export interface KserveVersion {
  name: string;
  /** Folder of its CRDs, where there is one. */
  crds: CrdFolder | null;
  service: AnyObject;
  route: AnyObject;
  pools: AnyObject[];
  workload: AnyObject;
  pod: AnyObject;
  picker: AnyObject;
  expected: {
    apiVersion: string;
    rules: number;
    poolRules: number[];
    /** Istio's names of the rules that lead to the pool. */
    istioNames: string[];
    poolGroup: string;
    scheme: 'https' | 'http';
    scorers: { name: string; weight: number }[];
    pickerImage: string;
  };
}

interface Shape {
  name: string;
  crds: CrdFolder | null;
  apiVersion: string;
  rules: AnyObject[];
  routeGroup: string;
  poolGroups: string[];
  command: { command?: string[]; args?: string[]; scheme: 'HTTPS' | 'HTTP' };
  picker: { image: string; words: { command?: string[]; args: string[] }; sidecar?: boolean };
  scorers: [name: string, weight: number][];
}

// biome-ignore lint/suspicious/noExplicitAny: a rule as JSON
type Rule = any;

const toPool = (group: string, path: string, name?: string): Rule => ({
  ...(name ? { name } : {}),
  matches: [{ path: { type: 'PathPrefix', value: path } }],
  filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } }],
  backendRefs: [{ group, kind: 'InferencePool', name: POOL, port: 8000, weight: 1 }],
  timeouts: { request: '0s', backendRequest: '0s' },
});

const toService = (path: string, name?: string): Rule => ({
  ...toPool('', path, name),
  backendRefs: [{ group: '', kind: 'Service', name: `${SERVICE}-kserve-workload-svc`, port: 8000, weight: 1 }],
});

const HEADER = [{ type: 'Exact', name: 'x-gateway-model-name', value: `publishers/${NAMESPACE}/models/${MODEL}` }];

const byHeader = (paths: string[], name: string): Rule => {
  const { filters: _filters, ...rule } = toPool(GROUP, '/', name);
  return { ...rule, matches: paths.map((value) => ({ path: { type: 'Exact', value }, headers: HEADER })) };
};

const catchAllByHeader = (name: string): Rule => {
  const { filters: _filters, ...rule } = toService('/', name);
  return { ...rule, matches: [{ headers: HEADER }] };
};

const ENDPOINTS = ['completions', 'chat/completions', 'responses', 'messages'];
const named = (endpoint: string) => `v1-${endpoint.replace('/', '-')}`;
const bare = (endpoints: string[]) => endpoints.flatMap((one) => [`/v1/${one}`, `/v1/${one}/`]);

function config(scorers: [string, number][]): string {
  return [
    'apiVersion: inference.networking.x-k8s.io/v1alpha1',
    'kind: EndpointPickerConfig',
    'plugins:',
    '- type: single-profile-handler',
    ...scorers.map(([name]) => `- type: ${name}`),
    '- type: max-score-picker',
    'schedulingProfiles:',
    '- name: default',
    '  plugins:',
    ...scorers.flatMap(([name, weight]) => [`  - pluginRef: ${name}`, `    weight: ${weight.toFixed(1)}`]),
    '  - pluginRef: max-score-picker',
    '',
  ].join('\n');
}

const script = (extra: string) =>
  `if [ "$KSERVE_INFER_ROCE" = "true" ]; then\n  # --port 1 and --ssl-certfile are words of a comment\n  echo roce\nfi\n${extra}`;

const SHAPES: Shape[] = [
  {
    name: 'ODH v0.15',
    crds: 'kserve-odh-v0.15',
    apiVersion: 'serving.kserve.io/v1alpha1',
    rules: [
      toPool(X_GROUP, `${PREFIX}/v1/completions`),
      toPool(X_GROUP, `${PREFIX}/v1/chat/completions`),
      toService(PREFIX),
    ],
    routeGroup: X_GROUP,
    poolGroups: [X_GROUP, GROUP],
    // The user's arguments stand in place of the preset's script.
    command: {
      command: ['/bin/bash', '-c'],
      args: [`python3 -m vllm.entrypoints.openai.api_server --model=/mnt/models --port=8000 ${TLS.join(' ')}`],
      scheme: 'HTTPS',
    },
    picker: {
      image: 'ghcr.io/llm-d/llm-d-inference-scheduler:v0.2.0',
      words: { args: ['--poolName', POOL, '--secure-serving', '--cert-path', '/var/run/kserve/tls', '--config-text'] },
    },
    scorers: [
      ['prefix-cache-scorer', 2],
      ['load-aware-scorer', 1],
    ],
  },
  {
    name: 'v0.16.0',
    crds: null,
    apiVersion: 'serving.kserve.io/v1alpha1',
    rules: [toPool(X_GROUP, PREFIX)],
    routeGroup: X_GROUP,
    poolGroups: [X_GROUP],
    command: {
      command: ['vllm', 'serve', '/mnt/models'],
      args: ['--served-model-name', MODEL, '--port', '8000', '--max-model-len=2048'],
      scheme: 'HTTP',
    },
    picker: {
      image: 'ghcr.io/llm-d/llm-d-inference-scheduler:v0.2.0',
      words: { args: ['--poolName', POOL, '--grpcPort', '9002', '--configText'] },
    },
    scorers: [
      ['prefix-cache-scorer', 2],
      ['load-aware-scorer', 1],
    ],
  },
  {
    name: 'v0.17.1',
    crds: 'kserve-v0.17.1',
    apiVersion: 'serving.kserve.io/v1alpha2',
    rules: [
      toPool(GROUP, `${PREFIX}/v1/completions`),
      toPool(GROUP, `${PREFIX}/v1/chat/completions`),
      toService(PREFIX),
    ],
    routeGroup: GROUP,
    poolGroups: [X_GROUP, GROUP],
    command: {
      command: ['vllm', 'serve', '/mnt/models', '--served-model-name', MODEL, '--port', '8000'],
      scheme: 'HTTP',
    },
    picker: {
      image: 'ghcr.io/llm-d/llm-d-inference-scheduler:v0.4.0',
      words: { args: ['--pool-name', POOL, '--grpc-port', '9002', '--config-text'] },
    },
    scorers: [
      ['queue-scorer', 2],
      ['prefix-cache-scorer', 3],
    ],
  },
  {
    name: 'v0.18.1',
    crds: null,
    apiVersion: 'serving.kserve.io/v1alpha2',
    rules: [...ENDPOINTS.slice(0, 3).map((one) => toPool(GROUP, `${PREFIX}/v1/${one}`)), toService(PREFIX)],
    routeGroup: GROUP,
    poolGroups: [X_GROUP, GROUP],
    command: {
      command: [
        '/bin/bash',
        '-c',
        script(
          `eval "vllm serve /mnt/models \\\n  --port 8000 \\\n  ${TLS.join(' ')} \\\n  \${VLLM_ADDITIONAL_ARGS} \\\n  $@"`,
        ),
        '--',
      ],
      args: ['--max-model-len=2048'],
      scheme: 'HTTPS',
    },
    picker: {
      image: 'ghcr.io/llm-d/llm-d-inference-scheduler:v0.7.1',
      words: { command: ['/app/epp'], args: ['--pool-name', POOL, '--secure-serving=true', '--config-text'] },
      sidecar: true,
    },
    scorers: [
      ['queue-scorer', 2],
      ['prefix-cache-scorer', 3],
    ],
  },
  {
    name: 'v0.19.0',
    crds: null,
    apiVersion: 'serving.kserve.io/v1alpha2',
    rules: [
      ...ENDPOINTS.slice(0, 3).flatMap((one) => [
        toPool(GROUP, `${PREFIX}/v1/${one}`, `${named(one)}-path`),
        byHeader(bare([one]), `${named(one)}-model-routing`),
      ]),
      toService(PREFIX, 'v1-catch-all-path'),
      catchAllByHeader('v1-catch-all-model-routing'),
    ],
    routeGroup: GROUP,
    poolGroups: [X_GROUP, GROUP],
    command: {
      command: ['/bin/bash', '-c', script('eval "vllm serve /mnt/models --port 8000 $@"'), '--'],
      scheme: 'HTTP',
    },
    picker: {
      image: 'ghcr.io/llm-d/llm-d-inference-scheduler:v0.7.1',
      words: { command: ['/app/epp'], args: ['--pool-name', POOL, '--config-text'] },
      sidecar: true,
    },
    scorers: [
      ['queue-scorer', 2],
      ['prefix-cache-scorer', 3],
    ],
  },
  {
    name: 'v0.20.0',
    crds: 'kserve-v0.20.0',
    apiVersion: 'serving.kserve.io/v1alpha2',
    rules: [
      ...ENDPOINTS.map((one) => toPool(GROUP, `${PREFIX}/v1/${one}`, `${named(one)}-path`)),
      byHeader(bare(ENDPOINTS), 'v1-model-routing'),
      ...ENDPOINTS.map((one) => toPool(GROUP, `${PUBLISHER}/v1/${one}`, `${named(one)}-publisher-path`)),
      toService(PUBLISHER, 'v1-publisher-path-catch-all'),
      toService(PREFIX, 'v1-catch-all-path'),
      catchAllByHeader('v1-catch-all-model-routing'),
    ],
    routeGroup: GROUP,
    poolGroups: [X_GROUP, GROUP],
    command: {
      command: [
        '/bin/bash',
        '-c',
        script(`eval "exec vllm serve /mnt/models --port 8000 --enable-ssl-refresh ${TLS.join(' ')} $@"`),
        '--',
      ],
      args: ['--max-model-len=2048'],
      scheme: 'HTTPS',
    },
    picker: {
      image: 'ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.9.0',
      words: { command: ['/app/epp'], args: ['--pool-name', POOL, '--secure-serving=true', '--config-text'] },
      sidecar: true,
    },
    scorers: [
      ['queue-scorer', 2],
      ['kv-cache-utilization-scorer', 2],
      ['prefix-cache-scorer', 3],
      ['no-hit-lru-scorer', 2],
    ],
  },
];

const OK = (reason: string) => ({
  status: 'True',
  reason,
  message: '',
  observedGeneration: 1,
  lastTransitionTime: '2026-11-22T14:00:00Z',
});
const ACCEPTED = [
  { type: 'Accepted', ...OK('Accepted') },
  { type: 'ResolvedRefs', ...OK('ResolvedRefs') },
];
const GATEWAY_REF = {
  group: 'gateway.networking.k8s.io',
  kind: 'Gateway',
  name: 'inference-gateway',
  namespace: 'opendatahub',
};

/** The gateway that every version's route is attached to. */
export const GATEWAY: AnyObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'inference-gateway', namespace: 'opendatahub' },
  spec: {
    gatewayClassName: 'istio',
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }],
  },
  status: { addresses: [{ type: 'IPAddress', value: '34.1.2.3' }] },
};

function version(shape: Shape): KserveVersion {
  const owner = {
    apiVersion: shape.apiVersion,
    kind: 'LLMInferenceService',
    name: SERVICE,
    uid: 'u',
    controller: true,
  };
  const common = { namespace: NAMESPACE, ownerReferences: [owner] };
  const labels = { 'app.kubernetes.io/name': SERVICE, 'app.kubernetes.io/part-of': 'llminferenceservice' };
  const workloadLabels = {
    ...labels,
    'app.kubernetes.io/component': 'llminferenceservice-workload',
    'kserve.io/component': 'workload',
    'llm-d.ai/role': 'both',
  };
  const pickerLabels = { ...labels, 'app.kubernetes.io/component': 'llminferenceservice-router-scheduler' };
  const { scheme, ...words } = shape.command;
  const probe = { httpGet: { path: '/health', port: 8000, scheme } };
  const podSpec = {
    containers: [
      { name: 'istio-proxy', image: 'docker.io/istio/proxyv2:1.27.3', args: ['proxy', 'sidecar', '--port', '15020'] },
      {
        name: 'main',
        image: 'registry.redhat.io/rhaiis/vllm-tpu-rhel9:3.2.5',
        ...words,
        ports: [{ containerPort: 8000, protocol: 'TCP' }],
        livenessProbe: probe,
        readinessProbe: probe,
      },
    ],
  };
  const pickerContainers = [
    ...(shape.picker.sidecar ? [{ name: 'tokenizer', image: 'ghcr.io/llm-d/llm-d-uds-tokenizer:v0.19.1' }] : []),
    {
      name: 'main',
      image: shape.picker.image,
      ...shape.picker.words,
      args: [...shape.picker.words.args, config(shape.scorers)],
    },
  ];
  const deployment = (name: string, own: Record<string, string>, spec: unknown, replicas: number): AnyObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, ...common, labels: own },
    spec: { replicas, selector: { matchLabels: own }, template: { metadata: { labels: own }, spec } },
  });
  const poolRules = shape.rules.flatMap((rule, index) => (rule.backendRefs[0].kind === 'InferencePool' ? [index] : []));
  const pools = shape.poolGroups.map((group): AnyObject => {
    const promoted = group === GROUP;
    const seen = group === shape.routeGroup;
    return {
      apiVersion: promoted ? `${group}/v1` : `${group}/v1alpha2`,
      kind: 'InferencePool',
      metadata: { name: POOL, ...common },
      spec: promoted
        ? {
            selector: { matchLabels: { ...labels, 'kserve.io/component': 'workload' } },
            targetPorts: [{ number: 8000 }],
            endpointPickerRef: {
              kind: 'Service',
              name: `${SERVICE}-epp-service`,
              failureMode: 'FailOpen',
              port: { number: 9002 },
            },
          }
        : {
            selector: { ...labels, 'kserve.io/component': 'workload' },
            targetPortNumber: 8000,
            extensionRef: {
              kind: 'Service',
              name: `${SERVICE}-epp-service`,
              failureMode: 'FailOpen',
              portNumber: 9002,
            },
          },
      ...(seen
        ? { status: { [promoted ? 'parents' : 'parent']: [{ parentRef: GATEWAY_REF, conditions: ACCEPTED }] } }
        : {}),
    };
  });
  return {
    name: shape.name,
    crds: shape.crds,
    service: {
      apiVersion: shape.apiVersion,
      kind: 'LLMInferenceService',
      metadata: { name: SERVICE, namespace: NAMESPACE },
      spec: {
        model: { uri: `hf://${MODEL}`, name: MODEL },
        replicas: 3,
        router: { gateway: {}, route: {}, scheduler: {} },
      },
    },
    route: {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: `${SERVICE}-kserve-route`, ...common, labels },
      spec: { parentRefs: [GATEWAY_REF], rules: shape.rules },
      status: {
        parents: [{ parentRef: GATEWAY_REF, controllerName: 'istio.io/gateway-controller', conditions: ACCEPTED }],
      },
    },
    pools,
    workload: deployment(`${SERVICE}-kserve`, workloadLabels, podSpec, 3),
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `${SERVICE}-kserve-66d45749bd-9l665`, namespace: NAMESPACE, labels: workloadLabels },
      spec: podSpec,
    },
    picker: deployment(`${SERVICE}-kserve-router-scheduler`, pickerLabels, { containers: pickerContainers }, 1),
    expected: {
      apiVersion: shape.apiVersion,
      rules: shape.rules.length,
      poolRules,
      istioNames: poolRules.map(
        (index) => shape.rules[index]?.name ?? `${NAMESPACE}.${SERVICE}-kserve-route.${index}`,
      ) as string[],
      poolGroup: shape.routeGroup,
      scheme: scheme === 'HTTPS' ? 'https' : 'http',
      scorers: shape.scorers.map(([name, weight]) => ({ name, weight })),
      pickerImage: shape.picker.image,
    },
  };
}

/** Shapes as KServe's own presets and controllers make them (config/llmisvcconfig at each tag; ODH's release-v0.15). */
export const VERSIONS: KserveVersion[] = SHAPES.map(version);
