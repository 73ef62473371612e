import type { Evidence } from '../evidence.ts';
import { warned } from '../facts.ts';
import { type Match, machineOf, namespaceOf, poolOf, type Rule, serviceOf, waited } from './rule.ts';

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
  rule: Pick<Rule, 'cause' | 'title' | 'looksLike' | 'remedy'> & {
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

/** A rule on pods that cannot even be made: preflight has found it by `code`, or events report it. */
function refusedPods(
  rule: Pick<Rule, 'cause' | 'title' | 'looksLike' | 'remedy'> & {
    pattern: RegExp;
    code?: string;
    explanation: (line: string) => string;
  },
): Rule {
  const { pattern, code, explanation, ...rest } = rule;
  return {
    ...rest,
    confidence: 'proven',
    family: 'pods',
    match(evidence) {
      const { failure, lines } = evidence;
      if (failure && failure.code === code) {
        return { seen: [...lines], explanation: failure.message, blame: failure.blame };
      }
      if (!waited(evidence)) return null;
      const seen = warned(evidence, pattern, /FailedCreate/);
      const [line] = seen.slice(-1);
      return line ? { seen: seen.slice(-4), explanation: explanation(line) } : null;
    },
    remedy: (evidence) =>
      (evidence.failure?.code === code ? evidence.failure?.hint : undefined) ?? rule.remedy(evidence),
  };
}

/** A denial of admission, with who denies and why. */
const DENIED =
  /((?:admission webhook|ValidatingAdmissionPolicy) ["'][^"']+["'])(?: with binding '[^']+')? denied (?:the )?request: ?([\s\S]*)/i;

/** Pods that were not made or found no node. */
export const SCHEDULING_RULES: readonly Rule[] = [
  refusedPods({
    cause: 'pods.quota',
    title: 'A ResourceQuota of the namespace refuses the pods',
    looksLike: 'before the lease, or FailedCreate with "exceeded quota"',
    code: 'pod-quota',
    pattern: /exceeded quota|must specify (?:limits|requests)/i,
    explanation: () => 'The namespace has a ResourceQuota that the pods do not fit into.',
    remedy: (evidence) => `kubectl -n ${namespaceOf(evidence)} describe resourcequota; raise it, or ask for less.`,
  }),
  refusedPods({
    cause: 'pods.limits',
    title: 'A LimitRange of the namespace refuses the pods',
    looksLike: 'before the lease, or FailedCreate with "maximum cpu usage per Container is" and the like',
    code: 'limit-range',
    pattern: /(?:maximum|minimum) [\w./-]+ usage per \w+ is|max limit to request ratio per \w+/i,
    explanation: (line) =>
      `The namespace has a LimitRange that the template breaks: ${/(?:maximum|minimum|[\w./-]+ max limit)[\s\S]{0,200}/.exec(line)?.[0] ?? 'see the event'}.`,
    remedy: (evidence) =>
      `Correct the resources in spec.template: kubectl -n ${namespaceOf(evidence)} describe limitrange`,
  }),
  refusedPods({
    cause: 'pods.security',
    title: 'Pod Security refuses the pods',
    looksLike: 'before the lease, or FailedCreate with "violates PodSecurity"',
    code: 'pod-security',
    pattern: /violates PodSecurity/i,
    explanation: (line) =>
      `The namespace enforces a Pod Security standard that the template breaks: ${/violates PodSecurity[^:]*: ([\s\S]{0,200})/.exec(line)?.[1] ?? 'see the event'}.`,
    remedy: () => 'Correct the fields that the event names in spec.template.',
  }),
  refusedPods({
    cause: 'pods.webhook',
    title: 'A webhook keeps pods from being made',
    looksLike: 'FailedCreate with "failed calling webhook"',
    pattern: /failed calling webhook/i,
    explanation: (line) =>
      `The admission webhook ${/webhook "([^"]+)"/.exec(line)?.[1] ?? 'that the event names'} does not let pods be made.`,
    remedy: () =>
      'kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations; look at the service behind the one that the event names.',
  }),
  refusedPods({
    cause: 'pods.denied',
    title: 'An admission rule of the cluster refuses the pods',
    looksLike: 'FailedCreate with "denied the request", of a webhook or of a ValidatingAdmissionPolicy',
    pattern: DENIED,
    explanation: (line) => {
      const [, rule, why = ''] = DENIED.exec(line) ?? [];
      return `${rule} does not admit the pods: ${why.slice(0, 200).replace(/[.\s]+$/, '')}.`;
    },
    remedy: () => 'Change spec.template as the rule demands, or ask its owner for an exception: it works as intended.',
  }),
  refusedPods({
    cause: 'pods.no-service-account',
    title: 'The service account of the pods does not exist',
    looksLike: 'FailedCreate with "serviceaccount … not found"',
    pattern: /serviceaccount "[^"]+" not found/i,
    explanation: (line) =>
      `Pods cannot be made without service account ${/serviceaccount "([^"]+)"/i.exec(line)?.[1] ?? '?'}.`,
    remedy: (evidence) => `kubectl -n ${namespaceOf(evidence)} get serviceaccounts; correct the name in the template.`,
  }),
  scheduling({
    cause: 'pods.untolerated-taint',
    title: 'The pods do not tolerate the taint of the TPU nodes',
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
    looksLike: 'Unschedulable for a reason that no rule above knows',
    pattern: /./,
    explanation: (count) =>
      `${count} ${count === 1 ? 'pod' : 'pods'} stayed unschedulable although the nodes were leased; the scheduler's reason is in the evidence.`,
    remedy: (evidence) =>
      `Compare the scheduler's reason with pool ${poolOf(evidence)} (${machineOf(evidence)}): ${NODES}${poolOf(evidence)}`,
  }),
];
