import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { Failure, type FailureStage } from '../../lib/failure.ts';
import { poolNodes, type TpuNode } from './nodes.ts';

/**
 * The leased nodes that are no longer as they were: gone, created again under the same name (a managed instance group keeps
 * the names of what it replaces), or without their chips. What was measured meanwhile is of another system.
 */
export async function lostNodes(kube: KubeClient, pool: string, leased: readonly TpuNode[]): Promise<string[]> {
  const now = new Map((await poolNodes(kube, pool)).map((node) => [node.name, node]));
  return leased.flatMap(({ name, createdAt }) => {
    const current = now.get(name);
    if (!current) return [`${name} is gone`];
    if (current.createdAt !== createdAt) return [`${name} was replaced at ${current.createdAt}`];
    if (!current.ready || current.chips === 0) return [`${name} is no longer Ready`];
    return [];
  });
}

/** Whether an autoscaler has deleted pods of a namespace to remove their node. False where events cannot be listed. */
export async function isScaledDown(kube: KubeClient, namespace: string, since: string): Promise<boolean> {
  try {
    const events = await kube.list('v1', 'Event', { namespace, fieldSelector: 'reason=ScaleDown' });
    return (events ?? []).some(({ lastTimestamp }) => Date.parse(lastTimestamp ?? '') >= Date.parse(since) - 1_000);
  } catch {
    return false;
  }
}

/** Why a run with lost nodes has no verdict on the change: never slow, but preempted or broken. */
export function nodesLost(
  lost: readonly string[],
  options: { spot: boolean; stage: FailureStage; scaledDown?: boolean; cause?: unknown },
): Failure {
  const { stage, scaledDown = false, cause } = options;
  const spot = options.spot && !scaledDown;
  const what = `${lost.length === 1 ? 'A leased node' : `${lost.length} leased nodes`} went away during the run: ${lost.join(', ')}.`;
  return new Failure({
    stage,
    code: spot ? 'node-preempted' : 'node-lost',
    message: spot
      ? `${what} The pool is of spot nodes, which Google Cloud may take back.`
      : scaledDown
        ? `${what} The autoscaler of the pool deleted pods to remove a node (event ScaleDown).`
        : what,
    hint: spot
      ? 'Run again, or use a pool that is not of spot nodes. The change under review is not at fault.'
      : scaledDown
        ? 'Annotate the replicas in spec.annotations with cluster-autoscaler.kubernetes.io/safe-to-evict: "false", then run again.'
        : 'Look for maintenance, auto-repair or a failed machine in the operations of the cluster; then run again.',
    evidence: { text: lost.join('; '), lost: lost.length },
    ...(cause === undefined ? {} : { cause }),
  });
}
