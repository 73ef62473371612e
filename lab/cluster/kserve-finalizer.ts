import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import { authBindingName } from './kserve-rbac.ts';
import { CLUSTER_ROLE_BINDINGS, LLM_SERVICES } from './resources.ts';

export const FINALIZER = 'serving.kserve.io/llmisvc-finalizer';

/** Puts the controller's finalizer on a service that has none yet; the service as it is then. */
export function withFinalizer(store: Store, service: KubeObject): KubeObject {
  const { finalizers = [] } = service.metadata;
  if (finalizers.includes(FINALIZER)) return service;
  return store.update(LLM_SERVICES, {
    ...service,
    metadata: { ...service.metadata, finalizers: [...finalizers, FINALIZER] },
  });
}

/** Deletes what garbage collection would not find, and lets the service go. */
export function finalize(store: Store, service: KubeObject): void {
  const { namespace, name, finalizers = [], ...metadata } = service.metadata;
  if (!finalizers.includes(FINALIZER)) return;
  const binding = authBindingName(service);
  if (store.get(CLUSTER_ROLE_BINDINGS, undefined, binding)) store.delete(CLUSTER_ROLE_BINDINGS, undefined, binding);
  const left = finalizers.filter((one) => one !== FINALIZER);
  const rest = { ...metadata, name, namespace: namespace as string, ...(left.length > 0 ? { finalizers: left } : {}) };
  // A real API server deletes an object with its last finalizer; the lab's store does so when it is asked.
  if (left.length > 0 || store.isPending) store.update(LLM_SERVICES, { ...service, metadata: rest });
  else store.delete(LLM_SERVICES, namespace, name);
}
