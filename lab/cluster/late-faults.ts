import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { ClusterFaults } from '../scenarios/types.ts';
import { CRDS, PODS, resourceOf } from './resources.ts';
import { createWorkQueue } from './workqueue.ts';

/**
 * Creates faulty objects, and deletes what is needed, once the first pod of a replica has been bound: too late for a
 * look before the lease.
 */
export function startLateFaults(
  store: Store,
  { later, laterRemoved }: Pick<ClusterFaults, 'later' | 'laterRemoved'>,
): { close(): void } {
  let made = later.length + laterRemoved.length === 0;
  const queue = createWorkQueue('late-faults', () => {
    if (made) return;
    made = true;
    const crds = store.list(CRDS);
    for (const object of later as readonly unknown[] as readonly KubeObject[]) {
      store.create(resourceOf(object, crds), structuredClone(object));
    }
    for (const object of laterRemoved) {
      const { namespace, name } = object.metadata;
      // A fault that does not happen would make a scenario of nothing.
      if (!store.delete(resourceOf(object, crds), namespace, name))
        throw new Error(`no ${object.kind} ${name} to delete`);
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
