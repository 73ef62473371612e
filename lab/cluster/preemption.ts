import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import { priorityOf } from './priority.ts';
import { PODS } from './resources.ts';
import { place } from './scheduler.ts';

/**
 * The pods that take room from `pod`: those on nodes, and those of its priority or a higher one for which a preemption has
 * made room on a node (kube-scheduler, `RunFilterPluginsWithNominatedPods`).
 */
export function reserved(store: Store, pod: KubeObject): KubeObject[] {
  const own = priorityOf(store, pod);
  return store.list(PODS).flatMap((other) => {
    if (other.metadata.uid === pod.metadata.uid) return [];
    const nominated = other.status?.nominatedNodeName as string | undefined;
    if (other.spec?.nodeName || !nominated || priorityOf(store, other) < own) return [other];
    return [{ ...other, spec: { ...other.spec, nodeName: nominated } }];
  });
}

/** The node on which a pod fits once pods of a lower priority are gone, with the fewest of these; null where there is none. */
export function victimsFor(
  store: Store,
  pod: KubeObject,
  nodes: readonly KubeObject[],
): { node: string; victims: KubeObject[] } | null {
  const own = priorityOf(store, pod);
  const there = reserved(store, pod);
  const isLower = (other: KubeObject) => priorityOf(store, other) < own && !other.metadata.deletionTimestamp;
  const found = nodes.flatMap((node) => {
    const { name } = node.metadata;
    const lower = there.filter((other) => other.spec?.nodeName === name && isLower(other));
    if (lower.length === 0) return [];
    const rest = there.filter((other) => !lower.includes(other));
    return 'node' in place(pod, [node], rest) ? [{ node: name, victims: lower }] : [];
  });
  return found.sort((a, b) => a.victims.length - b.victims.length)[0] ?? null;
}
