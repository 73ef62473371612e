import { createHash } from 'node:crypto';
import type { KubeObject, ObjectRef } from '../../clients/kubernetes/objects.ts';
import { GATE, MANAGED_BY_LABEL } from '../../stack/labels.ts';

/** On every object that the gate applies. */
export const MANAGED_BY = { [MANAGED_BY_LABEL]: GATE };

/** On every object of a manifest: the stack that it belongs to, by its LLMInferenceService. */
export const STACK_LABEL = 'tpu-serving-gate/stack';

/** A service's name as a label value, which has at most 63 characters; a longer name ends in a hash of itself. */
export function stackOf(service: string): string {
  if (service.length <= 63) return service;
  const hash = createHash('sha256').update(service).digest('hex').slice(0, 8);
  return `${service.slice(0, 54).replace(/[^a-z0-9]+$/, '')}-${hash}`;
}

/** The run that made an object. An object without it was there before, and is changed but never deleted. */
export const RUN_ANNOTATION = 'tpu-serving-gate/run';

/** Kinds whose deletion takes others with it; the gate never deletes them. */
const KEPT_KINDS: ReadonlySet<string> = new Set(['Namespace', 'CustomResourceDefinition', 'StorageClass']);

export function mayBeDeleted({ kind }: Pick<ObjectRef, 'kind'>): boolean {
  return !KEPT_KINDS.has(kind);
}

/** The object with the labels of the gate and of its stack, and with the run's mark. */
export function marked(object: KubeObject, { runKey, service }: { runKey: string; service: string }): KubeObject {
  return {
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, ...MANAGED_BY, [STACK_LABEL]: stackOf(service) },
      annotations: { ...object.metadata.annotations, [RUN_ANNOTATION]: runKey },
    },
  };
}
