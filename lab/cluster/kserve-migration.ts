import { isAbort } from '../errors.ts';
import type { KubeObject } from '../protocol.ts';
import type { ClusterClock } from './clock.ts';
import type { Condition } from './objects.ts';

/** Annotation of a route that has gone over to the promoted group of InferencePool, for good. */
export const MIGRATED = 'serving.kserve.io/inference-pool-migrated';

export interface Migration {
  /** Whether the service's route has to name the promoted group. */
  isDue(service: KubeObject, route: KubeObject | undefined): boolean;
  /** The service, by namespace and name, has gone. */
  forget(key: string): void;
  close(): void;
}

/** Decides when a route goes to the promoted group: `seconds` of cluster time after the gateway has refused the older. */
export function createMigration(clock: ClusterClock, seconds: number, again: (key: string) => void): Migration {
  const stop = new AbortController();
  /** Services whose route is refused, and whether the controller has come to know it. */
  const refused = new Map<string, boolean>();
  return {
    isDue({ metadata }, route) {
      if (!route || route.metadata.annotations?.[MIGRATED] === 'v1') return route !== undefined;
      if (!isRefused(route)) return false;
      const key = `${metadata.namespace}/${metadata.name}`;
      if (seconds === 0) return true;
      if (!refused.has(key)) {
        refused.set(key, false);
        clock.wait(clock.jitter(seconds), stop.signal).then(
          () => {
            refused.set(key, true);
            again(key);
          },
          (error: unknown) => {
            if (!isAbort(error)) throw error;
          },
        );
      }
      return refused.get(key) === true;
    },
    forget: (key) => void refused.delete(key),
    close: () => stop.abort(),
  };
}

function isRefused(route: KubeObject): boolean {
  const parents = (route.status?.parents ?? []) as { conditions: Condition[] }[];
  return parents
    .flatMap(({ conditions }) => conditions)
    .some(({ type, status, reason }) => type === 'ResolvedRefs' && status === 'False' && reason === 'InvalidKind');
}
