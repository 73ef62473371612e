import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { humanDuration } from '../../lib/duration.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { poll } from '../../lib/poll.ts';
import type { BilledNode } from '../../verdict/cost.ts';
import type { LeaseState } from '../context.ts';
import { requestState } from '../lease/demand/provisioning.ts';
import { isScalingUp } from '../lease/demand/scale-up.ts';
import { handCommand } from './by-hand.ts';
import { observe, removeWorkload } from './clear-cluster.ts';
import { type ReleaseContext, type Released, releaseFailed } from './released.ts';

/** How long a machine that the autoscaler has asked for may take to become a node. */
const ARRIVES_MS = 3 * 60_000;

/**
 * Releases nodes that came by demand: removes all that needs them, then waits for the autoscaler to remove them. Nothing is
 * asked of the pool. The nodes are billed until they are gone. Never throws: a failure is the result, with the command.
 */
export async function releaseDemand(
  context: ReleaseContext,
  lease: LeaseState,
  demand: NonNullable<LeaseState['demand']>,
): Promise<Released> {
  const { clock } = context;
  const started = clock.now();
  const leased = new Map<string, BilledNode>();
  let kube = context.kube;
  const open = async () => {
    kube ??= (await context.kubeAgain?.()) ?? null;
    return kube;
  };
  try {
    const nodesLeft = await awaitGone(context, lease, { demand, open, leased });
    const { nodePool, restingNodes } = lease;
    return {
      release: {
        ...{ outcome: 'released', nodePool, restingNodes, nodesLeft, command: null },
        message: `The autoscaler of node pool ${nodePool} is back at ${restingNodes} nodes.`,
        durationMs: Math.round(clock.now() - started),
      },
      billed: [...leased.values()],
    };
  } catch (error) {
    const { release } = releaseFailed(lease, error, Math.round(clock.now() - started));
    const command = await handCommand({ gke: context.gke, kube }, lease);
    const nodesLeft = kube ? await observe(kube, lease, leased).catch(() => null) : null;
    return { release: { ...release, command, nodesLeft }, billed: [...leased.values()] };
  }
}

interface Going {
  demand: NonNullable<LeaseState['demand']>;
  open: () => Promise<KubeClient | null>;
  leased: Map<string, BilledNode>;
}

/** Waits until nothing needs a node and the nodes have gone. Returns how many are left, which is no more than at rest. */
function awaitGone(context: ReleaseContext, lease: LeaseState, { demand, open, leased }: Going): Promise<number> {
  const { clock, emit, signal } = context;
  const { nodePool, restingNodes } = lease;
  let emptySinceMs: number | null = null;
  let isComing = true;
  return poll<number>({
    stage: 'release',
    what: `the autoscaler to leave ${restingNodes} nodes in ${nodePool}`,
    everyMs: context.pollIntervalMs,
    ...{ limitMs: context.limitMs, clock, signal },
    onWait: (status) => emit({ type: 'waiting', stage: 'release', ...status }),
    probe: async () => {
      try {
        const kube = await open();
        if (!kube) return { waiting: 'the Kubernetes API cannot be asked' };
        const before = await observe(kube, lease, leased);
        if (emptySinceMs === null) {
          isComing = leased.size < lease.sizeAsked && (await mayStillCome(kube, lease));
          if (!(await removeWorkload(kube, emit, lease))) return { waiting: `${before} nodes, some still in use` };
          emptySinceMs = clock.now();
        }
        const waitedMs = clock.now() - emptySinceMs;
        const isOnItsWay =
          isComing && leased.size < lease.sizeAsked && waitedMs < Math.min(ARRIVES_MS, demand.scaleDownMs / 2);
        if (before <= restingNodes && !isOnItsWay) return { done: before };
        if (before > restingNodes && waitedMs >= demand.scaleDownMs)
          throw notRemoved(lease, before, demand.scaleDownMs);
        return {
          waiting:
            before <= restingNodes
              ? `${before} nodes; one that was asked for may still come`
              : `${before} nodes left, without work for ${humanDuration(waitedMs)} of ${humanDuration(demand.scaleDownMs)}`,
        };
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Failure && error.code === 'scale-down-timeout') throw error;
        return { waiting: `the nodes could not be counted: ${errorText(error)}` };
      }
    },
  });
}

/** Whether the autoscaler may be about to bring a node. True where that cannot be read. */
async function mayStillCome(
  kube: KubeClient,
  { namespace, runKey, sizeAsked, workload }: LeaseState,
): Promise<boolean> {
  try {
    const request = workload.find(({ kind }) => kind === 'ProvisioningRequest');
    const state = request ? await requestState(kube, { namespace, runKey }) : null;
    if (state !== null) return state === 'Accepted';
    return await isScalingUp(kube, { namespace, runKey, nodes: sizeAsked });
  } catch {
    return true;
  }
}

function notRemoved({ nodePool }: LeaseState, left: number, afterMs: number): Failure {
  return new Failure({
    stage: 'release',
    code: 'scale-down-timeout',
    message: `its autoscaler left ${left} ${left === 1 ? 'node' : 'nodes'} after ${humanDuration(afterMs)} without work of this run`,
    hint: `Look what keeps them: kubectl get pods -A -o wide, and the events of the nodes of ${nodePool}.`,
  });
}
