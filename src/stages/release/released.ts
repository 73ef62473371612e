import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { errorText } from '../../lib/failure.ts';
import type { Release } from '../../report/model.ts';
import type { BilledNode } from '../../verdict/cost.ts';
import type { LeaseState } from '../context.ts';
import { cleanupCommand, resizeCommand } from './by-hand.ts';
import type { ResizeContext } from './resize-to-rest.ts';

/** `limitMs` is for the whole release. */
export interface ReleaseContext extends ResizeContext {
  /** Null when the Kubernetes API could not be reached: the nodes are released all the same. */
  kube: KubeClient | null;
  /** A second try once the pool is set, when the first found nobody: an outage may have passed meanwhile. */
  kubeAgain?: () => Promise<KubeClient | null>;
}

export interface Released {
  release: Release;
  /** The leased nodes with their own times, for the bill; empty when Kubernetes could not be asked. */
  billed: BilledNode[];
}

/** The result when the nodes could not be released, or not even tried. */
export function releaseFailed(lease: LeaseState, error: unknown, durationMs = 0): Released {
  return {
    release: {
      outcome: 'failed',
      nodePool: lease.nodePool,
      restingNodes: lease.restingNodes,
      nodesLeft: null,
      message: `Node pool ${lease.nodePool} could not be released: ${errorText(error)}`,
      command: lease.demand ? cleanupCommand(lease) : resizeCommand(lease),
      durationMs,
    },
    billed: [],
  };
}
