import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { RecordEvent } from './events.ts';
import { conditionOf, nowIso, withCondition, writeStatus } from './objects.ts';
import { qosClassOf, unscheduledStatus } from './pod-status.ts';
import { NODES, PODS } from './resources.ts';
import { place } from './scheduler.ts';
import { createWorkQueue } from './workqueue.ts';

/** Binds pods to nodes, oldest first, whenever pods or nodes change; says why where none fits. */
export function startScheduling(options: { store: Store; record: RecordEvent }): { close(): void } {
  const { store, record } = options;
  const queue = createWorkQueue('scheduler', () => {
    const waiting = store
      .list(PODS)
      .filter((pod) => !pod.spec?.nodeName && !pod.metadata.deletionTimestamp)
      .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
    if (waiting.length === 0) return;
    const nodes = store.list(NODES);
    for (const pod of waiting) {
      const placement = place(pod, nodes, store.list(PODS));
      if ('node' in placement) {
        bind(store, pod, placement.node);
        const where = `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${placement.node}`;
        record(pod, 'Normal', 'Scheduled', where);
      } else if (conditionOf(pod, 'PodScheduled')?.message !== placement.message) {
        writeStatus(store, PODS, pod, unscheduledStatus(pod, placement.message));
        record(pod, 'Warning', 'FailedScheduling', placement.message);
      }
    }
  });
  const unsubscribe = store.subscribe(({ resource }) => {
    if (resource.group === '' && (resource.plural === 'pods' || resource.plural === 'nodes')) queue.add('pods');
  });
  queue.add('pods');
  return {
    close() {
      unsubscribe();
      queue.close();
    },
  };
}

/** Binds a pod to its node, as the scheduler's bind call does. */
function bind(store: Store, pod: KubeObject, node: string): void {
  store.update(PODS, {
    ...pod,
    spec: { ...pod.spec, nodeName: node },
    status: {
      ...pod.status,
      phase: 'Pending',
      qosClass: qosClassOf(pod),
      startTime: nowIso(),
      conditions: withCondition(pod.status?.conditions, { type: 'PodScheduled', status: 'True' }),
    },
  });
}
