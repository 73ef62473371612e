import { startCluster } from './cluster/cluster.ts';
import type { PodApi } from './cluster/pod-context.ts';
import { startControl } from './control.ts';
import { startKubeApi } from './kube/server.ts';
import { createStore } from './kube/store.ts';
import type { KubeConfig, KubePorts, KubeRecord } from './protocol.ts';

/** The cluster as one process: its objects, the controllers behind them, the Kubernetes API and the control listener. */
export async function startKube(config: KubeConfig): Promise<KubePorts & { close(): Promise<void> }> {
  if (config.apiServer) return (await import('./apiserver/real-kube.ts')).startRealKube(config, config.apiServer);
  if (config.stack) return (await import('./stack/real-stack.ts')).startRealStack(config, config.stack);
  const store = createStore();
  const record: KubeRecord = { requests: [], refusedWrites: [], faults: [] };
  const reachable = Promise.withResolvers<PodApi>();
  const cluster = await startCluster({ ...config, store, api: reachable.promise });
  const api = await startKubeApi({
    tls: config.tls,
    caPem: config.caPem,
    tokenSecret: config.tokenSecret,
    store,
    logs: cluster.readLogs,
    podProxy: cluster.podAddress,
    podDeletion: 'graceful',
    denied: [...config.scenario.cluster.denied],
    refused: config.scenario.cluster.refused,
    readers: config.readers ?? [],
    onRequest: (request) => record.requests.push(request),
  });
  reachable.resolve({ endpoint: api.endpoint, caPem: config.caPem, tokenSecret: config.tokenSecret });
  const control = await startControl(cluster, async () => ({ ...record, faults: cluster.faults() }));
  return {
    endpoint: api.endpoint,
    caPem: config.caPem,
    controlUrl: control.url,
    async close() {
      control.close();
      await api.close();
      await cluster.close();
    },
  };
}
