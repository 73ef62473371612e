import type { BlockedFlow, ClusterEvidence, Evidence, PodRole } from '../../../src/diagnosis/evidence.ts';
import type { Environment, LimitOutcome } from '../../../src/report/model.ts';
import { aBenchmark, anEnvironment, checks } from '../report/fixtures.ts';
import { someLimits } from '../report/slo.ts';
import {
  aCluster,
  aContainer,
  aFailure,
  aNode,
  anEvent,
  aPod,
  aRoute,
  atReady,
  crashed,
  someEvidence,
} from './evidence.ts';
import {
  ASKED,
  BROKEN_OFF,
  BYPASSED,
  misrouted,
  NEVER,
  NO_HITS,
  PICKER_RULE,
  REFUSED,
  ruleOf,
  TIMED_OUT,
  unasked,
} from './routing-evidence.ts';

/** Evidence of a cause, and evidence that looks much like it and is of another, or of none. */
export interface Fixture {
  hit: Evidence;
  near: Evidence;
}

/** A cause that a stage names by its failure's code: the near miss is a code beside it. */
const code = (name: string, beside: string, facts: Record<string, unknown> = {}): Fixture => ({
  hit: someEvidence({ failure: aFailure(name, facts, 'preflight'), cluster: null }),
  near: someEvidence({ failure: aFailure(beside, facts, 'preflight'), cluster: null }),
});

/** A container's last words, and words that are nearly these. */
const words = (
  line: string,
  beside: string,
  given: {
    role?: PodRole;
    name?: string;
    init?: boolean;
    cluster?: Partial<ClusterEvidence>;
    near?: Partial<ClusterEvidence>;
  } = {},
): Fixture => {
  const { role = 'replica', name = 'main', init = false, cluster = {}, near = cluster } = given;
  const of = (text: string, around: Partial<ClusterEvidence>) =>
    atReady({ pods: [aPod(role, [crashed(text, { name, init })])], ...around }, 'crash-loop', {
      pod: `${role}-1`,
      container: name,
    });
  return { hit: of(line, cluster), near: of(beside, near) };
};

const scheduled = (message: string, nodes = [aNode()], labels: Record<string, string>[] = [{}]): Evidence =>
  atReady({
    nodes,
    pods: labels.map((each, index) =>
      aPod('replica', [aContainer({ ready: false, state: 'unknown' })], {
        name: `replica-${index}`,
        labels: each,
        conditions: index === 0 ? [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] : [],
      }),
    ),
  });

const created = (message: string, reason = 'FailedCreate'): Evidence =>
  atReady({ pods: [], events: [anEvent(reason, message, { kind: 'ReplicaSet' })] });

const waits = (
  reason: string,
  message: string,
  failure = 'ready-timeout',
  facts: Record<string, unknown> = {},
): Evidence =>
  atReady({ pods: [aPod('replica', [aContainer({ ready: false, state: 'waiting', reason, message })])] }, failure, {
    pod: 'replica-1',
    container: 'main',
    message,
    ...facts,
  });

const ref = (message: string, beside: string): Fixture => ({
  hit: waits('CreateContainerConfigError', message, 'container-config'),
  near: waits('CreateContainerConfigError', beside, 'container-config'),
});

const condition = (type: string, reason: string, message = '', status = 'False'): Evidence =>
  atReady({
    service: {
      name: 'qwen2-3b-pattern3',
      namespace: 'ns',
      generation: 1,
      observedGeneration: 1,
      conditions: [{ type, status, reason, message }],
    },
    // A controller that stopped has made nothing.
    pods: [],
    routes: [],
  });

const routed = (type: string, status: string, reason: string, own = true): Evidence =>
  atReady({ routes: [aRoute({ own, conditions: [{ type, status, reason, message: 'as it says' }] })] });

const flow = (name: string, policies = ['isolate']): BlockedFlow => ({ flow: name, direction: 'ingress', policies });

/** Service checks that failed with these answers. */
const answered = (
  seen: string,
  cluster: Partial<ClusterEvidence> = {},
  environment: Partial<Environment> = {},
): Evidence =>
  someEvidence({
    failure: null,
    cluster: aCluster(cluster),
    reported: {
      verdict: 'fail',
      benchmark: null,
      environment: anEnvironment(environment),
      checks: checks({ completion: { outcome: 'fail', seen }, chat: { outcome: 'fail', seen } }),
    },
  });

const veto = (id: string, beside: string, message = `${id} stands`, besideMessage = `${beside} stands`): Fixture => {
  const of = (named: string, text: string) =>
    someEvidence({
      reported: {
        verdict: 'invalid',
        benchmark: aBenchmark(2.6, 0.03, { vetoes: [{ id: named, message: text }] }),
      },
    });
  return { hit: of(id, message), near: of(beside, besideMessage) };
};

const FILTER = {
  name: 'f',
  namespace: 'opendatahub',
  erasesPicker: false,
  buffers: false,
  routes: [],
  patchesCluster: false,
};

/** A speedup that failed with answers so late, on pods with or without a sidecar. */
function limited(...outcomes: LimitOutcome[]): Evidence {
  const evidence = someEvidence();
  return { ...evidence, report: { ...evidence.report, verdict: 'fail', slo: someLimits(...outcomes) } };
}

function slowBy(ms: number, sidecar: boolean): Evidence {
  const benchmark = aBenchmark(2.1, 0.03);
  for (const arm of [benchmark.arms.one, benchmark.arms.all]) if (arm.latencyMs) arm.latencyMs.p50.value = ms;
  const containers = [aContainer(), ...(sidecar ? [aContainer({ name: 'istio-proxy' })] : [])];
  return someEvidence({
    cluster: aCluster({ pods: [aPod('replica', containers)] }),
    reported: { verdict: 'fail', benchmark },
  });
}

const pods = (name: string, change: Parameters<typeof aContainer>[0]) => [
  aPod('replica', [aContainer({ name, ...change })]),
];
const COMPILING = 'INFO Compiling the model with different input shapes: num_tokens: 512';

/** One for each cause. */
/** The same with no answer of a replica to anything. */
const unreached = (seen: string, cluster: Partial<ClusterEvidence>): Evidence => {
  const evidence = answered(seen, cluster);
  for (const check of evidence.report.checks) {
    if (['health', 'models'].includes(check.id)) Object.assign(check, { outcome: 'fail', seen });
  }
  return evidence;
};

/** An error as vLLM's OpenAI server words it. */
const vllmError = (status: number, type: string, message: string) =>
  `HTTP ${status}: ${JSON.stringify({ error: { message, type, param: null, code: status } })}`;

export const FIXTURES: Readonly<Record<string, Fixture>> = {
  'gke.stockout': code('gke-stockout', 'gke-stock', { asked: 3, got: 0 }),
  'gke.partial': code('gke-partial', 'gke-part', { asked: 3, got: 2 }),
  'gke.quota': code('gke-quota', 'gke-quotas', { asked: 3 }),
  'gke.permission': code('gke-permission', 'gke-permissions'),
  'gke.node-permission': code('gke-node-permission', 'gke-node-permissions', { asked: 3, got: 0 }),
  'gke.resize-failed': code('gke-resize-failed', 'gke-resize', { asked: 3, got: 0 }),
  'nodes.no-chips': {
    hit: someEvidence({
      failure: aFailure('nodes-timeout', {}, 'lease'),
      cluster: aCluster({ nodes: [aNode({ chips: 0 })] }),
    }),
    near: someEvidence({
      failure: aFailure('nodes-timeout', {}, 'lease'),
      cluster: aCluster({ nodes: [aNode({ chips: 0, ready: false })] }),
    }),
  },
  'nodes.not-ready': {
    hit: someEvidence({
      failure: aFailure('nodes-timeout', {}, 'lease'),
      cluster: aCluster({ nodes: [aNode({ ready: false })] }),
    }),
    near: someEvidence({ failure: aFailure('nodes-timeout', {}, 'lease'), cluster: aCluster({ nodes: [aNode()] }) }),
  },
  'gke.nodes-timeout': code('nodes-timeout', 'nodes-time', { asked: 3, got: 0 }),
  'gke.unavailable': code('gke-api', 'gke-apis'),
  'gke.answer': code('gke-answer', 'gke-answers'),
  'gke.preempted': code('node-preempted', 'node-taken', { lost: 1 }),
  'gke.node-lost': code('node-lost', 'node-gone', { lost: 1 }),
  'pool.leased': code('pool-leased', 'pool-lease', { holder: 'run 7' }),
  'pool.kept': code('pool-kept', 'pool-keep', { holder: 'run 7' }),
  'lease.lost': code('lease-lost', 'lease-gone'),
  'pool.busy': code('pool-busy', 'pool-free'),
  'pool.unusable': code('pool-unusable', 'pool-usable'),
  'pool.multi-zone': code('pool-multi-zone', 'pool-zone'),
  'pool.autoscaled': code('pool-autoscaled', 'pool-scaled'),
  'pool.queued': code('pool-queued', 'pool-queue'),
  'pool.flex-start': code('pool-flex-start', 'pool-flex'),
  'pool.not-autoscaled': code('pool-not-autoscaled', 'pool-without-limits'),
  'pool.autoscaler-limits': code('pool-autoscaler-limits', 'pool-limits'),
  'gke.provisioning-failed': code('gke-provisioning-failed', 'gke-provisioned', { asked: 3, got: 0, text: 'no' }),
  'pool.not-tpu': code('pool-not-tpu', 'pool-tpu'),
  'pool.multi-host': code('pool-multi-host', 'pool-host'),
  'pool.not-found': code('pool-not-found', 'pool-found'),
  'pool.ambiguous': code('pool-ambiguous', 'pool-clear'),
  'pool.too-small': code('pool-too-small', 'pool-small'),
  'pool.too-many-nodes': code('too-many-nodes', 'many-nodes'),
  'pool.mismatch': code('pool-mismatch', 'pool-match'),
  'pool.in-use': code('pool-in-use', 'pool-used'),
  'cluster.not-running': code('cluster-not-running', 'cluster-running'),
  'config.max-cost': code('max-cost', 'min-cost'),
  'config.undecidable': code('undecidable', 'decidable'),
  'config.pairs-too-long': code('pairs-too-long', 'pairs-long'),
  'config.prompts': code('bad-prompts', 'good-prompts'),
  'config.quality-tasks': code('bad-quality-tasks', 'good-quality-tasks'),
  'config.load-image': code('load-image-missing', 'load-image'),
  'config.baseline': code('bad-baseline', 'good-baseline'),
  'config.prompt-too-short': code('prompt-too-short', 'prompt-short'),
  'config.prompt-too-long': code('prompt-too-long', 'prompt-long'),
  'manifest.refused': code('manifest-guard', 'manifest-guards', { rules: ['host'] }),
  'manifest.unreadable': code('bad-manifest', 'good-manifest'),
  'manifest.needs-kubectl': code('kubectl-missing', 'kubectl'),
  'manifest.invalid': code('manifest-refused', 'manifest-taken'),
  'manifest.kind-unknown': code('kind-unknown', 'kind-known'),
  'manifest.admission': code('admission-refused', 'admission'),
  'manifest.conflict': code('apply-conflict', 'apply'),
  'manifest.service-ambiguous': code('service-ambiguous', 'service-clear'),
  'manifest.too-few-replicas': code('too-few-replicas', 'few-replicas'),
  'manifest.replicas-autoscaled': code('replicas-autoscaled', 'replicas-fixed'),
  'manifest.shape': code('manifest-shape', 'manifest-shapes'),
  'routing.route-by-reference': code('route-missing', 'route-there'),
  'mesh.strict': code('mtls-strict', 'mtls-permissive'),
  'vllm.known-bad-flag': code('bad-flag', 'good-flag'),
  'service.exists': code('service-exists', 'service-absent'),
  'service.of-another-run': code('owned-by-run', 'owned-by-us'),
  'manifest.retire-refused': code('retire-refused', 'retire-taken'),
  'workspace.files-hang': code('files-timeout', 'files-read'),
  'namespace.missing': code('namespace-missing', 'namespace-there'),
  'kube.permission': code('kube-permission', 'kube-permissions'),
  'kube.unavailable': code('kube-api', 'kube-apis'),
  'kube.answer': code('kube-answer', 'kube-answers'),
  'kube.unreachable': code('kube-unreachable', 'kube-reachable'),
  'kserve.missing': code('kserve-missing', 'kserve-there'),
  'kserve.no-controller': code('kserve-upstream-v0.15', 'kserve-upstream-v0.17'),
  'kserve.no-inference-pool': code('inference-pool-missing', 'inference-pool-there'),
  'kserve.prerequisite': code('prerequisite-missing', 'prerequisite-there'),
  'routing.envoyfilter-no-route': code('envoyfilter-no-route', 'envoyfilter-routes'),
  'secret.pull-missing': code('pull-secret-missing', 'pull-secret-there'),
  'gateway.class': code('gateway-class', 'gateway-classes'),
  'gateway.other': code('wrong-gateway', 'right-gateway'),
  'policy.blocks': code('policy-blocks', 'policy-allows'),
  'run.timeout': code('run-timeout', 'run-time'),
  'gke.not-found': code('gke-not-found', 'gke-found'),
  'deploy.retire-stuck': code('retire-timeout', 'retire-time'),
  'auth.none': code('gcp-no-credentials', 'gcp-no-credentialss'),
  'auth.file': code('gcp-credentials-file', 'gcp-credentials-files'),
  'auth.id-token': code('gcp-id-token', 'gcp-id-tokens'),
  'auth.provider': code('gcp-provider', 'gcp-providers'),
  'auth.condition': code('gcp-condition', 'gcp-conditions'),
  'auth.account': code('gcp-account', 'gcp-accounts'),
  'auth.impersonation': code('gcp-impersonation', 'gcp-impersonations'),
  'auth.clock': code('gcp-clock', 'gcp-clocks'),
  'auth.key': code('gcp-key', 'gcp-keys'),
  'auth.expired': code('gcp-login-expired', 'gcp-login-expireds'),
  'auth.unavailable': code('gcp-auth-unavailable', 'gcp-auth-unavailables'),
  'auth.token': code('gcp-token', 'gcp-tokens'),
  'auth.scopes': code('gcp-scopes', 'gcp-scopess'),
  'gcp.api-disabled': code('gcp-api-disabled', 'gcp-api-disableds'),
  'gcp.billing': code('gcp-billing', 'gcp-billings'),
  'gcp.project': code('gcp-project', 'gcp-projects'),
  'gcp.perimeter': code('gcp-perimeter', 'gcp-perimeters'),
  'gcp.rate-limit': code('gcp-rate-limit', 'gcp-rate-limits'),
  'gke.org-policy': code('gke-org-policy', 'gke-org-policys'),
  'gke.reservation': code('gke-reservation', 'gke-reservations'),
  'gke.reservation-full': code('gke-reservation-full', 'gke-reservation-fulls'),
  'gke.ip-space': code('gke-ip-space', 'gke-ip-spaces'),
  'gke.gang-size': code('gke-gang-size', 'gke-gang-sizes'),
  'gke.refused': code('gke-refused', 'gke-refuseds'),
  'kube.token': code('kube-token', 'kube-tokens'),
  'namespace.terminating': code('namespace-terminating', 'namespace-terminatings'),
  'namespace.quota': code('namespace-quota', 'namespace-quotas'),
  'kube.webhook': code('webhook-down', 'webhook-downs'),
  'kube.conversion-webhook': code('conversion-webhook', 'conversion-webhooks'),
  'manifest.exported': code('manifest-exported', 'manifest-exporteds'),
  'manifest.immutable': code('manifest-immutable', 'manifest-immutables'),
  'kube.refused': code('kube-refused', 'kube-refuseds'),
  'auth.refused': code('gcp-auth', 'gcp-authn'),

  'image.rate-limited': {
    hit: waits('ImagePullBackOff', 'Back-off pulling image: 429 Too Many Requests: toomanyrequests'),
    near: waits('ImagePullBackOff', 'Back-off pulling image: 503 Service Unavailable'),
  },
  'image.wrong-platform': {
    hit: waits('ErrImagePull', 'no match for platform in manifest: not found', 'image-not-found'),
    near: waits('ErrImagePull', 'manifest unknown', 'image-not-found'),
  },
  'image.not-found': {
    hit: waits('ErrImagePull', 'registry/vllm:v9: not found', 'image-not-found', { image: 'registry/vllm:v9' }),
    near: waits('ErrImagePull', 'unauthorized', 'image-pull-denied'),
  },
  'image.pull-denied': {
    hit: waits('ErrImagePull', '401 Unauthorized', 'image-pull-denied'),
    near: waits('ErrImagePull', '404: not found', 'image-not-found'),
  },
  'secret.key-missing': ref(
    "couldn't find key token in Secret ns/hf-token",
    "couldn't find key token in ConfigMap ns/hf-token",
  ),
  'secret.missing': ref('secret "hf-token" not found', 'configmap "hf-token" not found'),
  'configmap.key-missing': ref(
    "couldn't find key a in ConfigMap ns/settings",
    "couldn't find key a in Secret ns/settings",
  ),
  'configmap.missing': ref('configmap "settings" not found', 'secret "settings" not found'),
  'container.config': {
    hit: waits(
      'CreateContainerConfigError',
      'container has runAsNonRoot and image will run as root',
      'container-config',
    ),
    near: waits('PodInitializing', 'container has runAsNonRoot and image will run as root'),
  },
  'vllm.unknown-flag': words(
    'api_server.py: error: unrecognized arguments: --scorer-weights=3',
    'api_server.py: warning: deprecated arguments: --scorer-weights=3',
  ),
  'vllm.invalid-value': words(
    "api_server.py: error: argument --max-model-len: invalid int value: '2k'",
    "api_server.py: note: argument --max-model-len: '2k'",
  ),
  'vllm.max-model-len': words(
    "The model's max seq len (131072) is larger than the maximum number of tokens",
    "The model's max seq len (2048) is fine",
  ),
  'vllm.context-length': words(
    '  Value error, User-specified max_model_len (131072) is greater than the derived max_model_len (max_position_embeddings=32768 or model_max_length=32768 in model config)',
    '  Value error, User-specified max_model_len (2048) is less than the derived max_model_len (32768)',
  ),
  'vllm.no-kv-cache': words(
    '(EngineCore pid=212) ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`.',
    '(EngineCore pid=212) INFO Available memory for the cache blocks: 12.5 GiB',
  ),
  'vllm.hbm-exhausted': words('RESOURCE_EXHAUSTED: Ran out of memory in memory space hbm', 'RESOURCES: hbm 31.25G'),
  'vllm.tpu-busy': words(
    "RuntimeError: Unable to initialize backend 'tpu': ABORTED: The TPU is already in use by process with pid 7.",
    'RuntimeError: Port 8000 is already in use by process with pid 7.',
  ),
  'vllm.mesh': words(
    'ValueError: Number of devices 4 must be >= the product of mesh_shape (1, 8)',
    'ValueError: Number of layers 4 must be >= the product of pipeline stages (1, 8)',
  ),
  'vllm.tpu-init': words('Failed to initialize TPU system', 'TPU system initialized'),
  'vllm.unsupported-model': words(
    "ValueError: Model architectures ['Gemma9ForCausalLM'] are not supported for now.",
    "ValueError: Model architectures ['Gemma9ForCausalLM'] need another tokenizer.",
  ),
  'vllm.no-tpu-build': words('RuntimeError: Failed to infer device type', 'RuntimeError: Failed to infer model type'),
  'vllm.tensor-parallel': words(
    'Total number of attention heads (14) must be divisible by tensor parallel size (4).',
    'Total number of attention heads (16), tensor parallel size (4).',
  ),
  'vllm.no-model-folder': words('OSError: /models/qwen: no such directory', 'OSError: cannot read the directory'),
  'tls.certificate-missing': words(
    "FileNotFoundError: [Errno 2] No such file or directory: '/etc/tls/tls.crt'",
    "FileNotFoundError: [Errno 2] No such file or directory: '/etc/prompts.json'",
  ),
  'model.access-denied': words('GatedRepoError: 401 Client Error', 'OSError: 500 Internal', {
    name: 'storage-initializer',
    init: true,
  }),
  'model.not-found': words('RepositoryNotFoundError: 404 Client Error', 'RepositoryError: 410 Gone', {
    name: 'storage-initializer',
    init: true,
  }),
  'model.bad-uri': words(
    "Invalid Hugging Face URI format. Expected 'hf://owner/model[:revision]', got 'hf://a/b/c'",
    'Copying contents of hf://a/b to local failed',
    {
      name: 'storage-initializer',
      init: true,
    },
  ),
  'model.rate-limited': words(
    '429 Too Many Requests for url: https://huggingface.co/a',
    'OSError: 429 files are missing',
    {
      name: 'storage-initializer',
      init: true,
    },
  ),
  'model.tls-untrusted': words(
    '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)',
    '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)',
    {
      name: 'storage-initializer',
      init: true,
    },
  ),
  'model.proxy': words(
    'Storage initialization: 407 Proxy Authentication Required',
    '403 Forbidden for url: https://a/b',
    {
      name: 'storage-initializer',
      init: true,
    },
  ),
  'policy.dns-blocked': words('Name or service not known', 'Name or service not known', {
    name: 'storage-initializer',
    init: true,
    cluster: { blocked: [flow('replicas to DNS, UDP 53')] },
    near: { blocked: [flow('gateway to replicas, TCP 8000')] },
  }),
  'model.dns': words('Temporary failure in name resolution', 'Temporary failure in the disk', {
    name: 'storage-initializer',
    init: true,
  }),
  'policy.egress-blocked': words('ConnectTimeout: Max retries exceeded', 'ConnectTimeout: Max retries exceeded', {
    name: 'storage-initializer',
    init: true,
    cluster: { blocked: [flow('replicas to the model on the internet, TCP 443')] },
    near: { blocked: [flow('replicas to DNS, UDP 53')] },
  }),
  'model.unreachable': words('ConnectTimeout: Max retries exceeded', 'Connected after one retry', {
    name: 'storage-initializer',
    init: true,
  }),
  'model.disk-full': words('OSError: [Errno 28] No space left on device', 'OSError: [Errno 5] Input/output error'),
  'istio.control-plane-blocked': words(
    'istiod.istio-system.svc:15012: connection timed out',
    'istiod.istio-system.svc:15012: connection timed out',
    {
      name: 'istio-proxy',
      cluster: { blocked: [flow('sidecar of the replicas to istiod, TCP 15012')] },
      near: { blocked: [] },
    },
  ),
  'istio.control-plane-down': words(
    'istiod.istio-system.svc:15012: connection timed out',
    'istiod.istio-system.svc:15012: connected',
    { name: 'istio-proxy' },
  ),
  'istio.init-iptables': words('iptables-restore: operation not permitted', 'iptables rules applied', {
    name: 'istio-init',
    init: true,
  }),
  'picker.unknown-flag': words(
    'flag provided but not defined: -model-server-metrics-scheme',
    'flag set: -model-server-metrics-scheme',
    { role: 'endpoint-picker' },
  ),
  'picker.invalid-value': words(
    'invalid argument "http" for "--grpc-port" flag: strconv.ParseInt: parsing "http": invalid syntax',
    'the argument "http" of "--grpc-port" is a port',
    { role: 'endpoint-picker' },
  ),
  'picker.no-definitions': words(
    '{"level":"error","msg":"Failed","error":"no matches for kind \\"InferencePool\\" in version \\"inference.networking.k8s.io/v1\\""}',
    '{"level":"error","msg":"Failed","error":"no pool matches in version \\"inference.networking.k8s.io/v1\\""}',
    { role: 'endpoint-picker' },
  ),
  'picker.certificate-missing': words(
    '{"level":"error","msg":"Failed","error":"open /var/run/kserve/tls/tls.crt: no such file or directory"}',
    '{"level":"error","msg":"Failed","error":"open /config/epp.crt: permission denied"}',
    { role: 'endpoint-picker' },
  ),
  'picker.forbidden': words(
    '{"level":"error","msg":"Failed to watch","error":"pods is forbidden: User \\"system:serviceaccount:llm:epp\\" cannot list resource \\"pods\\" in API group \\"\\" in the namespace \\"llm\\""}',
    '{"level":"error","msg":"Failed to watch","error":"the request is forbidden by a proxy"}',
    { role: 'endpoint-picker' },
  ),
  'picker.bad-config': words(
    '{"level":"error","msg":"Failed to load configuration","error":"there is no plugin named \'x\'"}',
    '{"level":"info","msg":"Loaded configuration"}',
    { role: 'endpoint-picker' },
  ),
  'picker.no-pool-name': words(
    '{"msg":"Failed to validate flags","error":"required \\"poolName\\" flag not set"}',
    '{"msg":"Flags processed"}',
    { role: 'endpoint-picker' },
  ),
  'container.oom-killed': {
    hit: atReady(
      { pods: pods('main', { ready: false, restarts: 3, last: { reason: 'OOMKilled', exitCode: 137, message: '' } }) },
      'crash-loop',
    ),
    near: atReady(
      { pods: pods('main', { ready: false, restarts: 3, last: { reason: 'Error', exitCode: 137, message: '' } }) },
      'crash-loop',
    ),
  },
  'probe.too-short': {
    hit: atReady({
      pods: pods('main', { ready: false, restarts: 2, log: [COMPILING] }),
      events: [anEvent('Unhealthy', 'Startup probe failed: connection refused')],
    }),
    near: atReady({
      pods: pods('main', { ready: false, restarts: 2, log: ['Traceback'] }),
      events: [anEvent('Unhealthy', 'Startup probe failed: connection refused')],
    }),
  },
  'probe.mismatch': {
    hit: atReady({
      pods: pods('main', { ready: false, log: ['INFO: Application startup complete.'] }),
      events: [anEvent('Unhealthy', 'Readiness probe failed: Get "http://10.8.0.4:8000/health": EOF')],
    }),
    near: atReady({
      pods: pods('main', { ready: false, log: [COMPILING] }),
      events: [anEvent('Unhealthy', 'Readiness probe failed: Get "http://10.8.0.4:8000/health": EOF')],
    }),
  },
  'container.crash-loop': {
    hit: words('AssertionError: out of phase', '').hit,
    near: atReady({ pods: pods('main', { ready: false, restarts: 1, log: ['AssertionError: out of phase'] }) }),
  },

  'pods.quota': {
    hit: created('pods "a" is forbidden: exceeded quota: team'),
    near: created('pods "a" is forbidden: quota is fine'),
  },
  'pods.limits': {
    hit: created('pods "a" is forbidden: maximum cpu usage per Container is 16, but limit is 40'),
    near: created('pods "a" is forbidden: usage is fine'),
  },
  'pods.security': {
    hit: created('violates PodSecurity "restricted:latest": runAsNonRoot != true'),
    near: created('warns of PodSecurity "restricted:latest"'),
  },
  'pods.webhook': {
    hit: created('failed calling webhook "injector": connection refused'),
    near: created('called webhook "injector"'),
  },
  'pods.denied': {
    hit: created(
      "pods \"a\" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'all' denied request: not latest",
    ),
    near: created("ValidatingAdmissionPolicy 'no-latest' warned of the request"),
  },
  'pods.no-service-account': {
    hit: created('error looking up service account: serviceaccount "gate" not found'),
    near: created('serviceaccount "gate" found'),
  },
  'pods.untolerated-taint': {
    hit: scheduled('0/4 nodes are available: 3 node(s) had untolerated taint {google.com/tpu: present}.'),
    near: scheduled('0/4 nodes are available: 3 node(s) had untolerated taint {team: x}.'),
  },
  'pods.node-selector': {
    hit: scheduled("0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector."),
    near: scheduled(
      "0/4 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 3 Insufficient google.com/tpu.",
    ),
  },
  'pods.surge-deadlock': {
    hit: scheduled(
      '3 Insufficient google.com/tpu',
      [aNode()],
      [{ 'pod-template-hash': 'b' }, { 'pod-template-hash': 'a' }],
    ),
    near: scheduled(
      '3 Insufficient google.com/tpu',
      [aNode()],
      [{ 'pod-template-hash': 'a' }, { 'pod-template-hash': 'a' }],
    ),
  },
  'pods.insufficient-tpu': { hit: scheduled('3 Insufficient google.com/tpu'), near: scheduled('3 Insufficient cpu') },
  'pods.insufficient-resources': {
    hit: scheduled('3 Insufficient cpu'),
    near: scheduled('3 Insufficient google.com/tpu'),
  },
  'pods.volume': { hit: scheduled('persistentvolumeclaim "model" not found'), near: scheduled('volumes are fine') },
  'pods.unschedulable': {
    hit: scheduled('3 node(s) were under the moon'),
    near: atReady({
      pods: [
        aPod('replica', [aContainer({ ready: false, state: 'unknown' })], {
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: '' }],
        }),
      ],
    }),
  },
  'pods.admission': {
    hit: atReady({
      pods: [aPod('replica', [aContainer({ ready: false })], { phase: 'Failed', reason: 'UnexpectedAdmissionError' })],
    }),
    near: atReady({ pods: [aPod('replica', [aContainer({ ready: false })], { phase: 'Failed', reason: 'Evicted' })] }),
  },
  'pods.evicted': {
    hit: atReady({ pods: [aPod('replica', [aContainer({ ready: false })], { phase: 'Failed', reason: 'Evicted' })] }),
    near: atReady({ pods: [aPod('replica', [aContainer({ ready: false })], { phase: 'Failed', reason: 'NodeLost' })] }),
  },
  'pods.elsewhere': code('replica-elsewhere', 'replica-somewhere'),
  'pods.without-chips': code('replica-without-chips', 'replica-with-chips'),
  'pods.chips-differ': code('replica-chips-differ', 'replica-chips-equal'),
  'certificates.missing': {
    hit: atReady({ events: [anEvent('FailedMount', 'secret "qwen-kserve-self-signed-certs" not found')] }),
    near: atReady({ events: [anEvent('FailedMount', 'secret "other-certs" not found')] }),
  },
  'kserve.presets': {
    hit: condition('PresetsCombined', 'CombineBaseError', 'no preset'),
    near: condition('PresetsCombined', 'Combined', '', 'True'),
  },
  'kserve.workload': {
    hit: condition('MainWorkloadReady', 'ReconcileSingleNodeWorkloadError', 'denied'),
    near: condition('MainWorkloadReady', 'MinimumReplicasUnavailable'),
  },
  'kserve.ignored': {
    hit: atReady({
      pods: [],
      routes: [],
      service: { name: 'q', namespace: 'ns', generation: 1, observedGeneration: null, conditions: [] },
    }),
    near: atReady({
      routes: [],
      service: { name: 'q', namespace: 'ns', generation: 1, observedGeneration: null, conditions: [] },
    }),
  },
  'ready.compiling': {
    hit: atReady({ pods: pods('main', { ready: false, log: [COMPILING] }) }),
    near: atReady({ pods: pods('main', { ready: false, log: [COMPILING, 'INFO: Application startup complete.'] }) }),
  },
  'ready.downloading': {
    hit: atReady({ pods: pods('storage-initializer', { init: true, ready: false, log: ['Fetching 12 files'] }) }),
    near: atReady({ pods: pods('storage-initializer', { init: true, ready: false, log: ['Error: failed to fetch'] }) }),
  },
  'ready.pulling': {
    hit: waits('ContainerCreating', ''),
    near: atReady({
      pods: [aPod('replica', [aContainer({ ready: false, state: 'waiting', reason: 'ContainerCreating' })])],
      events: [anEvent('FailedCreatePodSandBox', 'no network')],
    }),
  },

  'controller.stopped': {
    hit: condition('HTTPRoutesReady', 'PlatformNetworkingReconcileError', 'no matches for kind "DestinationRule"'),
    near: condition('HTTPRoutesReady', 'HTTPRoutesNotReady', 'The following HTTPRoutes are not ready'),
  },

  'gateway.image-pull': {
    hit: atReady({
      pods: [
        aPod('gateway', [
          aContainer({ name: 'istio-proxy', ready: false, state: 'waiting', reason: 'ImagePullBackOff' }),
        ]),
      ],
    }),
    near: atReady({
      pods: [
        aPod('gateway', [
          aContainer({ name: 'istio-proxy', ready: false, state: 'waiting', reason: 'PodInitializing' }),
        ]),
      ],
    }),
  },
  'gateway.missing': code('gateway-missing', 'gateway-there'),
  'gateway.not-programmed': code('gateway-not-programmed', 'gateway-programmed'),
  'istio.pool-group': {
    hit: routed('ResolvedRefs', 'False', 'InvalidKind'),
    near: routed('ResolvedRefs', 'False', 'InvalidKind', false),
  },
  'route.backend-missing': {
    hit: routed('ResolvedRefs', 'False', 'BackendNotFound'),
    near: routed('ResolvedRefs', 'Unknown', 'BackendNotFound'),
  },
  'route.not-accepted': {
    hit: routed('Accepted', 'False', 'NotAllowedByListeners'),
    near: routed('Accepted', 'False', 'NotAllowedByListeners', false),
  },
  'pool.not-accepted': {
    hit: condition('InferencePoolReady', 'InferencePoolNotReady'),
    near: condition('InferencePoolReady', 'Ready', '', 'True'),
  },
  'policy.gateway-to-replicas': {
    hit: unreached('HTTP 503: upstream connect error', { blocked: [flow('gateway to replicas, TCP 8000')] }),
    // The model list came through the gateway.
    near: answered('HTTP 503: upstream connect error', { blocked: [flow('gateway to replicas, TCP 8000')] }),
  },
  'tls.plain-server': {
    hit: answered('HTTP 503: TLS_error: WRONG_VERSION_NUMBER'),
    near: answered('HTTP 503: TLS_error: CERTIFICATE_EXPIRED'),
  },
  'tls.server-only': {
    hit: answered('HTTP 503: connection termination', { destinationRules: [] }),
    near: answered('HTTP 503: no healthy upstream', { destinationRules: [] }),
  },
  'tls.ca-not-mounted': {
    hit: answered('HTTP 503: TLS error: Secret is not supplied by SDS'),
    near: answered('HTTP 503: TLS error: Secret is supplied'),
  },
  'mesh.authorization': {
    hit: answered('HTTP 403: RBAC: access denied'),
    near: answered('HTTP 403: the organisation is not allowed'),
  },
  'picker.body-lost': { hit: answered('HTTP 400: missing field: body'), near: answered('HTTP 401: body') },
  'route.no-endpoint': { hit: answered('HTTP 503: no healthy upstream'), near: answered('HTTP 504: upstream is slow') },
  'model.name-mismatch': {
    hit: answered('HTTP 404: The model `x` does not exist.'),
    near: answered('HTTP 404: no route'),
  },
  'vllm.engine-dead': {
    hit: answered(vllmError(500, 'InternalServerError', 'EngineCore encountered an issue. See stack trace (above).')),
    near: answered('HTTP 500: EngineCore encountered an issue'),
  },
  'vllm.too-long': {
    hit: answered(vllmError(400, 'BadRequestError', "This model's maximum context length is 2048 tokens.")),
    near: answered(vllmError(400, 'BadRequestError', 'temperature must be non-negative')),
  },
  'vllm.api-key': {
    hit: answered('HTTP 401: {"error":"Unauthorized"}'),
    near: answered('HTTP 401: RBAC: access denied'),
  },
  'vllm.own-error': {
    hit: answered(vllmError(500, 'InternalServerError', 'list index out of range')),
    near: answered('HTTP 500'),
  },
  'vllm.died-serving': {
    hit: answered('HTTP 502', { pods: [aPod('replica', [crashed('Traceback', { ready: true })])] }),
    near: answered('HTTP 502', { pods: [aPod('replica')] }),
  },

  'routing.envoyfilter': {
    hit: misrouted(BYPASSED, {
      filters: [
        { name: 'f', namespace: 'opendatahub', erasesPicker: true, buffers: false, routes: [], patchesCluster: false },
      ],
    }),
    near: misrouted(BYPASSED, {
      filters: [
        { name: 'f', namespace: 'opendatahub', erasesPicker: false, buffers: false, routes: [], patchesCluster: false },
      ],
    }),
  },
  'routing.filter-misses': {
    hit: misrouted(BYPASSED, {
      istiodImage: 'ossm/pilot:1.26.6',
      filters: [{ ...FILTER, routes: ['ns.old-kserve-route.0'] }],
    }),
    near: misrouted(BYPASSED, {
      istiodImage: 'ossm/pilot:1.26.6',
      filters: [{ ...FILTER, routes: ['llm-d-inference-scheduling.qwen2-3b-pattern3-kserve-route.0'] }],
    }),
  },
  'routing.shared-names': {
    hit: misrouted(BYPASSED, {
      routes: [
        aRoute({ rules: ['v1-completions-path'] }),
        aRoute({ own: false, name: 'b', createdAt: '2026-12-01T00:00:00Z', rules: ['v1-completions-path'] }),
      ],
    }),
    near: misrouted(BYPASSED, {
      routes: [
        aRoute({ rules: ['v1-completions-path'] }),
        aRoute({ own: false, name: 'b', createdAt: '2026-12-01T00:00:00Z', rules: [null] }),
      ],
    }),
  },
  'picker.scrape': {
    hit: misrouted(
      ASKED,
      {
        pods: [
          aPod('replica'),
          aPod('endpoint-picker', [
            aContainer({
              log: ['{"msg":"Failed to refresh metrics","error":"http: server gave HTTP response to HTTPS client"}'],
            }),
          ]),
        ],
      },
      { seen: 310 },
    ),
    near: misrouted(
      ASKED,
      { pods: [aPod('replica'), aPod('endpoint-picker', [aContainer({ log: ['{"msg":"Refreshed metrics"}'] })])] },
      { seen: 310 },
    ),
  },
  'routing.buffered': {
    hit: answered('no answer within 30 s: timed out', { filters: [{ ...FILTER, buffers: true }] }),
    near: answered('no answer within 30 s: timed out', { filters: [FILTER] }),
  },
  'istio.sidecar-latency': { hit: slowBy(1_450, true), near: slowBy(1_450, false) },
  'policy.gateway-to-picker': {
    hit: unasked(REFUSED, { blocked: [flow('gateway to endpoint picker, TCP 9002')] }),
    near: unasked(REFUSED, { blocked: [flow('replicas to DNS, UDP 53')] }),
  },
  'routing.older-route': {
    hit: misrouted(BYPASSED, {
      routes: [aRoute(), aRoute({ own: false, name: 'web', createdAt: '2026-01-01T00:00:00Z' })],
    }),
    near: misrouted(BYPASSED, {
      routes: [aRoute(), aRoute({ own: false, name: 'web', createdAt: '2026-12-01T00:00:00Z' })],
    }),
  },
  'picker.tls': {
    hit: unasked(BROKEN_OFF, { destinationRules: [ruleOf(PICKER_RULE, 'DISABLE')] }),
    near: unasked(BROKEN_OFF, { destinationRules: [ruleOf(PICKER_RULE, 'SIMPLE')] }),
  },
  'picker.down': {
    hit: unasked(REFUSED, { pods: [aPod('replica'), aPod('endpoint-picker', [crashed('panic')])] }),
    near: unasked(REFUSED, { pods: [aPod('replica'), aPod('endpoint-picker')] }),
  },
  'picker.silent': { hit: unasked({ ...NEVER, requests: 12 }, {}, TIMED_OUT), near: unasked(NEVER, {}, TIMED_OUT) },
  'picker.unreachable': { hit: unasked(REFUSED), near: unasked({ ...NEVER, requests: 310 }, {}, 'HTTP 404') },
  'routing.picker-bypassed': { hit: misrouted(BYPASSED), near: misrouted(ASKED, {}, { seen: 310 }) },
  'picker.no-prefix-scorer': {
    hit: misrouted(ASKED, {}, { seen: 310, environment: { scorers: [{ name: 'queue-scorer', weight: 2 }] } }),
    near: misrouted(ASKED, {}, { seen: 310, environment: { scorers: null } }),
  },
  'picker.weights': {
    hit: misrouted(
      ASKED,
      {},
      {
        seen: 310,
        environment: {
          scorers: [
            { name: 'prefix-cache-scorer', weight: 1 },
            { name: 'queue-scorer', weight: 5 },
          ],
        },
      },
    ),
    near: misrouted(
      ASKED,
      {},
      {
        seen: 310,
        environment: {
          scorers: [
            { name: 'prefix-cache-scorer', weight: 5 },
            { name: 'queue-scorer', weight: 1 },
          ],
        },
      },
    ),
  },
  'vllm.caching-off': {
    hit: misrouted(NO_HITS, {}, { seen: 310, environment: { prefixCaching: false } }),
    near: misrouted(NO_HITS, {}, { seen: 310, environment: { prefixCaching: null } }),
  },
  'vllm.prefix-too-short': {
    hit: misrouted(NO_HITS, {}, { seen: 310, routing: { prefixTokens: 100 } }),
    near: misrouted(NO_HITS, {}, { seen: 310, routing: { prefixTokens: 128 } }),
  },
  'vllm.no-hits': {
    hit: misrouted(NO_HITS, {}, { seen: 310 }),
    near: misrouted({ ...NO_HITS, 'prefix-affinity': { outcome: 'not-observable' } }, {}, { seen: 310 }),
  },
  'picker.one-replica': {
    hit: misrouted(
      { 'unique-spread': { outcome: 'fail', seen: 'all on one' } },
      {},
      {
        seen: 310,
        routing: {
          unique: {
            sent: 300,
            perPod: [
              { pod: 'a', requests: 300 },
              { pod: 'b', requests: 0 },
            ],
          },
        },
      },
    ),
    near: misrouted(
      { 'unique-spread': { outcome: 'fail', seen: 'uneven' } },
      {},
      {
        seen: 310,
        routing: {
          unique: {
            sent: 300,
            perPod: [
              { pod: 'a', requests: 290 },
              { pod: 'b', requests: 10 },
            ],
          },
        },
      },
    ),
  },
  'routing.no-affinity': {
    hit: misrouted(ASKED, {}, { seen: 310 }),
    near: misrouted({ 'prefix-affinity': { outcome: 'inconclusive' } }, {}, { seen: 310 }),
  },

  'measure.clock': veto('clock', 'clocks'),
  'measure.client-starved': veto('starved', 'fed'),
  'measure.replica-restarted': veto('restart', 'start'),
  'measure.replica-refused': veto('replica-refused', 'restart'),
  'measure.short-answers': veto(
    'output-length',
    'error-rate',
    'Answers had 16 tokens from one replica and 9 from all',
    'HTTP 500',
  ),
  'measure.errors': veto('error-rate', 'errors'),
  'measure.foreign-traffic': veto('conservation', 'conserved'),
  'measure.work-missing': veto('work-missing', 'work'),
  'measure.replica-added': veto(
    'replicas-changed',
    'replicas',
    'The replicas changed during the measurement: pod-3 came, which nothing has verified',
    'The replicas changed during the measurement: pod-2 went away',
  ),
  'measure.replica-removed': veto(
    'replicas-changed',
    'replicas-changed',
    'The replicas changed during the measurement: pod-2 went away; pod-3 came, which nothing has verified',
    'The replicas changed during the measurement: pod-3 came, which nothing has verified',
  ),
  'measure.picker-lost': veto('picker-lost', 'picker-found'),
  'measure.prompts-shared': veto('cache-hits', 'cache'),
  'measure.one-replica-held': veto('one-replica', 'one'),
  'measure.unsteady': veto('littles-law', 'law'),
  'limit.missed': {
    hit: limited('met', 'missed', 'inconclusive'),
    near: limited('met', 'inconclusive', 'not-measured'),
  },
};
