import type { KubeClient } from '../../../src/clients/kubernetes/client.ts';
import { collectEvidence } from '../../../src/diagnosis/collect.ts';
import { atReady } from './evidence.ts';

/** Evidence of a replica that crashed with this log, as a cluster has it and as the gate collects it. */
export async function crashedWith(log: string) {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'replica-1',
      namespace: 'ns',
      labels: { 'app.kubernetes.io/name': 'qwen', 'kserve.io/component': 'workload' },
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'main', image: 'vllm/vllm-tpu:v0.32.0' }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [
        {
          name: 'main',
          ready: false,
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { reason: 'Error', exitCode: 1 } },
        },
      ],
    },
  };
  const kube = {
    list: async (_: string, kind: string) => (kind === 'Pod' ? [pod] : []),
    get: async () => null,
    versionsOf: async () => [],
    canI: async () => true,
    logs: async (_namespace: string, _pod: string, _container: string, { tailLines }: { tailLines: number }) =>
      log.trimEnd().split('\n').slice(-tailLines).join('\n'),
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
  return atReady({ pods }, 'crash-loop', { pod: 'replica-1', container: 'main' });
}
