import type { Rule } from './rule.ts';

const WENT = /^The replicas changed during the measurement: .*went away/;

/**
 * A verified replica whose pod is gone, by its UID. A container that ends keeps its pod, and a pod that the kubelet evicts
 * stays listed as Failed: so the pod was deleted through the API, and no change under review does that. It comes before the
 * connections that such a pod refuses while it ends.
 */
export const REPLICA_REMOVED_RULE: Rule = {
  cause: 'measure.replica-removed',
  title: 'A replica was removed during the measurement',
  looksLike: 'a pod that the service was verified with is gone, or another has come in its place',
  confidence: 'probable',
  family: 'measurement',
  match({ failure, report, cluster }) {
    const vetoes = report.benchmark?.vetoes ?? [];
    const found = vetoes.filter(({ id, message }) => id === 'replicas-changed' && WENT.test(message));
    const [first] = found;
    const hasEnded = cluster?.pods.some(({ role, phase }) => role === 'replica' && phase === 'Failed') ?? false;
    const isBefore = failure?.code === 'replica-gone';
    const message = isBefore ? failure.message : first?.message;
    if ((failure && !isBefore) || message === undefined) return null;
    if (hasEnded || vetoes.some(({ id }) => id === 'restart')) return null;
    const cordoned = (cluster?.nodes ?? []).filter(({ unschedulable }) => unschedulable).map(({ name }) => name);
    const drain = cordoned.length === 0 ? '' : ` Nodes that take no pods, as during a drain: ${cordoned.join(', ')}.`;
    return {
      seen: [
        ...(isBefore ? [message] : found.map((veto) => `${veto.id}: ${veto.message}`)),
        ...cordoned.map((name) => `node/${name}: unschedulable`),
      ],
      explanation: `${message}${drain}`,
    };
  },
  remedy: () =>
    'Somebody evicted or deleted the pod. Look for a drain or an upgrade of nodes (kubectl get nodes), a rollout, a preemption or an autoscaler, then run again.',
};
