import type { KubeObject } from '../protocol.ts';
import type { Api } from './api.ts';
import { timestamp } from './api.ts';
import { applyDefaults } from './defaults.ts';
import { CRDS, isEstablished } from './resources.ts';
import type { JsonObject } from './types.ts';

/**
 * Establishes definitions a moment after they were created, as kube-apiserver's own controllers do; those written
 * straight into the store (by the lab's seed) as well. Returns the function that stops it.
 */
export function establishDefinitions(api: Api): () => void {
  const resource = api.registry.find(CRDS.group, 'v1', CRDS.plural);
  if (!resource) return () => {};
  const establish = (stored: KubeObject) => {
    if (isEstablished(stored) || !stored.spec?.versions?.length) return;
    // Defaults are of the names: a schema, which may have megabytes, is not copied.
    const definition = { ...stored, spec: { ...stored.spec, names: { ...stored.spec.names } } } as KubeObject;
    applyDefaults(definition, resource);
    const { names, versions } = definition.spec;
    const version = versions.find(({ storage }: JsonObject) => storage)?.name;
    definition.status = {
      ...definition.status,
      acceptedNames: names,
      storedVersions: definition.status?.storedVersions ?? [version],
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
        condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
      ],
    };
    api.store.update(CRDS, definition);
  };
  for (const definition of api.store.list(CRDS)) establish(definition);
  return api.store.subscribe(({ type, resource: key, object }) => {
    if (type === 'DELETED' || key.plural !== CRDS.plural || isEstablished(object)) return;
    setImmediate(() => {
      const current = api.store.get(CRDS, undefined, object.metadata.name);
      if (current && !api.closing.aborted) establish(current);
    });
  });
}

function condition(type: string, reason: string, message: string): JsonObject {
  return { lastTransitionTime: timestamp(), message, reason, status: 'True', type };
}
