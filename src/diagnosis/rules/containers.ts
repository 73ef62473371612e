import type { Evidence, PodRole } from '../evidence.ts';
import { ended, quote, said, tail, troubled, waiting, warned } from '../facts.ts';
import { namespaceOf, policyMaker, type Rule, serviceOf, waited } from './rule.ts';

interface LogRule {
  cause: string;
  title: string;
  blame: Rule['blame'];
  looksLike: string;
  roles: PodRole[];
  /** Container that says it; any without. */
  container?: RegExp;
  pattern: RegExp;
  /** A further demand on the evidence. */
  when?: (evidence: Evidence) => boolean;
  /** The connection whose blocking is the cause, by a word of it. */
  blocked?: string;
  explanation: (found: RegExpExecArray, where: string) => string;
  remedy: (evidence: Evidence) => string;
  /** What to look for in the manifests; may use what the line says. */
  text?: (found: RegExpExecArray) => RegExp;
  path?: readonly (string | number)[];
  confidence?: Rule['confidence'];
}

/** A cause that a container says in its own words before or while it is not ready. */
function logRule(given: LogRule): Rule {
  const { roles, container, pattern, when, blocked, text, path } = given;
  return {
    cause: given.cause,
    title: given.title,
    blame: given.blame,
    looksLike: given.looksLike,
    confidence: given.confidence ?? 'proven',
    family: 'pods',
    match(evidence) {
      const flow = evidence.cluster?.blocked.find(({ flow: name }) => blocked !== undefined && name.includes(blocked));
      if (!waited(evidence) || (when && !when(evidence)) || (blocked !== undefined && !flow)) return null;
      const placed = troubled(evidence, ...roles).filter((one) => !container || container.test(one.container.name));
      const found = said(placed, pattern);
      if (!found) return null;
      const { at, line, match } = found;
      const lines = tail(at).filter((each) => each !== quote(at, line));
      const where = text ? { text: text(match) } : path ? { path } : undefined;
      return {
        seen: [...lines, quote(at, line)],
        explanation: given.explanation(match, `container ${at.container.name} of pod ${at.pod.name}`),
        ...(where ? { where } : {}),
        ...(flow ? policyMaker(evidence, flow) : {}),
      };
    },
    remedy: given.remedy,
  };
}

const capital = (text: string) => `${text[0]?.toUpperCase()}${text.slice(1)}`;
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const TEMPLATE = ['spec', 'template'] as const;
const secretNamed = (name: string | undefined) => ({
  text: new RegExp(`name: *["']?${escaped(name ?? '')}["']?\\s*$`),
});

/** What containers say and how they end: images, secrets, vLLM, the model's download, sidecars, the endpoint picker. */
export const CONTAINER_RULES: readonly Rule[] = [
  {
    cause: 'image.rate-limited',
    title: 'The registry limits the rate of pulls',
    blame: 'cloud',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'waiting with ErrImagePull and "429 Too Many Requests" or "toomanyrequests"',
    match(evidence) {
      const at = waited(evidence)
        ? waiting(troubled(evidence), /ImagePull/, /\b429\b|toomanyrequests|rate limit/i)
        : undefined;
      if (!at) return null;
      return {
        seen: [quote(at, at.container.message)],
        explanation: `The registry of ${at.container.image} refuses pulls for their number, not for who asks.`,
      };
    },
    remedy: () =>
      'Run again later, pull with credentials of your own, or copy the image to Artifact Registry and name it there.',
  },
  {
    cause: 'image.wrong-platform',
    title: 'The container image has no build for these nodes',
    blame: 'change',
    family: 'pods',
    confidence: 'proven',
    looksLike: '"no match for platform in manifest" or "exec format error"',
    match(evidence) {
      if (!waited(evidence)) return null;
      const placed = troubled(evidence);
      const at = waiting(placed, /ImagePull/, /no match for platform|no matching manifest/i);
      const run = at ? null : said(placed, /exec format error/i);
      const where = at ?? run?.at;
      if (!where) return null;
      return {
        seen: [quote(where, at ? at.container.message : (run?.line ?? ''))],
        explanation: `${where.container.image} exists, but not for linux/amd64, which the TPU machines are.`,
        where: { text: new RegExp(`image: *["']?${escaped(where.container.image)}`) },
      };
    },
    remedy: () => 'Build or choose the image for linux/amd64.',
  },
  {
    cause: 'image.not-found',
    title: 'The container image does not exist',
    blame: 'change',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'waiting with ErrImagePull and "not found" or "manifest unknown"',
    match({ failure, lines }) {
      if (failure?.code !== 'image-not-found') return null;
      const { pod, container, message, image } = failure.evidence;
      return {
        seen: [String(message ?? ''), ...lines].filter((line) => line !== ''),
        explanation: `Kubernetes cannot pull ${image || 'the image'}, the image of container ${container} in pod ${pod}: its registry does not know it. Waiting cannot heal this, so the run ended at once.`,
        where: image
          ? { text: new RegExp(`image: *["']?${escaped(String(image))}`) }
          : { path: [...TEMPLATE, 'containers', 0, 'image'] },
      };
    },
    remedy: () => 'Correct the image name or tag in the LLMInferenceService, then push.',
  },
  {
    cause: 'image.pull-denied',
    title: 'The registry refused the image',
    blame: 'config',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'waiting with ErrImagePull and "unauthorized", 401 or 403',
    match({ failure, lines, ...rest }) {
      if (failure?.code !== 'image-pull-denied') return null;
      const { pod, container, message } = failure.evidence;
      const missing = warned({ failure, lines, ...rest }, /./, /FailedToRetrieveImagePullSecret/);
      const named = /\(([^)]+)\)/.exec(missing[0] ?? '')?.[1];
      return {
        seen: [...missing, String(message ?? ''), ...lines].filter((line) => line !== ''),
        explanation: `The registry wants credentials for container ${container} of pod ${pod}${named ? `, and the pull secret ${named} could not be retrieved` : ''}.`,
        where: { path: [...TEMPLATE, 'imagePullSecrets'] },
      };
    },
    remedy: (evidence) =>
      `Create the pull secret that imagePullSecrets names: kubectl -n ${namespaceOf(evidence)} create secret docker-registry NAME --docker-server=… --docker-username=… --docker-password=…`,
  },
  configRule(
    'secret.key-missing',
    'A secret lacks a key that the pods need',
    '“couldn’t find key … in Secret …”',
    /couldn't find key (\S+) in Secret [^/\s]+\/(\S+)/,
    ([, key, name]) => `Secret ${name} has no key ${key}.`,
    ([, key]) => ({ text: new RegExp(`key: *["']?${escaped(key ?? '')}["']?\\s*$`) }),
  ),
  configRule(
    'secret.missing',
    'A secret that the pods need does not exist',
    '“secret … not found”',
    /secret "((?![^"]*self-signed-certs)[^"]+)" not found/,
    ([, name]) => `Secret ${name} does not exist.`,
    ([, name]) => secretNamed(name),
  ),
  configRule(
    'configmap.key-missing',
    'A ConfigMap lacks a key that the pods need',
    '“couldn’t find key … in ConfigMap …”',
    /couldn't find key (\S+) in ConfigMap [^/\s]+\/(\S+)/,
    ([, key, name]) => `ConfigMap ${name} has no key ${key}.`,
    ([, key]) => ({ text: new RegExp(`key: *["']?${escaped(key ?? '')}["']?\\s*$`) }),
  ),
  configRule(
    'configmap.missing',
    'A ConfigMap that the pods need does not exist',
    '“configmap … not found”',
    /configmap "([^"]+)" not found/,
    ([, name]) => `ConfigMap ${name} does not exist.`,
    ([, name]) => secretNamed(name),
  ),
  configRule(
    'container.config',
    'The container cannot be made from its manifest',
    'anything else',
    /[\s\S]+/,
    ([text]) => `${text.slice(0, 200)}.`,
    () => ({ path: [...TEMPLATE, 'containers', 0] }),
  ),

  // The model server.
  logRule({
    cause: 'vllm.unknown-flag',
    title: 'vLLM does not know a flag',
    blame: 'change',
    looksLike: 'exit code 2 and "unrecognized arguments" in the last lines of main',
    roles: ['replica'],
    pattern: /error: unrecognized arguments: (.+)$/,
    explanation: ([, flags], where) => `vLLM in ${where} ends at once: this image does not know ${flags}.`,
    text: ([, flags]) => new RegExp(escaped((flags ?? '').split(/[\s=]/)[0] ?? '')),
    remedy: () => 'Take the flag out of the args of the LLMInferenceService, or use an image that knows it.',
  }),
  logRule({
    cause: 'vllm.invalid-value',
    title: 'vLLM refuses the value of a flag',
    blame: 'change',
    looksLike: 'exit code 2 and "argument --…: invalid"',
    roles: ['replica'],
    pattern: /error: argument (--[\w-]+).*?: (invalid .+|expected .+)$/,
    explanation: ([, flag, why], where) => `vLLM in ${where} ends at once: ${flag}: ${why}.`,
    text: ([, flag]) => new RegExp(escaped(flag ?? '')),
    remedy: () => 'Correct the value in the args of the LLMInferenceService.',
  }),
  logRule({
    cause: 'vllm.max-model-len',
    title: 'The longest sequence does not fit into the KV cache',
    blame: 'change',
    looksLike: '"max seq len (…) is larger than the maximum number of tokens that can be stored in KV cache"',
    roles: ['replica'],
    pattern: /max(?:imum)?[ _](?:seq(?:uence)?|model)[ _]len[^.]*?(\d+)[^.]*larger than/i,
    explanation: ([, length], where) =>
      `vLLM in ${where} cannot serve one sequence of ${length} tokens: what the weights leave of the HBM is less.`,
    text: () => /--max-model-len/,
    remedy: () => 'Lower --max-model-len, raise --gpu-memory-utilization or --tensor-parallel-size.',
  }),
  logRule({
    cause: 'vllm.hbm-exhausted',
    title: 'The TPU has too little memory for the model',
    blame: 'change',
    looksLike: 'RESOURCE_EXHAUSTED or "Ran out of memory in memory space hbm" from XLA',
    roles: ['replica'],
    pattern: /RESOURCE_EXHAUSTED|ran out of memory in memory space hbm|hbm capacity/i,
    explanation: (_, where) =>
      `XLA in ${where} ran out of HBM: weights, KV cache and graphs need more than the chips have.`,
    text: () => /--max-model-len|--max-num-seqs|--gpu-memory-utilization|--tensor-parallel-size/,
    remedy: () =>
      'Lower --max-model-len or --max-num-seqs, raise --tensor-parallel-size to all chips of the node, or use a smaller model.',
  }),
  logRule({
    cause: 'vllm.tpu-init',
    title: 'vLLM cannot take the TPU',
    blame: 'change',
    looksLike:
      'libtpu or PJRT fails to initialise: chips held by another process, or bounds that do not fit the topology',
    roles: ['replica'],
    pattern:
      /(?:failed|unable) to (?:initialize|initialise|get global) (?:the )?TPU|TPU (?:platform|backend|driver|device)[^.]*(?:failed|not found|in use|busy)|libtpu[^.]*(?:in use|lockfile|failed)|TPU_CHIPS_PER_HOST_BOUNDS|No ba16c7433 device found/i,
    explanation: (_, where) =>
      `The TPU runtime in ${where} does not start: the chips that the container got are not those that its environment says, or another process holds them.`,
    text: () => /TPU_CHIPS_PER_HOST_BOUNDS|TPU_HOST_BOUNDS/,
    remedy: () =>
      'For ct6e-standard-4t ask for google.com/tpu: "4" and set TPU_CHIPS_PER_HOST_BOUNDS=2,2,1 and TPU_HOST_BOUNDS=1,1,1, or leave both out.',
  }),
  logRule({
    cause: 'vllm.no-tpu-build',
    title: 'The image is not a TPU build of vLLM',
    blame: 'change',
    looksLike: '"Failed to infer device type", "No CUDA GPUs are available" or no module torch_xla',
    roles: ['replica'],
    pattern:
      /failed to infer device type|no cuda gpus are available|found no nvidia driver|no module named '?(?:torch_xla|tpu_inference|tpu_commons)/i,
    explanation: (_, where) => `vLLM in ${where} looks for another accelerator: the image was not built for TPU.`,
    text: () => /^\s*(?:- )?image: .*vllm/,
    remedy: () => 'Use a TPU build, such as registry.redhat.io/rhaiis/vllm-tpu-rhel9 or docker.io/vllm/vllm-tpu.',
  }),
  logRule({
    cause: 'vllm.tensor-parallel',
    title: 'The model cannot be split over that many chips',
    blame: 'change',
    looksLike: '"Total number of attention heads (…) must be divisible by tensor parallel size"',
    roles: ['replica'],
    pattern: /attention heads \((\d+)\) must be divisible by (?:the )?tensor.parallel.size \((\d+)\)/i,
    explanation: ([, heads, size]) =>
      `The model has ${heads} attention heads, which --tensor-parallel-size=${size} does not divide.`,
    text: () => /--tensor-parallel-size/,
    remedy: () => 'Choose a --tensor-parallel-size that divides the number of heads: 1, 2 or 4 on ct6e-standard-4t.',
  }),
  logRule({
    cause: 'vllm.no-model-folder',
    title: 'vLLM finds no model where it looks',
    blame: 'change',
    looksLike: '"no such directory" or "is not a local folder" for the path of --model',
    roles: ['replica'],
    container: /^main$/,
    pattern: /(\/\S+): no such directory|(\/\S+)'? is not a local folder and is not a valid model identifier/i,
    explanation: ([, a, b], where) =>
      `vLLM in ${where} looks for its model in ${a ?? b}, where nothing was put: KServe mounts it at /mnt/models.`,
    text: () => /--model[= ]/,
    remedy: () => 'Set --model=/mnt/models, and give spec.model.uri.',
  }),
  logRule({
    cause: 'tls.certificate-missing',
    title: 'vLLM finds no certificate',
    blame: 'change',
    looksLike: 'FileNotFoundError for the file of --ssl-certfile or --ssl-keyfile',
    roles: ['replica'],
    container: /^main$/,
    pattern: /(?:FileNotFoundError|No such file or directory).*?(\S*(?:tls|ssl|cert)\S*\.(?:crt|key|pem))/i,
    explanation: ([, file], where) =>
      `vLLM in ${where} cannot read ${file}; KServe mounts its certificate at /var/run/kserve/tls.`,
    text: () => /--ssl-(?:certfile|keyfile)/,
    remedy: () => 'Name /var/run/kserve/tls/tls.crt and tls.key, or leave TLS out on a KServe that serves plain HTTP.',
  }),

  // The model's download.
  logRule({
    cause: 'model.access-denied',
    title: 'The model may not be downloaded',
    blame: 'config',
    looksLike: 'the storage initializer is answered with 401, 403 or "gated repo"',
    roles: ['replica'],
    pattern:
      /gated repo|GatedRepoError|(?:401|403) Client Error|access to model \S+ is restricted|Invalid (?:user )?token|Invalid username or password/i,
    explanation: (_, where) =>
      `The source of the model refuses ${where}: the model is gated, or the token is missing or wrong.`,
    path: ['spec', 'model', 'uri'],
    remedy: (evidence) =>
      `Accept the model's licence for the token's account, and give the token to the init container by the pod's ServiceAccount: kubectl -n ${namespaceOf(evidence)} get serviceaccount default -o yaml. HF_TOKEN on "main" is not what downloads.`,
  }),
  logRule({
    cause: 'model.not-found',
    title: 'The model does not exist',
    blame: 'change',
    looksLike: 'the storage initializer is answered with 404 or RepositoryNotFound',
    roles: ['replica'],
    pattern: /RepositoryNotFoundError|404 Client Error|Repository Not Found|NoSuchKey|bucket does not exist/i,
    explanation: (_, where) => `The source that ${where} asks has no model of that name.`,
    path: ['spec', 'model', 'uri'],
    remedy: () => 'Correct spec.model.uri: hf://OWNER/NAME, gs://BUCKET/PATH or pvc://CLAIM/PATH.',
  }),
  logRule({
    cause: 'policy.dns-blocked',
    title: 'A NetworkPolicy keeps the pods from resolving names',
    blame: 'change',
    looksLike: '"Name or service not known" in the storage initializer, and no policy lets its pods reach DNS',
    roles: ['replica'],
    pattern: /name or service not known|temporary failure in name resolution|could not resolve host|no such host/i,
    blocked: 'DNS',
    explanation: (_, where) => `${capital(where)} cannot resolve names, and no NetworkPolicy of its pod allows UDP 53.`,
    remedy: () =>
      'Allow egress to kube-dns and to 169.254.20.10/32 on UDP and TCP 53, as manifests/pattern3/networkpolicies/allow-vllm-egress.yaml does.',
  }),
  logRule({
    cause: 'model.dns',
    title: 'The name of the model’s source cannot be resolved',
    blame: 'cluster',
    looksLike: '"Name or service not known" in the storage initializer, and no policy is in the way',
    roles: ['replica'],
    pattern: /name or service not known|temporary failure in name resolution|could not resolve host|no such host/i,
    explanation: (_, where) =>
      `${capital(where)} cannot resolve names, although no NetworkPolicy stops it: the cluster's DNS does not answer.`,
    remedy: () => 'kubectl -n kube-system get pods -l k8s-app=kube-dns; look at NodeLocal DNSCache too.',
  }),
  logRule({
    cause: 'policy.egress-blocked',
    title: 'A NetworkPolicy keeps the pods from the model’s source',
    blame: 'change',
    looksLike: 'the download times out, and no policy lets the pods reach TCP 443 outside',
    roles: ['replica'],
    pattern: /connect(?:ion)?(?: to \S+)? timed out|ConnectTimeout|Max retries exceeded|Network is unreachable/i,
    blocked: 'internet',
    explanation: (_, where) =>
      `The download in ${where} gets no connection, and no NetworkPolicy of its pod allows TCP 443 to public addresses.`,
    remedy: () =>
      'Allow egress on TCP 443 to 0.0.0.0/0 except the private ranges; a namespaceSelector matches pods, never the internet.',
  }),
  logRule({
    cause: 'model.unreachable',
    title: 'The model’s source does not answer',
    blame: 'cluster',
    looksLike: 'the download times out, and no policy is in the way: no NAT, or the source is down',
    roles: ['replica'],
    container: /storage-initializer/,
    pattern:
      /connect(?:ion)?(?: to \S+)? timed out|ConnectTimeout|Max retries exceeded|Network is unreachable|50[0234] Server Error/i,
    explanation: (_, where) =>
      `The download in ${where} gets no answer, and no NetworkPolicy stops it: nodes without Cloud NAT have no way out, or the source is down.`,
    remedy: () => 'Look at Cloud NAT of the network of the nodes, and at https://status.huggingface.co.',
    confidence: 'probable',
  }),
  logRule({
    cause: 'model.disk-full',
    title: 'The node has no room for the model',
    blame: 'config',
    looksLike: '"No space left on device", or the pod was evicted for ephemeral storage',
    roles: ['replica'],
    pattern: /no space left on device|ENOSPC/i,
    explanation: (_, where) => `${capital(where)} filled its disk.`,
    path: [...TEMPLATE, 'volumes'],
    remedy: () => 'Recreate the pool with a larger boot disk (--disk-size), or give the model a volume.',
  }),

  // Sidecars.
  logRule({
    cause: 'istio.control-plane-blocked',
    title: 'The Istio sidecar cannot reach the control plane',
    blame: 'change',
    looksLike: 'istio-proxy is not ready and says that istiod:15012 times out; no policy allows it',
    roles: ['replica', 'endpoint-picker'],
    container: /^istio-proxy$/,
    pattern:
      /istiod[^ ]*:15012.*(?:timed? ?out|i\/o timeout|refused)|connection to istiod.*(?:timed? ?out|refused)|xds-grpc closed: 14/i,
    blocked: 'istiod',
    explanation: (_, where) =>
      `${capital(where)} gets no configuration from istiod, and no NetworkPolicy of its pod allows TCP 15012 to istio-system.`,
    remedy: () =>
      'Allow egress from the pods to istio-system on TCP 15012, as manifests/pattern3/networkpolicies/allow-istio.yaml does.',
  }),
  logRule({
    cause: 'istio.control-plane-down',
    title: 'The Istio control plane does not answer the sidecars',
    blame: 'cluster',
    looksLike: 'istio-proxy is not ready and says that istiod:15012 does not answer; no policy is in the way',
    roles: ['replica', 'endpoint-picker'],
    container: /^istio-proxy$/,
    pattern:
      /istiod[^ ]*:15012.*(?:timed? ?out|i\/o timeout|refused)|connection to istiod.*(?:timed? ?out|refused)|xds-grpc closed: 14/i,
    explanation: (_, where) =>
      `${capital(where)} gets no configuration from istiod, although no NetworkPolicy stops it.`,
    remedy: () =>
      'kubectl -n istio-system get pods -l app=istiod; kubectl -n istio-system logs -l app=istiod --tail=50',
  }),
  logRule({
    cause: 'istio.init-iptables',
    title: 'The Istio init container cannot set up iptables',
    blame: 'cluster',
    looksLike: 'istio-init ends with "iptables" and "not found", "operation not permitted" or "can’t initialize"',
    roles: ['replica', 'endpoint-picker'],
    container: /^istio-(?:init|validation)$/,
    pattern: /iptables.*(?:not found|no such file|operation not permitted|permission denied|can't initialize)/i,
    explanation: (_, where) => `${capital(where)} may not change iptables on these nodes.`,
    remedy: (evidence) =>
      `Install Istio CNI for GKE, or take the injection off: kubectl label namespace ${namespaceOf(evidence)} istio-injection-`,
  }),

  // The endpoint picker.
  logRule({
    cause: 'picker.unknown-flag',
    title: 'The endpoint picker does not know a flag',
    blame: 'change',
    looksLike: '"flag provided but not defined" or "unknown flag" from the scheduler’s main',
    roles: ['endpoint-picker'],
    pattern: /flag provided but not defined: (\S+)|unknown (?:shorthand )?flag: (\S+)/i,
    explanation: ([, a, b], where) => `${capital(where)} ends at once: this version does not know ${a ?? b}.`,
    text: ([, a, b]) => new RegExp(escaped((a ?? b ?? '').replace(/^-+/, '--').split('=')[0] ?? '')),
    remedy: () =>
      'Take the flag out of spec.router.scheduler.template, or use a version that has it; --config-text was --configText in KServe v0.16.',
  }),
  logRule({
    cause: 'picker.bad-config',
    title: 'The endpoint picker refuses its configuration',
    blame: 'change',
    looksLike: '"Failed to load configuration" or "there is no plugin named" from the scheduler’s main',
    roles: ['endpoint-picker'],
    pattern:
      /failed to (?:load|parse|instantiate)[^"]*config[^"]*".*?"error":"([^"]+)"|there is no plugin named '?([^'"]+)|plugin type '?([^' "]+)'? is not (?:found|registered)/i,
    explanation: ([line, a, b, c], where) =>
      `${capital(where)} ends at once: ${a ?? ((b ?? c) ? `it has no plugin ${b ?? c}` : line)}.`,
    text: () => /--config-text/,
    remedy: () =>
      'Correct the EndpointPickerConfig in --config-text: every pluginRef must name a plugin of that version of the picker.',
  }),
  logRule({
    cause: 'picker.no-pool-name',
    title: 'The endpoint picker was not told its pool',
    blame: 'change',
    looksLike: '"required \\"poolName\\" flag not set" from the scheduler’s main',
    roles: ['endpoint-picker'],
    pattern: /required \\?"pool-?Name\\?" flag not set|pool-name.*required/i,
    explanation: (_, where) =>
      `${capital(where)} ends at once without --pool-name: args replace those of KServe's preset, all of them.`,
    path: ['spec', 'router', 'scheduler', 'template', 'containers', 0, 'args'],
    remedy: () =>
      'Repeat the preset’s args, --pool-name among them, as manifests/pattern3/llminferenceservice.yaml does.',
  }),

  // How containers end.
  {
    cause: 'container.oom-killed',
    title: 'A container needs more memory than it may have',
    blame: 'change',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'last state OOMKilled',
    match(evidence) {
      const at = waited(evidence) ? troubled(evidence).find((one) => ended(one)?.reason === 'OOMKilled') : undefined;
      if (!at) return null;
      return {
        seen: [quote(at, `OOMKilled, ${at.container.restarts} restarts`), ...tail(at, 5)],
        explanation: `The kernel ended container ${at.container.name} of pod ${at.pod.name}: it passed its memory limit.`,
        where: { path: [...TEMPLATE, 'containers', 0, 'resources', 'limits'] },
      };
    },
    remedy: () =>
      'Raise or remove resources.limits.memory of the container; loading weights takes about twice their size.',
  },
  {
    cause: 'probe.too-short',
    title: 'A probe ends the server while it still compiles',
    blame: 'change',
    family: 'pods',
    confidence: 'proven',
    looksLike:
      'the event says that the container failed its liveness or startup probe, and the log ends in a compilation',
    match(evidence) {
      if (!waited(evidence)) return null;
      const at = troubled(evidence, 'replica').find(
        (one) => one.container.name === 'main' && one.container.restarts > 0 && compiling(one.container.log),
      );
      const probes = warned(evidence, /(?:liveness|startup) probe failed/i, /Unhealthy/);
      if (!at || probes.length === 0) return null;
      return {
        seen: [...probes.slice(-2), ...tail(at, 4)],
        explanation: `The kubelet restarts container main of pod ${at.pod.name} ${at.container.graceSeconds === null ? '' : `after ${at.container.graceSeconds} s `}while XLA still compiles, so that it begins anew for ever.`,
        where: { text: /startupProbe|livenessProbe/ },
      };
    },
    remedy: () =>
      'Give main a startupProbe of at least 20 min (periodSeconds 10, failureThreshold 120); liveness counts only after it.',
  },
  {
    cause: 'probe.mismatch',
    title: 'A probe asks for what the server does not serve',
    blame: 'change',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'vLLM serves, and the event says that a probe failed with another scheme, port or path',
    match(evidence) {
      if (!waited(evidence)) return null;
      const at = troubled(evidence, 'replica').find(
        ({ container }) => container.name === 'main' && serving(container.log),
      );
      const probes = warned(
        evidence,
        /probe failed: (?:Get |HTTP probe|.*(?:refused|HTTP response to HTTPS|statuscode: 4))/i,
        /Unhealthy/,
      );
      const [last] = probes.slice(-1);
      if (!at || !last) return null;
      return {
        seen: [...probes.slice(-3), ...tail(at, 3)],
        explanation: `vLLM in pod ${at.pod.name} has started to serve, but a probe asks it by another scheme, port or path than it serves.`,
        where: { text: /(?:readiness|liveness|startup)Probe/ },
      };
    },
    remedy: () =>
      'Give each httpGet of the probes the port of --port, and scheme HTTPS exactly when the command has --ssl-certfile.',
  },
  {
    cause: 'container.crash-loop',
    title: 'A container crashes each time it starts',
    blame: 'change',
    family: 'pods',
    confidence: 'probable',
    looksLike: 'CrashLoopBackOff with the same exit again and again, and no rule knows its words',
    match(evidence) {
      const { failure, lines } = evidence;
      if (failure?.code !== 'crash-loop') return null;
      const { pod, container, message } = failure.evidence;
      const at = troubled(evidence).find((one) => one.pod.name === pod && one.container.name === container);
      return {
        seen: [String(message ?? ''), ...(at ? tail(at, 12) : []), ...lines].filter((line) => line !== ''),
        explanation: `Container ${container} of pod ${pod} ends by itself soon after its start, each time alike. No rule knows its last words; they are in the evidence.`,
        where: { path: [...TEMPLATE, 'containers', 0] },
      };
    },
    remedy: (evidence) => {
      const { pod, container } = evidence.failure?.evidence ?? {};
      return `Read its last lines below, or while the stack is up: kubectl -n ${namespaceOf(evidence)} logs ${pod} -c ${container} --previous. Compare image and args of ${serviceOf(evidence)} with the last passing run.`;
    },
  },
];

/** A reference of a container to what is not there: kubelet's words in the waiting message or in a FailedMount event. */
function configRule(
  cause: string,
  title: string,
  looksLike: string,
  pattern: RegExp,
  explanation: (found: RegExpExecArray) => string,
  where: (found: RegExpExecArray) => { text?: RegExp; path?: readonly (string | number)[] },
): Rule {
  return {
    cause,
    title,
    blame: 'change',
    family: 'pods',
    confidence: 'proven',
    looksLike: `waiting with CreateContainerConfigError, or FailedMount, that says ${looksLike}`,
    match(evidence) {
      const { failure } = evidence;
      if (!waited(evidence)) return null;
      const at = waiting(troubled(evidence), /CreateContainerConfigError|CreateContainerError/);
      const words =
        failure?.code === 'container-config' ? String(failure.evidence.message ?? '') : (at?.container.message ?? '');
      const mounts =
        failure?.code === 'ready-timeout' || failure?.code === 'not-healing'
          ? warned(evidence, pattern, /FailedMount/)
          : [];
      const text = words !== '' && pattern.test(words) ? words : (mounts.at(-1) ?? '');
      const found = text === '' ? null : pattern.exec(text);
      if (!found) return null;
      return {
        seen: [at && words !== '' ? quote(at, words) : text, ...warned(evidence, pattern, /Failed/).slice(-3)],
        explanation: `${explanation(found)} A container of ${serviceOf(evidence)} refers to it and cannot start without it.`,
        where: where(found),
      };
    },
    remedy: (evidence) =>
      `Create it in ${namespaceOf(evidence)}, or correct its name and key in the manifest: kubectl -n ${namespaceOf(evidence)} get secrets,configmaps`,
  };
}

const COMPILING = /compil|num_tokens|XLA graph|precompil/i;
const SERVING = /application startup complete|uvicorn running|starting vllm api server/i;

/** Whether the last lines of a log are of an XLA compilation. */
export function compiling(log: readonly string[]): boolean {
  const last = log.filter((line) => line.trim() !== '').slice(-4);
  return last.some((line) => COMPILING.test(line)) && !serving(log);
}

/** Whether vLLM has begun to serve. */
export function serving(log: readonly string[]): boolean {
  return log.slice(-12).some((line) => SERVING.test(line));
}
