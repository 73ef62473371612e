import type { Cause } from '../../lib/causes.ts';
import { named, type Rule } from './rule.ts';
import { USUAL_REMEDIES } from './usual-remedies.ts';

const plain = (code: string, cause: Cause, title: string, looksLike: string, only?: RegExp): Rule =>
  named(code, { cause, title, looksLike, family: 'config', usual: USUAL_REMEDIES[cause], ...(only ? { only } : {}) });

/** What preflight refuses, and limits of the run: the failure's own sentence and hint explain it. */
export const CONFIG_RULES: readonly Rule[] = [
  named('max-cost', {
    cause: 'config.max-cost',
    title: 'The run reached its cost limit',
    family: 'config',
    looksLike: 'the bill would pass "max-cost", or a limit that no run can keep is refused before the lease',
    remedy: () => 'Look at the slowest stage, or raise "max-cost".',
  }),
  named('undecidable', {
    cause: 'config.undecidable',
    title: 'The target cannot be decided with this budget',
    family: 'config',
    looksLike: 'pairs are so few or so short that every outcome would be inconclusive',
    explanation: () =>
      'The noise of so few or so short pairs is wider than the distance to the target, so every outcome would be inconclusive. Nothing was measured.',
    remedy: () => 'Give more or longer pairs ("pairs", "pair-duration"), or a lower "target-speedup".',
  }),
  named('pairs-too-long', {
    cause: 'config.pairs-too-long',
    title: 'Requests take too long for the time of the run',
    family: 'config',
    looksLike:
      'a window holds three requests one after another, and "timeout" or "max-cost" ends the run before the first look',
    remedy: () =>
      'Raise "timeout" or "max-cost", or lower "concurrency" or "max-tokens", so that a request takes less time.',
  }),
  named('bad-prompts', {
    cause: 'config.prompts',
    title: 'The prompts cannot be read',
    family: 'config',
    looksLike: 'the file that "prompts" names does not have JSON Lines with a "prompt" in each',
    remedy: () => 'Correct the lines that the message names.',
  }),
  named('bad-quality-tasks', {
    cause: 'config.quality-tasks',
    title: 'The quality tasks cannot be read',
    family: 'config',
    looksLike: 'the file that "quality-tasks" names does not have JSON Lines with a task and its right answer in each',
    remedy: () => 'Correct the line that the message names.',
  }),
  named('load-image-missing', {
    cause: 'config.load-image',
    title: 'Neither the runner nor the cluster can send the load',
    family: 'config',
    looksLike:
      'the runner cannot reach the gateway, and "load-image" is empty, so that no load clients in the cluster can',
    remedy: () => 'Give the input "load-image", or use a runner in the network of the gateway.',
  }),
  named('bad-baseline', {
    cause: 'config.baseline',
    title: 'The recorded baseline cannot be used',
    family: 'config',
    looksLike: 'the file that "baseline" names is not the result of a run that measured one replica soundly',
    remedy: () => 'Give another result.json, or leave "baseline" out.',
  }),
  plain(
    'prompt-too-short',
    'config.prompt-too-short',
    'The prompts are shorter than a block of the prefix cache',
    'the shared prefix has fewer tokens than vLLM caches at a time',
  ),
  plain(
    'prompt-too-long',
    'config.prompt-too-long',
    'The prompts do not fit into the model’s sequence',
    '"prompt-tokens" and "max-tokens" together exceed --max-model-len',
  ),
  named('manifest-guard', {
    cause: 'manifest.refused',
    title: 'The manifests hold what the gate does not apply',
    family: 'config',
    looksLike: 'a kind, field, value, image or host access that no pull request may have applied',
    explanation: ({ rules }, { failure }) =>
      `A pull request must not use the gate's credentials for anything but its serving stack. Refused by rule ${Array.isArray(rules) ? rules.join(', ') : '?'}, before any call; nothing was leased. ${failure?.message ?? ''}`,
    remedy: () =>
      'Correct the lines that the message names, or widen the input that it names in the workflow of the base branch.',
  }),
  plain(
    'bad-manifest',
    'manifest.unreadable',
    'The manifests cannot be read',
    'YAML that does not parse, a file that is missing or outside of the workspace',
  ),
  plain(
    'kubectl-missing',
    'manifest.needs-kubectl',
    'The kustomization needs kubectl',
    'it transforms, and kubectl is not on the runner',
  ),
  plain(
    'manifest-refused',
    'manifest.invalid',
    'The API server refuses a manifest',
    'strict validation: a field that the schema does not have, or a value that it does not allow',
  ),
  plain(
    'kind-unknown',
    'manifest.kind-unknown',
    'The cluster does not know a kind of the manifests',
    'the definition of the kind is not installed',
  ),
  plain(
    'admission-refused',
    'manifest.admission',
    'An admission rule of the cluster refuses a manifest',
    'a webhook, policy, quota or Pod Security returns 403',
  ),
  plain(
    'apply-conflict',
    'manifest.conflict',
    'Somebody else owns fields of a manifest',
    'server-side apply returns 409 with the fields and their manager',
  ),
  plain(
    'bad-flag',
    'vllm.known-bad-flag',
    'A flag of vLLM does not exist',
    'the command line has a flag that no release of vLLM knows',
  ),
  plain(
    'bad-picker-config',
    'picker.bad-config',
    'The endpoint picker refuses its configuration',
    'the EndpointPickerConfig of the manifest is no YAML, has no profile, or refers to what it does not declare',
  ),
  plain(
    'bad-probe',
    'probe.mismatch',
    'A probe asks for what the server does not serve',
    'scheme or port of a probe is not that of vLLM by its flags',
  ),
  plain(
    'service-ambiguous',
    'manifest.service-ambiguous',
    'The manifests hold not exactly one LLMInferenceService',
    'none or several services',
  ),
  plain(
    'too-few-replicas',
    'manifest.too-few-replicas',
    'There is nothing to compare',
    'the service has fewer than two replicas',
  ),
  plain(
    'replicas-autoscaled',
    'manifest.replicas-autoscaled',
    'An autoscaler may change the replicas while they are measured',
    'a HorizontalPodAutoscaler or a ScaledObject whose target is the Deployment of the replicas',
  ),
  plain(
    'manifest-shape',
    'manifest.shape',
    'The gate cannot measure a service of this shape',
    'workers, prefill pods, no endpoint picker or no route in the LLMInferenceService',
  ),
  plain(
    'route-missing',
    'routing.route-by-reference',
    'The HTTPRoute that the service names does not serve it',
    'a route by reference that does not exist, has no gateway, or leads past the endpoint picker',
  ),
  plain(
    'mtls-strict',
    'mesh.strict',
    'The mesh demands mTLS of a gateway that uses plain TLS to the pods',
    'a PeerAuthentication of mode STRICT on pods with a sidecar that serve TLS of their own',
  ),
  plain(
    'service-exists',
    'service.exists',
    'A service of that name exists already',
    'an LLMInferenceService that no run of the gate made',
  ),
  plain(
    'owned-by-run',
    'service.of-another-run',
    'An object belongs to the stack of a living run on another pool',
    'its mark names a run whose lease holds, such as a stack that is kept',
  ),
  plain(
    'retire-refused',
    'manifest.retire-refused',
    'A file of the workspace would delete more than a service',
    '"retire" names an object that is not an LLMInferenceService of the namespace',
  ),
  plain(
    'files-timeout',
    'workspace.files-hang',
    'The files of the workspace cannot be read',
    'a FIFO, a device or a network share that does not respond',
  ),
  plain(
    'kube-permission',
    'kube.permission',
    'The identity lacks a rule in the cluster',
    'an access review is denied, or RBAC refuses a call with 403',
  ),
  plain(
    'kube-api',
    'kube.unavailable',
    'The Kubernetes API does not respond',
    'calls end with 5xx or by their time limit, six times in a row',
  ),
  plain(
    'kube-answer',
    'kube.answer',
    'Another server responds in place of the Kubernetes API',
    'the responses are not objects of Kubernetes, six times in a row: a proxy, a load balancer, a captive portal',
  ),
  plain(
    'kube-unreachable',
    'kube.unreachable',
    'The Kubernetes API cannot be reached',
    'no connection to the control plane: a private endpoint, or authorised networks',
  ),
  plain(
    'kserve-missing',
    'kserve.missing',
    'KServe’s LLMInferenceService is not installed',
    'the cluster serves no API of serving.kserve.io',
  ),
  plain(
    'kserve-upstream-v0.15',
    'kserve.no-controller',
    'No controller acts on LLMInferenceServices',
    'the controller is plain KServe v0.15 or older, which ignores the kind',
  ),
  plain(
    'inference-pool-missing',
    'kserve.no-inference-pool',
    'No InferencePool API is installed',
    'neither group of the Gateway API Inference Extension is served',
  ),
  plain(
    'prerequisite-missing',
    'kserve.prerequisite',
    'The cluster lacks what its KServe needs',
    'a definition or a GatewayClass that this version of the controller cannot go on without',
  ),
  plain(
    'tls-rule',
    'tls.server-only',
    'The gateway would use plain HTTP with a server that has TLS',
    'before the lease: upstream KServe writes no DestinationRule and the gate cannot add one, or one turns TLS off',
  ),
  plain(
    'tls-plain-server',
    'tls.plain-server',
    'The gateway would use TLS with a server that does not',
    'before the lease: a DestinationRule originates TLS, and the flags of vLLM or of the endpoint picker have none',
  ),
  plain(
    'secret-missing',
    'secret.missing',
    'A secret that the pods need does not exist',
    'a referenced Secret is absent, before anything is leased',
  ),
  plain(
    'secret-key-missing',
    'secret.key-missing',
    'A secret lacks a key that the pods need',
    'the Secret is there under other keys, before anything is leased',
  ),
  plain(
    'pull-secret-missing',
    'secret.pull-missing',
    'An image pull secret does not exist',
    'imagePullSecrets names a Secret that is absent or of another type',
  ),
  plain(
    'gateway-missing',
    'gateway.missing',
    'The gateway does not exist',
    '"gateway" or spec.router.gateway.refs names no Gateway',
  ),
  plain(
    'gateway-not-programmed',
    'gateway.not-programmed',
    'The gateway carries no traffic',
    'Programmed is not True, or it has no address',
  ),
  plain(
    'gateway-class',
    'gateway.class',
    'The gateway is not Istio’s',
    'its class is of another implementation, such as GKE’s own',
  ),
  plain(
    'wrong-gateway',
    'gateway.other',
    'The route hangs on another gateway',
    'parentRefs do not name the gateway of the input',
  ),
  plain(
    'pool-group',
    'istio.pool-group',
    'Istio does not know the InferencePool that KServe makes',
    'Istio 1.27 takes only inference.networking.x-k8s.io, 1.28 and later only inference.networking.k8s.io',
  ),
  plain(
    'route-competes',
    'routing.older-route',
    'An older route of the gateway switches the endpoint picker off',
    'Istio before 1.28.5 keeps the picker of the oldest route of a gateway and hostname alone',
  ),
  plain(
    'envoyfilter-erases',
    'routing.envoyfilter',
    'An EnvoyFilter erases the configuration of the endpoint picker',
    'it removes ext_proc, or overrides it for a route without naming a gRPC service',
  ),
  plain(
    'envoyfilter-no-route',
    'routing.envoyfilter-no-route',
    'An EnvoyFilter of the manifests patches no route',
    'it names routes that this version of KServe does not make, and would change nothing',
  ),
  plain(
    'policy-blocks',
    'policy.blocks',
    'A NetworkPolicy blocks a connection that the stack needs',
    'evaluated offline against the labels that the pods will have',
  ),
  plain('run-timeout', 'run.timeout', 'The run took longer than its limit', '"timeout" is over'),
  plain(
    'retire-timeout',
    'deploy.retire-stuck',
    'What was retired does not go away',
    'objects of an earlier stack or of a dead run stay, held by a finalizer',
  ),
];
