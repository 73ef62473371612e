import { Failure } from '../../lib/failure.ts';

/** Sizes of the pool, in nodes. */
export interface PoolSizes {
  /** What the run asks for. */
  nodes: number;
  /** What the pool is set to afterwards. */
  restingNodes: number;
  /** What it was set to last. */
  sizeBefore: number;
  /** The input `max-nodes`. */
  maxNodes: number;
}

/**
 * Refuses a size above the input `max-nodes`, whoever asked for it: an input, or the replicas of a manifest. A size that the
 * pool rests at already is nobody's request. A pool whose autoscaler has limits of its own is refused as autoscaled.
 */
export function checkSize({ nodes, restingNodes, sizeBefore, maxNodes }: PoolSizes, pool: string): void {
  if (nodes > maxNodes) {
    throw tooMany(
      `The run would ask node pool ${pool} for ${nodes} nodes, and "max-nodes" allows ${maxNodes}.`,
      'Lower the replicas in the manifests or "nodes", or raise "max-nodes".',
    );
  }
  if (restingNodes > Math.max(maxNodes, sizeBefore)) {
    throw tooMany(
      `After the run node pool ${pool} would be set to ${restingNodes} nodes, and "max-nodes" allows ${maxNodes}.`,
      'Lower "resting-nodes", or raise "max-nodes".',
    );
  }
}

function tooMany(message: string, hint: string): Failure {
  return new Failure({ stage: 'preflight', code: 'too-many-nodes', message, hint });
}
