import { isAbort } from '../errors.ts';
import type { Store } from '../kube/store.ts';
import type { ClusterClock } from './clock.ts';
import { DEPLOYMENTS, HTTP_ROUTES } from './resources.ts';

/** Cluster seconds from the route to one replica until the autoscaler has seen the load: two of its periods of 15 s. */
const SEES_AFTER = 30;

/** An autoscaler that adds a replica to the workload once load comes by the route to one replica. */
export function startAutoscaler(store: Store, clock: ClusterClock): { close(): void } {
  const stop = new AbortController();
  let grown = false;
  const grow = (namespace: string) => {
    const workload = store
      .list(DEPLOYMENTS, namespace)
      .find(({ spec }) => spec.template.metadata?.labels?.['kserve.io/component'] === 'workload');
    if (!workload) return;
    const replicas = (workload.spec.replicas ?? 1) + 1;
    store.update(DEPLOYMENTS, { ...workload, spec: { ...workload.spec, replicas } });
  };
  const unsubscribe = store.subscribe(({ type, resource, object }) => {
    if (grown || type === 'DELETED' || resource.plural !== HTTP_ROUTES.plural) return;
    if (!object.metadata.name.startsWith('tpu-gate-one-')) return;
    grown = true;
    clock.wait(SEES_AFTER, stop.signal).then(
      () => grow(object.metadata.namespace as string),
      (error: unknown) => {
        if (!isAbort(error)) throw error;
      },
    );
  });
  return {
    close() {
      unsubscribe();
      stop.abort();
    },
  };
}
