import type { GcpConfig } from '../protocol.ts';
import type { ClusterClock, Random } from './clock.ts';
import { createInstanceGroup, type InstanceGroup } from './instance-group.ts';
import type { Operation, Operations } from './operations.ts';
import { type Condition, failedResize } from './resize-faults.ts';

export interface Autoscaling {
  enabled?: boolean;
  minNodeCount?: number;
  maxNodeCount?: number;
  totalMinNodeCount?: number;
  totalMaxNodeCount?: number;
  locationPolicy?: string;
}

/** A GKE node pool: what the Container API says of it, and the instance group that does the work. */
export interface NodePool {
  /** `clusters/C/nodePools/N` */
  path: string;
  group: InstanceGroup;
  /** Despite its name what the pool was last set to: each setSize rewrites it. */
  initialNodeCount(): number;
  status(): 'RUNNING' | 'RECONCILING' | 'RUNNING_WITH_ERROR';
  conditions(): Condition[];
  autoscaling(): Autoscaling;
  /** Starts a resize, or names the operation in its way. */
  setSize(nodeCount: number): { started: Operation } | { blockedBy: Operation };
  setAutoscaling(autoscaling: Autoscaling): { started: Operation } | { blockedBy: Operation };
}

const METADATA_UPDATE_SECONDS = 5;

export function createNodePool(options: {
  config: GcpConfig;
  clock: ClusterClock;
  random: Random;
  operations: Operations;
  /** Called after a VM has come or gone. */
  changed: () => void;
}): NodePool {
  const { config, clock, random, operations } = options;
  const { resize: capacity, preemptAfterSeconds } = config.scenario.gcp;
  const path = `clusters/${config.cluster}/nodePools/${config.nodePool.name}`;
  let nodeCount = config.nodePool.initialNodeCount;
  let conditions: Condition[] = [];
  let autoscaling: Autoscaling = {};
  const group = createInstanceGroup({
    clock,
    random,
    capacity,
    initialSize: nodeCount,
    instancePrefix: `gke-tpu-${random.hex(8)}`,
    changed() {
      // A group that at last got what it chased makes its pool whole again.
      if (group.vms().length >= group.targetSize()) conditions = [];
      options.changed();
    },
  });

  let foreign = config.scenario.gcp.foreign;
  /** Somebody else is a moment quicker, once. */
  const meetForeign = (wanted: number) => {
    const meets = wanted >= group.vms().length ? 'grow' : 'shrink';
    if (!foreign || foreign.meets !== meets || operations.blocking(path)) return;
    const { type, on, seconds, nodeCount: theirs } = foreign;
    foreign = null;
    const started = operations.start(type, on === 'pool' ? path : `clusters/${config.cluster}`);
    if (theirs === undefined) {
      clock.after(seconds, () => operations.finish(started));
      return;
    }
    nodeCount = theirs;
    group.resize(theirs, () => operations.finish(started));
  };

  return {
    path,
    group,
    initialNodeCount: () => nodeCount,
    conditions: () => conditions,
    autoscaling: () => autoscaling,
    status() {
      if (operations.blocking(path)) return 'RECONCILING';
      return conditions.length > 0 ? 'RUNNING_WITH_ERROR' : 'RUNNING';
    },
    setSize(count) {
      meetForeign(count);
      const blockedBy = operations.blocking(path);
      if (blockedBy) return { blockedBy };
      const started = operations.start('SET_NODE_POOL_SIZE', path);
      nodeCount = count;
      group.resize(count, (outcome) => {
        if (!outcome.failed) {
          conditions = [];
          operations.finish(started);
          if (preemptAfterSeconds !== null && count > 0) clock.after(preemptAfterSeconds, group.preempt);
          return;
        }
        const failure = failedResize({ ...outcome, ...outcome.failed }, config);
        conditions = [failure.condition];
        operations.finish(started, failure);
      });
      return { started };
    },
    setAutoscaling(wanted) {
      const blockedBy = operations.blocking(path);
      if (blockedBy) return { blockedBy };
      const started = operations.start('UPDATE_CLUSTER', path);
      autoscaling = wanted;
      clock.after(METADATA_UPDATE_SECONDS, () => operations.finish(started));
      return { started };
    },
  };
}
