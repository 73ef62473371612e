import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { RecordEvent } from './events.ts';
import { conditionOf, nowIso, withCondition, writeStatus } from './objects.ts';
import { qosClassOf, unscheduledStatus } from './pod-status.ts';
import { reserved, victimsFor } from './preemption.ts';
import { priorityOf } from './priority.ts';
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
      .sort((a, b) => priorityOf(store, b) - priorityOf(store, a) || versionOf(a) - versionOf(b));
    if (waiting.length === 0) return;
    const nodes = store.list(NODES);
    for (const pod of waiting) {
      const placement = place(pod, nodes, reserved(store, pod));
      if ('node' in placement) {
        bind(store, pod, placement.node);
        const where = `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${placement.node}`;
        record(pod, 'Normal', 'Scheduled', where);
      } else if (preempt(pod, nodes)) {
        record(pod, 'Warning', 'FailedScheduling', placement.message);
      } else if (conditionOf(pod, 'PodScheduled')?.message !== placement.message) {
        const { nominatedNodeName: nominated, ...status } = unscheduledStatus(pod, placement.message);
        const stays = nodes.some(({ metadata }) => metadata.name === nominated);
        writeStatus(store, PODS, pod, stays ? { ...status, nominatedNodeName: nominated } : status);
        record(pod, 'Warning', 'FailedScheduling', placement.message);
      }
    }
  });
  /** Makes room for a pod by deleting others of a lower priority, on the node where they are fewest. */
  const preempt = (pod: KubeObject, nodes: KubeObject[]): boolean => {
    const nominated = pod.status?.nominatedNodeName as string | undefined;
    if (pod.spec?.preemptionPolicy === 'Never' || nodes.some(({ metadata }) => metadata.name === nominated))
      return false;
    const found = victimsFor(store, pod, nodes);
    if (!found) return false;
    const unplaced = unscheduledStatus(pod, `0/${nodes.length} nodes are available: preemption is under way.`);
    writeStatus(store, PODS, pod, { ...unplaced, nominatedNodeName: found.node });
    for (const victim of found.victims) {
      record(victim, 'Normal', 'Preempted', `Preempted by pod ${pod.metadata.uid} on node ${found.node}`);
      store.delete(PODS, victim.metadata.namespace, victim.metadata.name);
    }
    return true;
  };
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

const versionOf = ({ metadata }: KubeObject) => Number(metadata.resourceVersion);

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
