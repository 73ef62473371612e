import type { ResourceKey, Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { RecordEvent } from './events.ts';
import { covers, isOwnedBy } from './objects.ts';

/** How a service's objects are kept as its controller would have them. */
export interface Owned {
  /** Creates the object, or changes what is there; throws when somebody else owns it. */
  ensure(service: KubeObject, resource: ResourceKey, wanted: KubeObject): void;
  /** Deletes the object where it is the service's. */
  remove(service: KubeObject, resource: ResourceKey, name: string): void;
}

export function createOwned(store: Store, record: RecordEvent): Owned {
  /** What each object was last made to say: an API server adds defaults, so what it holds does not tell. */
  const asked = new Map<string, string>();
  return {
    ensure(service, resource, wanted) {
      const { namespace, name } = wanted.metadata;
      const shown = [namespace, name].filter((part) => part !== undefined).join('/');
      const current = store.get(resource, namespace, name);
      const id = `${resource.group}/${resource.plural}/${shown}`;
      const text = JSON.stringify(wanted);
      const isNew = asked.has(id) && asked.get(id) !== text;
      asked.set(id, text);
      if (!current) {
        store.create(resource, wanted);
        record(service, 'Normal', 'Created', `Created ${wanted.kind} ${shown}`);
        return;
      }
      // An object of the whole cluster cannot have an owner in a namespace.
      if (namespace !== undefined && !isOwnedBy(current, service)) {
        throw new Error(`${wanted.kind} ${shown} is owned by somebody else`);
      }
      const { metadata: _metadata, apiVersion: _apiVersion, kind: _kind, ...rest } = wanted;
      const said = { labels: wanted.metadata.labels ?? {}, annotations: wanted.metadata.annotations ?? {} };
      const { labels = {}, annotations = {} } = current.metadata;
      // Something else than before is written as a whole, so that a field that has gone from the service goes here too.
      if (!isNew && covers(rest, current) && covers(said, { labels, annotations })) return;
      store.update(resource, {
        ...current,
        ...rest,
        metadata: {
          ...current.metadata,
          labels: { ...labels, ...said.labels },
          annotations: { ...annotations, ...said.annotations },
        },
      });
      record(service, 'Normal', 'Updated', `Updated ${wanted.kind} ${shown}`);
    },
    remove(service, resource, name) {
      const current = store.get(resource, service.metadata.namespace, name);
      if (current && isOwnedBy(current, service)) store.delete(resource, service.metadata.namespace, name);
    },
  };
}
