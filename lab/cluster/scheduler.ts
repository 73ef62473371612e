import type { KubeObject } from '../protocol.ts';
import type { Labels } from './objects.ts';
import { quantity } from './quantity.ts';

export type Placement = { node: string } | { message: string };

interface Taint {
  key: string;
  value?: string;
  effect: string;
}

/**
 * Where a pod goes: the first node, in the order given, that passes the filters of kube-scheduler in its order
 * (unschedulable, taints, node affinity, resources); else the message that it would write. Soft rules (preferred
 * affinity, ScheduleAnyway spreading) cannot keep a pod off a node and play no part.
 */
export function place(pod: KubeObject, nodes: KubeObject[], pods: KubeObject[]): Placement {
  const reasons = new Map<string, number>();
  let helped = 0;
  for (const node of nodes) {
    const refusals = refusalsOf(pod, node, pods);
    if (refusals.length === 0) return { node: node.metadata.name };
    if (refusals.every((refusal) => refusal.startsWith('Insufficient'))) helped += 1;
    for (const refusal of refusals) reasons.set(refusal, (reasons.get(refusal) ?? 0) + 1);
  }
  const total = nodes.length;
  const listed = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  if (total === 0) return { message: 'no nodes available to schedule pods' };
  const preemption = [
    ...(helped > 0 ? [`${helped} No preemption victims found for incoming pod`] : []),
    ...(total > helped ? [`${total - helped} Preemption is not helpful for scheduling`] : []),
  ].sort();
  const none = `0/${total} nodes are available: `;
  return { message: `${none}${listed.join(', ')}. preemption: ${none}${preemption.join(', ')}.` };
}

function refusalsOf(pod: KubeObject, node: KubeObject, pods: KubeObject[]): string[] {
  if (node.spec?.unschedulable) return ['node(s) were unschedulable'];
  const taint = ((node.spec?.taints ?? []) as Taint[]).find((one) => !tolerates(pod, one));
  if (taint) return [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`];
  if (!matchesNode(pod, node)) return ["node(s) didn't match Pod's node affinity/selector"];

  const allocatable = (node.status?.allocatable ?? {}) as Record<string, unknown>;
  const here = pods.filter((other) => other.spec?.nodeName === node.metadata.name && !isOver(other));
  if (here.length >= quantity(allocatable.pods ?? '110')) return ['Too many pods'];
  return Object.entries(requestsOf(pod))
    .filter(([name, wanted]) => {
      const used = here.reduce((sum, other) => sum + (requestsOf(other)[name] ?? 0), 0);
      return wanted > 0 && used + wanted > quantity(allocatable[name]);
    })
    .map(([name]) => `Insufficient ${name}`);
}

/** What a pod reserves: the sum over its containers, or one init container's request where that is more. */
export function requestsOf(pod: KubeObject): Record<string, number> {
  const total: Record<string, number> = {};
  const each = (container: KubeObject, add: (name: string, amount: number) => void) => {
    // A limit without a request is the request, as the API server defaults it.
    const requested = { ...container.resources?.limits, ...container.resources?.requests };
    for (const [name, value] of Object.entries(requested)) add(name, quantity(value));
  };
  for (const container of pod.spec?.containers ?? []) {
    each(container, (name, amount) => {
      total[name] = (total[name] ?? 0) + amount;
    });
  }
  for (const container of pod.spec?.initContainers ?? []) {
    each(container, (name, amount) => {
      total[name] = Math.max(total[name] ?? 0, amount);
    });
  }
  return total;
}

function isOver(pod: KubeObject): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

function tolerates(pod: KubeObject, taint: Taint): boolean {
  if (taint.effect === 'PreferNoSchedule') return true;
  return ((pod.spec?.tolerations ?? []) as { key?: string; operator?: string; value?: string; effect?: string }[]).some(
    (toleration) =>
      (toleration.effect === undefined || toleration.effect === '' || toleration.effect === taint.effect) &&
      (toleration.operator === 'Exists'
        ? toleration.key === undefined || toleration.key === '' || toleration.key === taint.key
        : toleration.key === taint.key && (toleration.value ?? '') === (taint.value ?? '')),
  );
}

interface Requirement {
  key: string;
  operator: string;
  values?: string[];
}

function matchesNode(pod: KubeObject, node: KubeObject): boolean {
  const labels = node.metadata.labels ?? {};
  const selector = Object.entries((pod.spec?.nodeSelector ?? {}) as Labels);
  if (!selector.every(([name, value]) => labels[name] === value)) return false;
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms as
    | { matchExpressions?: Requirement[] }[]
    | undefined;
  if (!terms) return true;
  return terms.some((term) => (term.matchExpressions ?? []).every((one) => meets(labels, one)));
}

function meets(labels: Labels, { key, operator, values = [] }: Requirement): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}
