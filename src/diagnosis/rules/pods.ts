import type { Evidence } from '../evidence.ts';
import {
  containersOf,
  describeCondition,
  falseCondition,
  type Placed,
  quote,
  tail,
  troubled,
  waiting,
  warned,
} from '../facts.ts';
import { compiling } from './containers.ts';
import { type Match, namespaceOf, type Rule, serviceOf, waited } from './rule.ts';

const NODES = 'kubectl describe nodes -l cloud.google.com/gke-nodepool=';

/** Scheduler's words for the pods that found no node. */
function unschedulable({ cluster }: Evidence): string[] {
  return (cluster?.pods ?? [])
    .filter(({ role, terminating }) => role !== 'gateway' && !terminating)
    .flatMap(({ name, conditions }) =>
      conditions
        .filter(
          ({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
        )
        .map(({ message }) => `pod/${name}: Unschedulable: ${message}`),
    );
}

/** A rule on what the scheduler says. */
function scheduling(
  rule: Pick<Rule, 'cause' | 'title' | 'blame' | 'looksLike' | 'remedy'> & {
    pattern: RegExp;
    when?: (evidence: Evidence) => boolean;
    explanation: (count: number, evidence: Evidence) => string;
    where?: Match['where'];
  },
): Rule {
  const { pattern, when, explanation, where, ...rest } = rule;
  return {
    ...rest,
    confidence: 'proven',
    family: 'pods',
    match(evidence) {
      if (!waited(evidence) || (when && !when(evidence))) return null;
      const seen = unschedulable(evidence);
      if (!seen.some((line) => pattern.test(line))) return null;
      const nodes = (evidence.cluster?.nodes ?? []).map(
        ({ name, chips, taints, topology }) =>
          `node/${name}: google.com/tpu ${chips}, topology ${topology ?? '?'}, taints ${taints.join(', ') || 'none'}`,
      );
      return {
        seen: [...nodes, ...seen],
        explanation: explanation(seen.length, evidence),
        ...(where ? { where } : {}),
      };
    },
  };
}

/** A rule on events about pods that could not even be made. */
function refusedPods(
  rule: Pick<Rule, 'cause' | 'title' | 'blame' | 'looksLike' | 'remedy'> & {
    pattern: RegExp;
    explanation: (line: string) => string;
  },
): Rule {
  const { pattern, explanation, ...rest } = rule;
  return {
    ...rest,
    confidence: 'proven',
    family: 'pods',
    match(evidence) {
      if (!waited(evidence)) return null;
      const seen = warned(evidence, pattern, /FailedCreate/);
      const [line] = seen.slice(-1);
      return line ? { seen: seen.slice(-4), explanation: explanation(line) } : null;
    },
  };
}

const poolOf = ({ report }: Evidence) => report.plan.nodePool ?? 'POOL';
const machineOf = ({ report }: Evidence) => report.environment.machineType ?? '?';

/** Pods that were not made, found no node, were refused by theirs, or were still on their way at the deadline. */
export const POD_RULES: readonly Rule[] = [
  refusedPods({
    cause: 'pods.quota',
    title: 'A ResourceQuota of the namespace refuses the pods',
    blame: 'config',
    looksLike: 'FailedCreate with "exceeded quota"',
    pattern: /exceeded quota|must specify (?:limits|requests)/i,
    explanation: () => 'The namespace has a ResourceQuota that the pods do not fit into.',
    remedy: (evidence) => `kubectl -n ${namespaceOf(evidence)} describe resourcequota; raise it, or ask for less.`,
  }),
  refusedPods({
    cause: 'pods.security',
    title: 'Pod Security refuses the pods',
    blame: 'change',
    looksLike: 'FailedCreate with "violates PodSecurity"',
    pattern: /violates PodSecurity/i,
    explanation: (line) =>
      `The namespace enforces a Pod Security standard that the template breaks: ${/violates PodSecurity[^:]*: ([\s\S]{0,200})/.exec(line)?.[1] ?? 'see the event'}.`,
    remedy: () => 'Correct the fields that the event names in spec.template.',
  }),
  refusedPods({
    cause: 'pods.webhook',
    title: 'A webhook keeps pods from being made',
    blame: 'cluster',
    looksLike: 'FailedCreate with "failed calling webhook"',
    pattern: /failed calling webhook|denied the request/i,
    explanation: (line) =>
      `The admission webhook ${/webhook "([^"]+)"/.exec(line)?.[1] ?? 'that the event names'} does not let pods be made.`,
    remedy: () =>
      'kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations; look at the service behind the one that the event names.',
  }),
  refusedPods({
    cause: 'pods.no-service-account',
    title: 'The service account of the pods does not exist',
    blame: 'change',
    looksLike: 'FailedCreate with "serviceaccount … not found"',
    pattern: /serviceaccount "[^"]+" not found/i,
    explanation: (line) =>
      `Pods cannot be made without service account ${/serviceaccount "([^"]+)"/i.exec(line)?.[1] ?? '?'}.`,
    remedy: (evidence) => `kubectl -n ${namespaceOf(evidence)} get serviceaccounts; correct the name in the template.`,
  }),
  scheduling({
    cause: 'pods.untolerated-taint',
    title: 'The pods do not tolerate the taint of the TPU nodes',
    blame: 'change',
    looksLike: 'Unschedulable with "untolerated taint {google.com/tpu: present}"',
    pattern: /untolerated taint \{google\.com\/tpu/,
    explanation: (count) =>
      `${count} ${count === 1 ? 'pod' : 'pods'} may not run on the leased nodes: their template has no toleration for google.com/tpu.`,
    where: { path: ['spec', 'template', 'tolerations'] },
    remedy: () => 'Add to spec.template.tolerations: {key: google.com/tpu, operator: Exists, effect: NoSchedule}.',
  }),
  scheduling({
    cause: 'pods.node-selector',
    title: 'The pods ask for other nodes than the pool has',
    blame: 'change',
    looksLike: 'Unschedulable with "didn’t match Pod’s node affinity/selector" on every leased node',
    pattern: /didn't match Pod's node affinity\/selector/,
    when: (evidence) => {
      const nodes = evidence.cluster?.nodes ?? [];
      const short = unschedulable(evidence).some((line) => /Insufficient |untolerated taint/.test(line));
      return nodes.length > 0 && !short;
    },
    explanation: (count, evidence) => {
      const [node] = evidence.cluster?.nodes ?? [];
      return `${count} ${count === 1 ? 'pod' : 'pods'} found no node: node selector or affinity fits none of the leased ones, which are ${node?.accelerator ?? '?'} with topology ${node?.topology ?? '?'}.`;
    },
    where: { path: ['spec', 'template', 'nodeSelector'] },
    remedy: (evidence) =>
      `Compare spec.template.nodeSelector with the labels of pool ${poolOf(evidence)} (${machineOf(evidence)}): kubectl get nodes -l cloud.google.com/gke-nodepool=${poolOf(evidence)} --show-labels`,
  }),
  scheduling({
    cause: 'pods.surge-deadlock',
    title: 'An update waits for a node that does not exist',
    blame: 'config',
    looksLike: 'a pod of the new template is Unschedulable while those of the old one hold every node',
    pattern: /Insufficient google\.com\/tpu/,
    when: ({ cluster }) => {
      const living = (cluster?.pods ?? []).filter(({ role, terminating }) => role === 'replica' && !terminating);
      const templates = new Set(living.map(({ labels }) => labels['pod-template-hash'] ?? ''));
      return templates.size > 1;
    },
    explanation: () =>
      'A Deployment adds a pod before it takes one away (25 % surge of three is one), and each pod needs a whole node. The pods of the old template hold all of them.',
    remedy: (evidence) =>
      `Delete the old service first: kubectl -n ${namespaceOf(evidence)} delete llminferenceservice ${serviceOf(evidence)}; or lease one node more (input "nodes").`,
  }),
  scheduling({
    cause: 'pods.insufficient-tpu',
    title: 'The nodes have too few free chips',
    blame: 'config',
    looksLike: 'Unschedulable with "Insufficient google.com/tpu" although all leased nodes are Ready',
    pattern: /Insufficient google\.com\/tpu/,
    explanation: (count, { cluster }) => {
      const who = cluster?.strangers ?? [];
      const held =
        who.length > 0
          ? `${who.slice(0, 3).join(', ')} ${who.length === 1 ? 'holds' : 'hold'} chips that this run has leased`
          : `the template asks for more than a node has (${(cluster?.nodes ?? []).map(({ chips }) => chips).join(', ') || '?'} allocatable), or pods of others hold them`;
      return `${count} ${count === 1 ? 'pod' : 'pods'} found no node with enough free google.com/tpu: ${held}.`;
    },
    where: { text: /google\.com\/tpu: *["']?\d/ },
    remedy: (evidence) =>
      (evidence.cluster?.strangers ?? []).length > 0
        ? 'Keep other pods off the pool for the run: a taint of its own, or another pool.'
        : `${NODES}${poolOf(evidence)} shows who holds them. Ask for exactly the chips of one ${machineOf(evidence)} and for as many nodes as replicas.`,
  }),
  scheduling({
    cause: 'pods.insufficient-resources',
    title: 'The nodes have too little CPU, memory or disk for the pods',
    blame: 'change',
    looksLike: 'Unschedulable with "Insufficient cpu", memory or ephemeral-storage',
    pattern: /Insufficient (?:cpu|memory|ephemeral-storage)/,
    explanation: (count, evidence) =>
      `${count} ${count === 1 ? 'pod asks' : 'pods ask'} for more than a ${machineOf(evidence)} has beside its TPU.`,
    where: { path: ['spec', 'template', 'containers', 0, 'resources'] },
    remedy: (evidence) =>
      `Lower resources.requests in spec.template: ${NODES}${poolOf(evidence)} shows what is allocatable.`,
  }),
  scheduling({
    cause: 'pods.volume',
    title: 'The pods wait for a volume',
    blame: 'change',
    looksLike: 'Unschedulable with "persistentvolumeclaim … not found" or "unbound"',
    pattern: /persistentvolumeclaim|unbound immediate PersistentVolumeClaims|volume node affinity conflict/i,
    explanation: (count) =>
      `${count} ${count === 1 ? 'pod waits' : 'pods wait'} for a PersistentVolumeClaim that does not exist, is not bound, or lies in another zone.`,
    where: { path: ['spec', 'model', 'uri'] },
    remedy: (evidence) => `kubectl -n ${namespaceOf(evidence)} get pvc`,
  }),
  scheduling({
    cause: 'pods.unschedulable',
    title: 'Pods found no node',
    blame: 'config',
    looksLike: 'Unschedulable for a reason that no rule above knows',
    pattern: /./,
    explanation: (count) =>
      `${count} ${count === 1 ? 'pod' : 'pods'} stayed unschedulable although the nodes were leased; the scheduler's reason is in the evidence.`,
    remedy: (evidence) =>
      `Compare the scheduler's reason with pool ${poolOf(evidence)} (${machineOf(evidence)}): ${NODES}${poolOf(evidence)}`,
  }),
  {
    cause: 'pods.admission',
    title: 'The node refuses the pod',
    blame: 'change',
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
    blame: 'change',
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
    blame: 'cluster',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'FailedMount of …-self-signed-certs, or the condition reason ReconcileCertsError',
    match(evidence) {
      if (!waited(evidence)) return null;
      const condition = evidence.cluster?.service?.conditions.find(({ reason }) => reason === 'ReconcileCertsError');
      const mounts = warned(evidence, /self-signed-certs"? not found/, /FailedMount/);
      if (!condition && mounts.length === 0) return null;
      return {
        seen: [...mounts.slice(-3), ...(condition ? [describeCondition(condition)] : [])],
        explanation:
          'The secret with the serving certificate is missing, so that no container of the pods starts: the controller cannot sign it.',
      };
    },
    remedy: () =>
      'The controller’s CA must be an RSA secret in the namespace that SERVICE_CA_SIGNING_SECRET_NAMESPACE names; its log says what it lacks.',
  },
  {
    cause: 'kserve.presets',
    title: 'KServe cannot combine the service with its presets',
    blame: 'cluster',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'PresetsCombined=False with CombineBaseError, ConfigNotFound or InvalidRenderedConfig',
    match(evidence) {
      const condition = falseCondition(evidence, 'PresetsCombined');
      if (!waited(evidence) || !condition) return null;
      return {
        seen: [describeCondition(condition)],
        explanation: `The controller stopped before it made anything: ${condition.message || condition.reason}.`,
      };
    },
    remedy: () =>
      'kubectl get llminferenceserviceconfigs -A; install those of the controller’s own release, or correct spec.baseRefs.',
  },
  {
    cause: 'kserve.workload',
    title: 'KServe cannot make the workload',
    blame: 'change',
    family: 'pods',
    confidence: 'probable',
    looksLike: 'MainWorkloadReady=False with a Reconcile…Error',
    match(evidence) {
      const condition = falseCondition(evidence, 'MainWorkloadReady', 'WorkerWorkloadReady', 'SchedulerWorkloadReady');
      if (!waited(evidence) || !condition || !/Error$/.test(condition.reason)) return null;
      const lws = /LeaderWorkerSet/.test(condition.message);
      return {
        seen: [describeCondition(condition)],
        explanation: lws
          ? 'spec.worker needs LeaderWorkerSets, whose definition is not installed.'
          : `The controller could not write the objects of the service: ${condition.message}.`,
        where: { path: lws ? ['spec', 'worker'] : ['spec', 'template'] },
      };
    },
    remedy: () =>
      'Correct what the condition names; for LeaderWorkerSet install its controller, or take spec.worker out for one host.',
  },
  {
    cause: 'kserve.ignored',
    title: 'No controller acts on the LLMInferenceService',
    blame: 'cluster',
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
        explanation: `Nothing was made of the service, and nothing was said about it${images.length > 0 ? `; the controller is ${images.join(', ')}` : ''}. Plain KServe v0.15 ignores the kind.`,
      };
    },
    remedy: () =>
      'Install KServe v0.17 or later, or the Open Data Hub build with ENABLE_LLMISVC_CONTROLLER=true; look at the controller’s log.',
  },
  {
    cause: 'ready.compiling',
    title: 'The replicas were still compiling at the deadline',
    blame: 'config',
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
    blame: 'config',
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
            explanation: `${busy.container.name} of pod ${busy.pod.name} was still copying the model when "ready-timeout" was over, and had said no error.`,
          }
        : null;
    },
    remedy: () => 'Raise "ready-timeout", or keep the model in a bucket of the region (gs://) or on a volume.',
  },
  {
    cause: 'ready.pulling',
    title: 'The image was still being pulled at the deadline',
    blame: 'config',
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
