import type { KubeClient } from '../../../src/clients/kubernetes/client.ts';
import { collectEvidence } from '../../../src/diagnosis/collect.ts';
import { atReady } from './evidence.ts';

/** The container that wrote a log. */
export type Writer = 'vllm' | 'storage-initializer' | 'endpoint-picker';

interface Crash {
  writer?: Writer;
  args?: readonly string[];
}

/** Evidence of a container that crashed with this log, as a cluster has it and as the gate collects it. */
export async function crashedWith(log: string, { writer = 'vllm', args = [] }: Crash = {}) {
  const isInit = writer === 'storage-initializer';
  const name = isInit ? 'storage-initializer' : 'main';
  const status = {
    name,
    ready: false,
    restartCount: 3,
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastState: { terminated: { reason: 'Error', exitCode: 1 } },
  };
  const component = writer === 'endpoint-picker' ? 'llminferenceservice-router-scheduler' : 'workload';
  const main = { name: 'main', image: 'vllm/vllm-tpu:v0.32.0', ...(isInit ? {} : { args }) };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'crashed-1',
      namespace: 'ns',
      labels: { 'app.kubernetes.io/name': 'qwen', 'kserve.io/component': component },
    },
    spec: {
      nodeName: 'node-1',
      containers: [main],
      ...(isInit ? { initContainers: [{ name, image: 'kserve/storage-initializer:v0.20.0', args }] } : {}),
    },
    status: {
      phase: isInit ? 'Pending' : 'Running',
      conditions: [{ type: 'Ready', status: 'False' }],
      ...(isInit
        ? {
            initContainerStatuses: [status],
            containerStatuses: [
              { name: 'main', ready: false, restartCount: 0, state: { waiting: { reason: 'PodInitializing' } } },
            ],
          }
        : { containerStatuses: [status] }),
    },
  };
  const kube = {
    list: async (_: string, kind: string) => (kind === 'Pod' ? [pod] : []),
    get: async () => null,
    versionsOf: async () => [],
    canI: async () => true,
    logs: async (_namespace: string, _pod: string, container: string, { tailLines }: { tailLines: number }) =>
      container === name ? log.trimEnd().split('\n').slice(-tailLines).join('\n') : '',
  } as unknown as KubeClient;
  const { pods } = await collectEvidence({
    kube,
    gke: null,
    service: { apiVersion: 'serving.kserve.io/v1alpha1', name: 'qwen', namespace: 'ns' },
    namespace: 'ns',
    nodePool: 'v6e',
    gateway: null,
    gatewayCounters: null,
    limitMs: 2_000,
  });
  return atReady({ pods }, 'crash-loop', { pod: 'crashed-1', container: name });
}
