import { admitEviction, withTarget } from '../kube/eviction.ts';
import { isStatusError } from '../kube/status.ts';
import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { ClusterClock } from './clock.ts';
import { duringPairs } from './during-pairs.ts';
import { deletePod, isReady } from './objects.ts';
import { NODES, PODS } from './resources.ts';

/** Cluster seconds from the route to one replica until the eviction. */
const BEGINS_AFTER = 30;
/** Seconds after which kubectl and GKE try a refused eviction again. */
const RETRIES_AFTER = 5;
const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/**
 * Somebody evicts a replica while the pairs are measured: alone, or as a drain of its node, which takes no pods any more.
 * A PodDisruptionBudget holds for it.
 */
export function startDisruptor(store: Store, clock: ClusterClock, kind: 'evicts' | 'drains'): { close(): void } {
  return duringPairs({ store, clock, seconds: BEGINS_AFTER }, async (namespace, signal) => {
    const isReplica = ({ metadata }: KubeObject) => metadata.labels?.['kserve.io/component'] === 'workload';
    const victim = store
      .list(PODS, namespace)
      .filter((pod) => isReplica(pod) && isReady(pod))
      .at(-1);
    if (!victim) return;
    if (kind === 'drains') cordon(store, victim.spec.nodeName as string);
    while (!evicted(store, victim)) await clock.wait(RETRIES_AFTER, signal);
  });
}

function cordon(store: Store, name: string): void {
  const node = store.get(NODES, undefined, name);
  if (!node) return;
  const taints = [...(node.spec?.taints ?? []), TAINT];
  store.update(NODES, { ...node, spec: { ...node.spec, unschedulable: true, taints } });
}

/** Whether the pod was evicted, or is gone; false where its budget does not allow it now. */
function evicted(store: Store, { metadata }: KubeObject): boolean {
  const pod = store.get(PODS, metadata.namespace, metadata.name);
  if (!pod || pod.metadata.uid !== metadata.uid) return true;
  try {
    admitEviction(store, pod);
  } catch (error) {
    if (isStatusError(error)) return false;
    throw error;
  }
  deletePod(store, PODS, store.update(PODS, withTarget(pod)));
  return true;
}
