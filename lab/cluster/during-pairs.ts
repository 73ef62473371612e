import { isAbort } from '../errors.ts';
import type { Store } from '../kube/store.ts';
import type { ClusterClock } from './clock.ts';
import { HTTP_ROUTES } from './resources.ts';

/**
 * Acts once, so many cluster seconds after the gate has made its route to one replica: while the pairs are measured.
 * `act` takes the namespace of the route.
 */
export function duringPairs(
  options: { store: Store; clock: ClusterClock; seconds: number },
  act: (namespace: string, signal: AbortSignal) => void | Promise<void>,
): { close(): void } {
  const { store, clock, seconds } = options;
  const stop = new AbortController();
  let hasBegun = false;
  const unsubscribe = store.subscribe(({ type, resource, object }) => {
    if (hasBegun || type === 'DELETED' || resource.plural !== HTTP_ROUTES.plural) return;
    if (!object.metadata.name.startsWith('tpu-gate-one-')) return;
    hasBegun = true;
    clock
      .wait(seconds, stop.signal)
      .then(() => act(object.metadata.namespace as string, stop.signal))
      .catch((error: unknown) => {
        if (!isAbort(error)) throw error;
      });
  });
  return {
    close() {
      unsubscribe();
      stop.abort();
    },
  };
}
