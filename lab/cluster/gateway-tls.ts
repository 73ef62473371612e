import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import { demandsMtls } from './mesh.ts';
import { selects } from './objects.ts';
import { DESTINATION_RULES, PODS } from './resources.ts';

/**
 * Whether TLS of the gateway reaches the pods of a Service: a DestinationRule makes the gateway speak it, and no sidecar
 * demands mTLS in its place. Such a sidecar resets the connection, which to Envoy looks as if the server there had no TLS.
 */
export function tlsTo(
  store: Store,
  namespace: string,
  { service, port }: { service: string; port: number },
  selector: Record<string, string>,
  portOf: (pod: KubeObject) => number | undefined,
): boolean {
  if (!usesTls(store, namespace, service, port)) return false;
  const pods = store.list(PODS, namespace).filter((pod) => selects(selector, pod));
  return pods.every((pod) => !demandsMtls(store, pod, portOf(pod) ?? 0));
}

/** Whether a DestinationRule makes the gateway speak TLS to the host; without one it speaks plain HTTP. */
function usesTls(store: Store, namespace: string, service: string, port: number): boolean {
  const names = [
    service,
    `${service}.${namespace}`,
    `${service}.${namespace}.svc`,
    `${service}.${namespace}.svc.cluster.local`,
  ];
  return store.list(DESTINATION_RULES).some((rule) => {
    const { host, trafficPolicy } = rule.spec;
    if (host === service ? rule.metadata.namespace !== namespace : !names.includes(host)) return false;
    const perPort = trafficPolicy?.portLevelSettings?.find(
      (one: { port?: { number?: number } }) => one.port?.number === port,
    );
    return (perPort?.tls ?? trafficPolicy?.tls)?.mode === 'SIMPLE';
  });
}
