import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { ClusterFaults } from '../scenarios/types.ts';
import { CRDS, PODS, resourceOf } from './resources.ts';
import { createWorkQueue } from './workqueue.ts';

/** Creates faulty objects once the first pod of a replica has been bound: too late for a look before the lease. */
export function startLateFaults(store: Store, objects: ClusterFaults['later']): { close(): void } {
  let made = objects.length === 0;
  const queue = createWorkQueue('late-faults', () => {
    if (made) return;
    made = true;
    for (const object of objects as readonly unknown[] as readonly KubeObject[]) {
      store.create(resourceOf(object, store.list(CRDS)), structuredClone(object));
    }
  });
  const unsubscribe = store.subscribe(({ resource, object }) => {
    if (made || resource.plural !== PODS.plural || resource.group !== '') return;
    const replica = object.metadata.labels?.['kserve.io/component'] === 'workload';
    // Pattern 1 is retired before.
    if (replica && object.spec?.nodeName) queue.add('all');
  });
  return {
    close() {
      unsubscribe();
      queue.close();
    },
  };
}
