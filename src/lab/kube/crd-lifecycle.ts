import type { KubeObject } from '../protocol.ts';
import { allocate } from './allocate.ts';
import type { Api } from './api.ts';
import { CRDS } from './resources.ts';

/**
 * A definition written straight into the store (by the lab's seed) is established like one that came through the API, so
 * that `kubectl wait --for=condition=Established` sees the same. Returns the function that stops it.
 */
export function establishDefinitions(api: Api): () => void {
  const resource = api.registry.find(CRDS.group, 'v1', CRDS.plural);
  if (!resource) return () => {};
  const establish = (definition: KubeObject) => {
    if (definition.status?.conditions?.length || !definition.spec?.versions?.length) return;
    allocate(api, definition, null, resource);
    api.store.update(CRDS, definition);
  };
  for (const definition of api.store.list(CRDS)) establish(definition);
  return api.store.subscribe(({ type, resource: key, object }) => {
    if (type !== 'ADDED' || key.plural !== CRDS.plural || object.status?.conditions?.length) return;
    setImmediate(() => {
      const current = api.store.get(CRDS, undefined, object.metadata.name);
      if (current) establish(current);
    });
  });
}
