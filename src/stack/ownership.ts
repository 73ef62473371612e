import type { KubeObject } from '../clients/kubernetes/objects.ts';
import type { ServiceRef } from './refs.ts';

type Owned = Pick<KubeObject, 'metadata'>;

/** Names of the LLMInferenceServices that own an object. */
export function servicesOwning({ metadata }: Owned): string[] {
  return (metadata.ownerReferences ?? []).flatMap(({ kind, name }) => (kind === 'LLMInferenceService' ? [name] : []));
}

/**
 * Whether a service owns an object: by reference, so that a long name, which KServe hashes, is found too. A reference is to an
 * owner in the object's own namespace.
 */
export function isOwnedBy(
  { metadata }: Owned,
  service: Pick<ServiceRef, 'apiVersion' | 'name' | 'namespace'>,
): boolean {
  const group = service.apiVersion.split('/')[0];
  if (metadata.namespace !== service.namespace) return false;
  return (metadata.ownerReferences ?? []).some(
    ({ apiVersion, kind, name }) =>
      kind === 'LLMInferenceService' &&
      name === service.name &&
      (apiVersion === undefined || apiVersion.split('/')[0] === group),
  );
}
