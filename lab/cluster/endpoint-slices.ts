import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import { covers, isReady, ownedBy, selects } from './objects.ts';
import { ENDPOINT_SLICES, PODS, SERVICES } from './resources.ts';
import { createWorkQueue } from './workqueue.ts';

/** The pod's own port behind a Service port; undefined when a named port is on none of its containers. */
export function targetPortOf(
  port: { port: number; targetPort?: number | string },
  pod: KubeObject,
): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  if (/^\d+$/.test(target)) return Number(target);
  const ports = (pod.spec?.containers ?? []).flatMap(
    (container: { ports?: { name?: string; containerPort: number }[] }) => container.ports ?? [],
  ) as { name?: string; containerPort: number }[];
  return ports.find((one) => one.name === target)?.containerPort;
}

/** Keeps one EndpointSlice per Service that has a selector. */
export function startEndpointSlices(store: Store): { close(): void } {
  const reconcile = (key: string) => {
    const [namespace, name] = key.split('/') as [string, string];
    const service = store.get(SERVICES, namespace, name);
    if (!service || service.metadata.deletionTimestamp || !service.spec?.selector) return;
    const pods = store.list(PODS, namespace).filter((pod) => selects(service.spec.selector, pod) && pod.status?.podIP);
    const slice: KubeObject = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-slice`,
        namespace,
        labels: {
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
          'kubernetes.io/service-name': name,
        },
        ownerReferences: ownedBy(service),
      },
      addressType: 'IPv4',
      ports: (service.spec.ports ?? []).map(
        (port: { name?: string; protocol?: string; appProtocol?: string; port: number }) => ({
          name: port.name ?? '',
          protocol: port.protocol ?? 'TCP',
          ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
          port: pods[0] ? targetPortOf(port, pods[0]) : port.port,
        }),
      ),
      endpoints: pods.map((pod) => {
        const terminating = pod.metadata.deletionTimestamp !== undefined;
        return {
          addresses: [pod.status.podIP],
          conditions: { ready: isReady(pod) && !terminating, serving: isReady(pod), terminating },
          nodeName: pod.spec.nodeName,
          targetRef: { kind: 'Pod', namespace, name: pod.metadata.name, uid: pod.metadata.uid },
        };
      }),
    };
    const current = store.get(ENDPOINT_SLICES, namespace, slice.metadata.name);
    if (!current) store.create(ENDPOINT_SLICES, slice);
    else if (!covers(slice.endpoints, current.endpoints) || !covers(slice.ports, current.ports)) {
      store.update(ENDPOINT_SLICES, { ...current, endpoints: slice.endpoints, ports: slice.ports });
    }
  };
  const queue = createWorkQueue('endpointslice', reconcile);
  const unsubscribe = store.subscribe(({ resource, object }) => {
    if (resource.group !== '') return;
    const { namespace, name } = object.metadata;
    if (resource.plural === SERVICES.plural) queue.add(`${namespace}/${name}`);
    if (resource.plural !== PODS.plural) return;
    for (const service of store.list(SERVICES, namespace)) {
      if (selects(service.spec?.selector, object)) queue.add(`${namespace}/${service.metadata.name}`);
    }
  });
  for (const service of store.list(SERVICES)) queue.add(`${service.metadata.namespace}/${service.metadata.name}`);
  return {
    close() {
      unsubscribe();
      queue.close();
    },
  };
}
