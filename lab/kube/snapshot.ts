import type { KubeObject } from '../protocol.ts';
import type { Api } from './api.ts';
import type { ResourceKey } from './store.ts';

/**
 * A collection as it was at a revision, by taking back what happened since; null when that is older than the history
 * kept.
 */
export function objectsAt(api: Api, key: ResourceKey, namespace: string, revision: number): KubeObject[] | null {
  const since = api.store.since(revision);
  if (since === null) return null;
  const now = api.store.list(key, namespace || undefined);
  if (since.length === 0) return now;
  const idOf = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name}`;
  const objects = new Map(now.map((object) => [idOf(object), object]));
  for (const event of since.toReversed()) {
    const { resource, object } = event;
    if (resource.group !== key.group || resource.plural !== key.plural) continue;
    if (namespace && object.metadata.namespace !== namespace) continue;
    const { before } = event;
    if (before) objects.set(idOf(object), before);
    else objects.delete(idOf(object));
  }
  return [...objects.values()].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}
