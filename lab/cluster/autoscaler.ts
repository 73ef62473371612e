import type { Store } from '../kube/store.ts';
import type { ClusterClock } from './clock.ts';
import { duringPairs } from './during-pairs.ts';
import { DEPLOYMENTS } from './resources.ts';

/** Cluster seconds from the route to one replica until the autoscaler has seen the load: two of its periods of 15 s. */
const SEES_AFTER = 30;

/** An autoscaler that adds a replica to the workload once load comes by the route to one replica. */
export function startAutoscaler(store: Store, clock: ClusterClock): { close(): void } {
  return duringPairs({ store, clock, seconds: SEES_AFTER }, (namespace) => {
    const workload = store
      .list(DEPLOYMENTS, namespace)
      .find(({ spec }) => spec.template.metadata?.labels?.['kserve.io/component'] === 'workload');
    if (!workload) return;
    const replicas = (workload.spec.replicas ?? 1) + 1;
    store.update(DEPLOYMENTS, { ...workload, spec: { ...workload.spec, replicas } });
  });
}
