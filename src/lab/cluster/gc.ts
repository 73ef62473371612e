import type { Store } from '../kube/store.ts';
import { deletePod } from './objects.ts';
import { OWNED, PODS } from './resources.ts';
import { createWorkQueue } from './workqueue.ts';

/**
 * Garbage collection: what an object owned goes with it. Works on deletions only and finds nothing when another
 * collector has been there first.
 */
export function startGarbageCollector(store: Store): { close(): void } {
  const queue = createWorkQueue('garbage collection', (uid) => {
    for (const resource of OWNED) {
      for (const object of store.list(resource)) {
        const owners = object.metadata.ownerReferences ?? [];
        if (owners.length === 0 || !owners.every((owner) => owner.uid === uid)) continue;
        if (resource === PODS) deletePod(store, PODS, object);
        else store.delete(resource, object.metadata.namespace, object.metadata.name);
      }
    }
  });
  const unsubscribe = store.subscribe((event) => {
    if (event.type === 'DELETED' && event.object.metadata.uid) queue.add(event.object.metadata.uid);
  });
  return {
    close() {
      unsubscribe();
      queue.close();
    },
  };
}
