import { named, poolOf, type Rule } from './rule.ts';

const LOOK = (evidence: Parameters<typeof poolOf>[0]) =>
  `kubectl -n ${evidence.report.plan.namespace} get pods -l kserve.io/component=workload -o wide; compare spec.nodeSelector and resources of a pod with the manifest: what differs, something in the cluster has changed. The leased pool is ${poolOf(evidence)}.`;

/** Replicas that are Ready, and not where the run has leased nodes for them. */
export const PLACEMENT_RULES: readonly Rule[] = [
  named('replica-elsewhere', {
    cause: 'pods.elsewhere',
    title: 'Replicas run outside of the leased nodes',
    family: 'pods',
    looksLike: 'all replicas are Ready, and the node of one is not of the leased pool',
    explanation: (_, { failure }) =>
      `${failure?.message ?? ''} Such a replica would be measured on hardware that is not under test.`,
    remedy: (_, evidence) => LOOK(evidence),
  }),
  named('replica-without-chips', {
    cause: 'pods.without-chips',
    title: 'Replicas ask for no TPU chips',
    family: 'pods',
    looksLike: 'all replicas are Ready on the leased nodes, and the pod of one has no google.com/tpu in its resources',
    remedy: (_, evidence) => LOOK(evidence),
  }),
  named('replica-chips-differ', {
    cause: 'pods.chips-differ',
    title: 'The replicas do not have the same chips',
    family: 'pods',
    looksLike: 'all replicas are Ready, and they ask for different numbers of chips, or for more than their node has',
    remedy: (_, evidence) => LOOK(evidence),
  }),
];
