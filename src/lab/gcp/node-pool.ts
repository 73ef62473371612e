import type { GcpConfig } from '../protocol.ts';
import type { ClusterClock, Random } from './clock.ts';
import { createInstanceGroup, type InstanceGroup, type Settled } from './instance-group.ts';
import type { Operation, Operations } from './operations.ts';

export interface Condition {
  code: 'GCE_STOCKOUT';
  canonicalCode: 'RESOURCE_EXHAUSTED';
  message: string;
}

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

const RESOURCE_EXHAUSTED = 8;
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
  const path = `clusters/${config.cluster}/nodePools/${config.nodePool.name}`;
  let nodeCount = config.nodePool.initialNodeCount;
  let conditions: Condition[] = [];
  let autoscaling: Autoscaling = {};
  const group = createInstanceGroup({
    clock,
    random,
    capacity: config.scenario.gcp.resize,
    initialSize: nodeCount,
    instancePrefix: `gke-tpu-${random.hex(8)}`,
    changed() {
      // A group that at last got what it chased makes its pool whole again.
      if (group.vms().length >= group.targetSize()) conditions = [];
      options.changed();
    },
  });

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
      const blockedBy = operations.blocking(path);
      if (blockedBy) return { blockedBy };
      const started = operations.start('SET_NODE_POOL_SIZE', path);
      nodeCount = count;
      group.resize(count, (outcome) => {
        if (outcome.missing.length === 0) {
          conditions = [];
          operations.finish(started);
          return;
        }
        const message = stockoutText(outcome, config);
        conditions = [{ code: 'GCE_STOCKOUT', canonicalCode: 'RESOURCE_EXHAUSTED', message }];
        operations.finish(started, { code: RESOURCE_EXHAUSTED, message });
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

/** The text of GKE's operation error, as quoted in public reports of stockouts. */
function stockoutText(outcome: Settled, config: GcpConfig): string {
  const minutes = Math.floor(outcome.seconds / 60);
  const waited = `${minutes}m${(outcome.seconds % 60).toFixed(9)}s`;
  const errors = outcome.missing.map(
    (name) =>
      `[GCE_STOCKOUT]: Instance '${name}' creation failed: The zone ` +
      `'projects/${config.project}/zones/${config.location}' does not have enough resources available to fulfill ` +
      `the request.  '(resource type:compute)'.`,
  );
  return (
    `Google Compute Engine: Not all instances running in IGM after ${waited}. Expected ${outcome.expected}, ` +
    `running ${outcome.running}, transitioning ${outcome.missing.length}. Current errors: ${errors.join('; ')}`
  );
}
