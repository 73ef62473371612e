import { escaped } from '../../lib/pattern.ts';
import { blameOf, fateOf } from '../../stack/fate.ts';
import type { Evidence } from '../evidence.ts';
import {
  containersOf,
  describeCondition,
  falseCondition,
  falseConditions,
  type Placed,
  quote,
  tail,
  troubled,
  waiting,
  warned,
} from '../facts.ts';
import { compiling } from './model-server-log.ts';
import { machineOf, type Rule, waited } from './rule.ts';

/** What KServe makes pods of, and what scales them. */
const WORKLOADS = [
  ...['MainWorkloadReady', 'WorkerWorkloadReady', 'PrefillWorkloadReady', 'PrefillWorkerWorkloadReady'],
  ...['SchedulerWorkloadReady', 'ScalingReady', 'PrefillScalingReady'],
] as const;

/** Where the manifests name the preset that a message is about; null for one that KServe adds by itself. */
function ownPreset({ locate }: Evidence, message: string): { text: RegExp } | null {
  const name = /LLMInferenceServiceConfig "([^"]+)"/.exec(message)?.[1];
  if (name === undefined) return null;
  const where = { text: new RegExp(`name: *["']?${escaped(name)}["']?\\s*$`) };
  return locate?.(where) ? where : null;
}

/** The words of RBAC's refusal to a controller. */
const LACKS_RIGHT = /is forbidden: User "[^"]*" cannot /;

/** Pods that their node refused, that KServe never made, or that were still on their way at the deadline. */
export const NOT_READY_RULES: readonly Rule[] = [
  {
    cause: 'pods.admission',
    title: 'The node refuses the pod',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'phase Failed with UnexpectedAdmissionError or TopologyAffinityError',
    match(evidence) {
      const pod = evidence.cluster?.pods.find(
        ({ role, reason }) => role === 'replica' && /Admission|Affinity|OutOf/.test(reason),
      );
      if (!waited(evidence) || !pod) return null;
      return {
        seen: [`pod/${pod.name}: ${pod.reason}: ${pod.message}`],
        explanation: `The kubelet of ${pod.node ?? 'the node'} refuses pod ${pod.name}: GKE admits a TPU pod only with all chips of its node and both TPU selectors.`,
        where: { text: /google\.com\/tpu: *["']?\d/ },
      };
    },
    remedy: (evidence) =>
      `Ask for all chips of a ${machineOf(evidence)} in requests and limits, and select cloud.google.com/gke-tpu-accelerator and -topology.`,
  },
  {
    cause: 'pods.evicted',
    title: 'The kubelet evicted a pod',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'phase Failed with reason Evicted',
    match(evidence) {
      const pod = evidence.cluster?.pods.find(({ role, reason }) => role !== 'gateway' && reason === 'Evicted');
      if (!waited(evidence) || !pod) return null;
      return {
        seen: [`pod/${pod.name}: Evicted: ${pod.message}`, ...warned(evidence, /./, /Evicted/)],
        explanation: `${pod.node ?? 'The node'} ran short, and pod ${pod.name} used more than it had asked for.`,
        where: { path: ['spec', 'template', 'containers', 0, 'resources'] },
      };
    },
    remedy: () =>
      'Ask for what it uses (resources.requests, ephemeral-storage among them), or recreate the pool with a larger disk.',
  },
  {
    cause: 'certificates.missing',
    title: 'KServe did not make the pods’ certificate',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'FailedMount of …-self-signed-certs, or the condition reason ReconcileCertsError',
    match(evidence) {
      if (!waited(evidence)) return null;
      const condition = falseConditions(evidence).find(({ reason }) => reason === 'ReconcileCertsError');
      const mounts = warned(evidence, /self-signed-certs"? not found/, /FailedMount/);
      if (!condition && mounts.length === 0) return null;
      return {
        seen: [...mounts.slice(-3), ...(condition ? [describeCondition(condition)] : [])],
        explanation:
          'The secret with the serving certificate is missing, so no container of the pods starts: the controller cannot sign it.',
      };
    },
    remedy: () =>
      'The controller’s CA must be an RSA secret in the namespace that SERVICE_CA_SIGNING_SECRET_NAMESPACE names; its log names what it lacks.',
  },
  {
    cause: 'kserve.presets',
    title: 'KServe cannot combine the service with its presets',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'PresetsCombined=False with CombineBaseError, ConfigNotFound or InvalidRenderedConfig',
    match(evidence) {
      const condition = falseCondition(evidence, 'PresetsCombined');
      if (!waited(evidence) || !condition) return null;
      const named = ownPreset(evidence, condition.message);
      return {
        seen: [describeCondition(condition)],
        ...(named ? { blame: 'change', where: named } : {}),
        explanation: `The controller stopped before it made anything: ${condition.message || condition.reason}.`,
      };
    },
    remedy: () =>
      'kubectl get llminferenceserviceconfigs -A; install those of the controller’s own release, or correct spec.baseRefs.',
  },
  {
    cause: 'kserve.workload',
    title: 'KServe cannot make the workload',
    family: 'pods',
    confidence: 'probable',
    looksLike: 'a workload’s condition is False with a reason such as Reconcile…Error or SchedulerReconcileError',
    match(evidence) {
      const condition = falseConditions(evidence, ...WORKLOADS).find(
        (one) => fateOf(one, 'kserve') === 'ends' && one.reason !== 'Stopped',
      );
      if (!waited(evidence) || !condition) return null;
      const lws = /LeaderWorkerSet/.test(condition.message);
      return {
        seen: [describeCondition(condition)],
        explanation: lws
          ? 'spec.worker needs LeaderWorkerSets, whose definition is not installed.'
          : `The controller could not write the objects of the service (${condition.reason}): ${condition.message}.`,
        blame: lws ? 'change' : blameOf(condition),
        where: { path: lws ? ['spec', 'worker'] : ['spec', 'template'] },
      };
    },
    remedy: (evidence) =>
      falseConditions(evidence, ...WORKLOADS).some(({ message }) => LACKS_RIGHT.test(message))
        ? 'The service account of the KServe controller lacks the right that the condition names: install the roles of its own release again.'
        : 'Correct what the condition names; for LeaderWorkerSet install its controller, or take spec.worker out for one host.',
  },
  {
    cause: 'kserve.ignored',
    title: 'No controller acts on the LLMInferenceService',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'the service has neither conditions nor children at the end of the wait',
    match(evidence) {
      const { cluster } = evidence;
      const service = cluster?.service;
      if (!waited(evidence) || !service || service.conditions.length > 0) return null;
      if (cluster.pods.some(({ role }) => role !== 'gateway') || cluster.deployments.length > 0) return null;
      const images = cluster.controllerImages;
      return {
        seen: [
          `LLMInferenceService ${service.name}: generation ${service.generation}, observed ${service.observedGeneration ?? 'never'}, no conditions`,
          ...images.map((image) => `controller: ${image}`),
        ],
        explanation: `Nothing was made of the service, and no condition explains why${images.length > 0 ? `; the controller is ${images.join(', ')}` : ''}. Plain KServe v0.15 ignores the kind.`,
      };
    },
    remedy: () =>
      'Install KServe v0.17 or later, or the Open Data Hub build with ENABLE_LLMISVC_CONTROLLER=true; look at the controller’s log.',
  },
  {
    cause: 'ready.compiling',
    title: 'The replicas were still compiling at the deadline',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'no restarts, and the last log lines of main are of the XLA compilation',
    match(evidence) {
      if (evidence.failure?.code !== 'ready-timeout') return null;
      const busy = troubled(evidence, 'replica').filter(
        ({ container }) => container.name === 'main' && container.restarts === 0 && compiling(container.log),
      );
      const [first] = busy;
      if (!first) return null;
      return {
        seen: tail(first, 6),
        explanation: `${busy.length} ${busy.length === 1 ? 'replica was' : 'replicas were'} compiling its graphs when "ready-timeout" was over; nothing had failed.`,
      };
    },
    remedy: () =>
      'Raise "ready-timeout", lower --max-model-len or --max-num-seqs, or keep the compilation cache (VLLM_XLA_CACHE_PATH) on a volume.',
  },
  {
    cause: 'ready.downloading',
    title: 'The model was still being downloaded at the deadline',
    family: 'pods',
    confidence: 'probable',
    looksLike: 'the storage initializer runs without an error',
    match(evidence) {
      if (evidence.failure?.code !== 'ready-timeout') return null;
      const busy = containersOf(evidence, 'replica').find(
        ({ container }) =>
          container.init &&
          /storage|model/.test(container.name) &&
          container.state === 'running' &&
          !/error|failed|refused/i.test(container.log.join('\n')),
      );
      return busy
        ? {
            seen: tail(busy, 6),
            explanation: `${busy.container.name} of pod ${busy.pod.name} was still copying the model when "ready-timeout" was over, and had logged no error.`,
          }
        : null;
    },
    remedy: () => 'Raise "ready-timeout", or keep the model in a bucket of the region (gs://) or on a volume.',
  },
  {
    cause: 'ready.pulling',
    title: 'The image was still being pulled at the deadline',
    family: 'pods',
    confidence: 'probable',
    looksLike: 'waiting with ContainerCreating and no failed pull',
    match(evidence) {
      if (evidence.failure?.code !== 'ready-timeout') return null;
      // A container behind init containers shows PodInitializing until it is made, whatever it waits for.
      const initialised = (placed: Placed) =>
        placed.pod.containers.every(({ init, state, exitCode }) => !init || (state === 'terminated' && exitCode === 0));
      const at = waiting(troubled(evidence, 'replica').filter(initialised), /^(?:ContainerCreating|PodInitializing)$/);
      const failed = warned(evidence, /./, /FailedMount|Failed$|FailedCreatePodSandBox/);
      if (!at || failed.length > 0) return null;
      return {
        seen: [quote(at, `waiting: ${at.container.reason}, image ${at.container.image}`)],
        explanation: `Container ${at.container.name} of pod ${at.pod.name} had not been made when "ready-timeout" was over, and no pull had failed: the image is large, or its registry slow.`,
      };
    },
    remedy: () =>
      'Raise "ready-timeout", copy the image to Artifact Registry in the region, or turn image streaming on for the pool.',
  },
];
