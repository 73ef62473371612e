import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { poll } from '../../lib/poll.ts';
import { poolNodes } from '../lease/nodes.ts';
import { type ResizeContext, refusals } from './resize-to-rest.ts';

/**
 * Nodes that a pool has or is asked to have, whichever are more; changes nothing. More than `restingNodes` by either API
 * is enough; no more needs both. Odd answers are waited for. Null when the limit ends the wait.
 */
export async function countNodes(
  context: ResizeContext & { kube: KubeClient },
  pool: string,
  restingNodes: number,
): Promise<number | null> {
  const { gke, kube, signal, emit } = context;
  const isFinal = refusals();
  const sizeNow = async () => {
    try {
      const { autoscaling, initialNodeCount } = await gke.getNodePool(pool);
      // An autoscaler keeps its own count: the size that was set last says nothing.
      return autoscaling ? 0 : initialNodeCount;
    } catch (error) {
      signal.throwIfAborted();
      // A pool that was deleted took its nodes with it.
      if (isFinal(error) && error instanceof Failure && error.code === 'gke-not-found') return 0;
      throw error;
    }
  };
  try {
    return await poll({
      stage: 'release',
      what: `the number of nodes in ${pool}`,
      everyMs: context.pollIntervalMs,
      limitMs: context.limitMs,
      clock: context.clock,
      signal,
      onWait: (status) => emit({ type: 'waiting', stage: 'release', ...status }),
      probe: async () => {
        const asked = await Promise.allSettled([sizeNow(), poolNodes(kube, pool)]);
        signal.throwIfAborted();
        const [target, nodes] = asked;
        const seen = Math.max(
          target.status === 'fulfilled' ? target.value : 0,
          nodes.status === 'fulfilled' ? nodes.value.length : 0,
        );
        const refused = asked.find((each) => each.status === 'rejected');
        if (seen > restingNodes || !refused) return { done: seen };
        return { waiting: errorText(refused.reason) };
      },
    });
  } catch (error) {
    emit({ type: 'warning', text: `the nodes of ${pool} could not be counted: ${errorText(error)}` });
    return null;
  }
}

/** How many nodes are left in a pool, as a clause; `null` for nodes that could not be counted. */
export function leftText(pool: string, nodesLeft: number | null): string {
  if (nodesLeft === null) return `The nodes of node pool ${pool} could not be counted`;
  return `Node pool ${pool} has ${nodesLeft} ${nodesLeft === 1 ? 'node' : 'nodes'} left`;
}
