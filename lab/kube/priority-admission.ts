import type { KubeObject } from '../protocol.ts';
import type { Api } from './api.ts';
import type { Resource } from './resources.ts';
import { forbidden } from './status.ts';

const CLASSES = { group: 'scheduling.k8s.io', plural: 'priorityclasses' };

/** What the admission plugin Priority does with a pod that names a class: resolves it, and refuses one that does not exist. */
export function admitPriority(api: Api, resource: Resource, object: KubeObject): void {
  const name = resource.kind === 'Pod' ? (object.spec?.priorityClassName as string | undefined) : undefined;
  if (!name || name.startsWith('system-')) return;
  const found = api.store.get(CLASSES, undefined, name);
  if (!found) throw forbidden(resource, object.metadata.name, `no PriorityClass with name ${name} was found`);
  object.spec.priority = found.value;
  object.spec.preemptionPolicy = found.preemptionPolicy ?? 'PreemptLowerPriority';
}
