import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { ClusterFaults } from '../scenarios/types.ts';
import { CRDS, PODS, resourceOf } from './resources.ts';
import { createWorkQueue } from './workqueue.ts';

/**
 * Creates faulty objects, and deletes what is needed as soon as it is there, once the first pod of a replica has been
 * bound: too late for a look before the lease.
 */
export function startLateFaults(
  store: Store,
  { later, laterRemoved }: Pick<ClusterFaults, 'later' | 'laterRemoved'>,
): { close(): void } {
  let bound = false;
  let toCreate = later as readonly unknown[] as readonly KubeObject[];
  let toDelete = laterRemoved;
  const queue = createWorkQueue('late-faults', () => {
    const crds = store.list(CRDS);
    const created = toCreate;
    toCreate = [];
    for (const object of created) store.create(resourceOf(object, crds), object);
    toDelete = toDelete.filter((object) => {
      const { namespace, name } = object.metadata;
      return store.delete(resourceOf(object as KubeObject, crds), namespace, name) === undefined;
    });
  });
  const unsubscribe = store.subscribe(({ resource, object }) => {
    if (toCreate.length + toDelete.length === 0) return;
    if (resource.plural === PODS.plural && resource.group === '') {
      // Pattern 1 is retired before.
      bound ||= object.metadata.labels?.['kserve.io/component'] === 'workload' && object.spec?.nodeName !== undefined;
    }
    if (bound) queue.add('all');
  });
  return {
    close() {
      unsubscribe();
      queue.close();
    },
  };
}
