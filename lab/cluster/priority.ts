import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import { PRIORITY_CLASSES } from './resources.ts';

/** The priority of a pod: what admission has written, else that of its class; 0 without one. */
export function priorityOf(store: Store, { spec }: KubeObject): number {
  if (typeof spec?.priority === 'number') return spec.priority;
  const name = spec?.priorityClassName as string | undefined;
  return name ? Number(store.get(PRIORITY_CLASSES, undefined, name)?.value ?? 0) : 0;
}
