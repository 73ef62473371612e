import { createHash } from 'node:crypto';
import type { ResourceKey, Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';

export type Labels = Record<string, string>;

/** A condition without its type. */
export interface Verdict {
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  severity?: string;
  observedGeneration?: number;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
  lastHeartbeatTime?: string;
}

export interface Condition extends Verdict {
  type: string;
}

/** RFC 3339 with whole seconds, as metav1.Time. */
export function nowIso(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}

/** True when every label of the selector is on the object. An empty or absent selector matches nothing, as a Service's. */
export function selects(selector: Labels | undefined, object: KubeObject): boolean {
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([name, value]) => object.metadata.labels?.[name] === value);
}

export function isReady(object: KubeObject): boolean {
  return conditionOf(object, 'Ready')?.status === 'True';
}

export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  return (object.status?.conditions as Condition[] | undefined)?.find((condition) => condition.type === type);
}

/** Replaces the condition of that type; lastTransitionTime moves only when the status does. */
export function withCondition(conditions: Condition[] | undefined, next: Condition): Condition[] {
  const rest = (conditions ?? []).filter((condition) => condition.type !== next.type);
  const before = conditions?.find((condition) => condition.type === next.type);
  const since = before?.status === next.status ? before.lastTransitionTime : undefined;
  return [...rest, { ...next, lastTransitionTime: since ?? nowIso() }];
}

/** Writes a new status on the newest version of the object; nothing when the object has gone. */
export function writeStatus(
  store: Store,
  resource: ResourceKey,
  object: KubeObject,
  status: Record<string, unknown>,
): void {
  const current = store.get(resource, object.metadata.namespace, object.metadata.name);
  if (!current || current.metadata.uid !== object.metadata.uid) return;
  store.update(resource, { ...current, status });
}

/** The one controller reference that makes `owner` responsible for its child. */
export function ownedBy(owner: KubeObject): NonNullable<KubeObject['metadata']['ownerReferences']> {
  const { apiVersion, kind, metadata } = owner;
  const reference = { apiVersion, kind, name: metadata.name, uid: metadata.uid as string };
  const control = { controller: true, blockOwnerDeletion: true };
  return [{ ...reference, ...control }];
}

export function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  return (object.metadata.ownerReferences ?? []).some((reference) => reference.uid === owner.metadata.uid);
}

/** Deletes a pod the way the API does: gracefully when a kubelet has it, at once when none ever had. */
export function deletePod(store: Store, resource: ResourceKey, pod: KubeObject): void {
  const current = store.get(resource, pod.metadata.namespace, pod.metadata.name);
  if (!current || current.metadata.deletionTimestamp) return;
  if (!current.spec?.nodeName) {
    store.delete(resource, pod.metadata.namespace, pod.metadata.name);
    return;
  }
  const deletionGracePeriodSeconds = current.spec.terminationGracePeriodSeconds ?? 30;
  const marks = { deletionTimestamp: nowIso(), deletionGracePeriodSeconds };
  store.update(resource, { ...current, metadata: { ...current.metadata, ...marks } });
}

/** Child names as knative's kmeta makes them: at most 63 characters, an MD5 of the parent standing in for its tail. */
export function childName(parent: string, suffix: string): string {
  if (parent.length + suffix.length <= 63) return parent + suffix;
  const hash = createHash('md5');
  if (suffix.length >= 31) return parent.slice(0, 31) + hash.update(parent + suffix).digest('hex');
  return parent.slice(0, 31 - suffix.length) + hash.update(parent).digest('hex') + suffix;
}

/**
 * True when `current` already says everything that `expected` says; fields that only `current` has do not count. So a
 * controller sees edits to what it owns and leaves defaults and allocations by others alone.
 */
export function covers(expected: unknown, current: unknown): boolean {
  if (Array.isArray(expected)) {
    return (
      Array.isArray(current) &&
      current.length === expected.length &&
      expected.every((item, index) => covers(item, current[index]))
    );
  }
  if (expected !== null && typeof expected === 'object') {
    if (current === null || typeof current !== 'object' || Array.isArray(current)) return false;
    return Object.entries(expected).every(([name, value]) => covers(value, (current as Record<string, unknown>)[name]));
  }
  return expected === current;
}
