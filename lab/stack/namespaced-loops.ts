import { writeStatus } from '../cluster/objects.ts';
import { NAMESPACES, SERVICE_ACCOUNTS, SERVICES } from '../cluster/resources.ts';
import { createWorkQueue } from '../cluster/workqueue.ts';
import type { Store } from '../kube/store.ts';
import { LOAD_BALANCER } from './addresses.ts';

/**
 * Two loops of kube-controller-manager and of the cloud: every namespace has a ServiceAccount `default`, and every
 * Service of type LoadBalancer an address.
 */
export function startNamespacedLoops(store: Store): { close(): void } {
  const queue = createWorkQueue('service accounts and addresses', (key) => {
    const [namespace, service] = key.split('/') as [string, string | undefined];
    if (service === undefined) {
      const found = store.get(NAMESPACES, undefined, namespace);
      if (!found || found.metadata.deletionTimestamp || store.get(SERVICE_ACCOUNTS, namespace, 'default')) return;
      const metadata = { name: 'default', namespace };
      store.create(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
      return;
    }
    const found = store.get(SERVICES, namespace, service);
    if (found?.spec?.type !== 'LoadBalancer' || found.status?.loadBalancer?.ingress) return;
    writeStatus(store, SERVICES, found, {
      ...found.status,
      loadBalancer: { ingress: [{ ip: LOAD_BALANCER, ipMode: 'VIP' }] },
    });
  });
  const unsubscribe = store.subscribe(({ type, resource, object }) => {
    if (type === 'DELETED' || resource.group !== '') return;
    if (resource.plural === NAMESPACES.plural) queue.add(object.metadata.name);
    if (resource.plural === SERVICES.plural) queue.add(`${object.metadata.namespace}/${object.metadata.name}`);
  });
  for (const { metadata } of store.list(NAMESPACES)) queue.add(metadata.name);
  for (const { metadata } of store.list(SERVICES)) queue.add(`${metadata.namespace}/${metadata.name}`);
  return {
    close() {
      unsubscribe();
      queue.close();
    },
  };
}
