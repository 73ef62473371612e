import type { ClusterClock, Random } from './clock.ts';
import type { Condition } from './resize-faults.ts';

export interface Operation {
  /** Bare id, `operation-…`. */
  name: string;
  type: 'SET_NODE_POOL_SIZE' | 'UPDATE_CLUSTER' | 'UPGRADE_MASTER' | 'AUTO_REPAIR_NODES';
  status: 'PENDING' | 'RUNNING' | 'DONE';
  /** Relative resource path of what it works on, `clusters/C/nodePools/N`. */
  target: string;
  startTime: string;
  endTime?: string;
  /** `google.rpc.Status` of a failed operation, and the node pool's condition with it. DONE alone is not success. */
  error?: { code: number; message: string; condition: Condition };
}

/** The operations of one location. GKE keeps them for a while after they are done; the lab keeps them all. */
export interface Operations {
  start(type: Operation['type'], target: string): Operation;
  finish(operation: Operation, error?: Operation['error']): void;
  get(name: string): Operation | undefined;
  list(): Operation[];
  /** What is not DONE on this node pool or its whole cluster: GKE allows one operation on either at a time. */
  blocking(target: string): Operation | undefined;
}

const PENDING_SECONDS = 2;

export function createOperations(clock: ClusterClock, random: Random): Operations {
  const operations: Operation[] = [];
  return {
    start(type, target) {
      const id = `${random.hex(8)}-${random.hex(4)}-${random.hex(4)}-${random.hex(4)}-${random.hex(12)}`;
      const operation: Operation = {
        name: `operation-${Date.now()}-${id}`,
        type,
        status: 'PENDING',
        target,
        startTime: new Date().toISOString(),
      };
      operations.push(operation);
      clock.after(PENDING_SECONDS, () => {
        if (operation.status === 'PENDING') operation.status = 'RUNNING';
      });
      return operation;
    },
    finish(operation, error) {
      operation.status = 'DONE';
      operation.endTime = new Date().toISOString();
      if (error) operation.error = error;
    },
    get: (name) => operations.find((operation) => operation.name === name),
    list: () => [...operations],
    blocking: (target) =>
      operations.find(
        (operation) =>
          operation.status !== 'DONE' && (operation.target === target || target.startsWith(`${operation.target}/`)),
      ),
  };
}
