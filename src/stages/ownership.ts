import type { KubeClient } from '../clients/kube.ts';
import type { KubeObject, ObjectRef } from '../clients/objects.ts';

/** On every object that the gate applies. */
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'tpu-serving-gate' };

/** The run that made an object. An object without it was there before, and is changed but never deleted. */
export const RUN_ANNOTATION = 'tpu-serving-gate/run';

/** Kinds whose deletion takes others with it; the gate never deletes them. */
const KEPT_KINDS: ReadonlySet<string> = new Set(['Namespace', 'CustomResourceDefinition', 'StorageClass']);

export function mayBeDeleted({ kind }: Pick<ObjectRef, 'kind'>): boolean {
  return !KEPT_KINDS.has(kind);
}

/** The object with the gate's label, and with the run's mark unless somebody else made it. */
export async function marked(
  kube: KubeClient,
  object: KubeObject,
  ref: ObjectRef,
  runKey: string,
): Promise<KubeObject> {
  const existing = await kube.get(ref);
  const ours = !existing || existing.metadata.annotations?.[RUN_ANNOTATION] !== undefined;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, ...MANAGED_BY },
      ...(ours ? { annotations: { ...object.metadata.annotations, [RUN_ANNOTATION]: runKey } } : {}),
    },
  };
}
