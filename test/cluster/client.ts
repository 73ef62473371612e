import type { RealKube } from '../../lab/apiserver/api-server.ts';
import { createKubeClient, type KubeClient } from '../../src/clients/kubernetes/client.ts';
import type { KubeClientOptions } from '../../src/clients/kubernetes/transport.ts';
import { systemClock } from '../../src/lib/poll.ts';

/** The gate's own client of a real API server, as the administrator, in real time. */
export function clientOf(kube: RealKube, options: Partial<KubeClientOptions> = {}): KubeClient {
  return createKubeClient({
    server: kube.server,
    caPem: kube.caPem,
    accessToken: async () => kube.adminToken,
    fieldManager: 'tpu-serving-gate',
    userAgent: 'tpu-serving-gate/test',
    clock: systemClock,
    signal: new AbortController().signal,
    stage: 'deploy',
    ...options,
  });
}

/** Creates namespaces as the administrator. */
export async function makeNamespaces(client: KubeClient, ...names: string[]): Promise<void> {
  for (const name of names) await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}
