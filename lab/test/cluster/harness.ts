import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Cluster, startCluster } from '../../cluster/cluster.ts';
import type { KserveVersion } from '../../cluster/kserve-versions.ts';
import { LLM_SERVICES, PODS } from '../../cluster/resources.ts';
import { createStore, type Store } from '../../kube/store.ts';
import type { GatewayTable, KubeObject, NodePoolState, ReplicaStart } from '../../protocol.ts';
import { SCENARIOS } from '../../scenarios/scenarios.ts';
import { seedObjects } from '../../seed.ts';

export const NAMESPACE = 'llm-d-inference-scheduling';
export const GATEWAY = { namespace: 'opendatahub', name: 'inference-gateway' };

export interface FakeServing {
  url: string;
  /** Replicas that run now, by `namespace/pod`. */
  replicas: Map<string, ReplicaStart>;
  /** The last table pushed. */
  table(): GatewayTable;
  close(): Promise<void>;
}

/** Speaks the serving side's control protocol and starts nothing. */
export async function fakeServing(): Promise<FakeServing> {
  const replicas = new Map<string, ReplicaStart>();
  let table: GatewayTable = { routes: [] };
  const server = createServer(async (request, response) => {
    const [collection, ...rest] = (request.url ?? '').slice(1).split('/');
    const name = rest.join('/');
    const body = await text(request);
    if (collection === 'gateway') table = JSON.parse(body);
    else if (request.method === 'PUT') replicas.set(name, JSON.parse(body));
    else replicas.delete(name);
    response.writeHead(200).end(JSON.stringify({ port: 40_000 + replicas.size }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    replicas,
    table: () => table,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface TestCluster {
  store: Store;
  cluster: Cluster;
  serving: FakeServing;
  close(): Promise<void>;
}

/** A seeded cluster that runs 400 times faster than the wall clock; without Pattern 1 unless `seeds` keeps it. */
export async function testCluster(
  options: {
    scenario?: keyof typeof SCENARIOS;
    kserve?: KserveVersion;
    timeScale?: number;
    seeds?: (seed: KubeObject) => boolean;
  } = {},
): Promise<TestCluster> {
  const serving = await fakeServing();
  const store = createStore();
  const kserve = options.kserve ?? 'odh-v0.15';
  const seeds = seedObjects({ namespace: NAMESPACE, gateway: { ...GATEWAY, host: '127.0.0.1', port: 8080 }, kserve });
  const cluster = await startCluster({
    store,
    timeScale: options.timeScale ?? 400,
    seed: 7,
    kserve,
    scenario: SCENARIOS[options.scenario ?? 'pass']!,
    tls: { cert: 'certificate', key: 'key' },
    caPem: 'ca',
    servingControlUrl: serving.url,
    gateway: { ...GATEWAY, adminPort: 1 },
    seedObjects: seeds.filter(options.seeds ?? ((seed) => seed.kind !== 'LLMInferenceService')),
  });
  return {
    store,
    cluster,
    serving,
    async close() {
      await cluster.close();
      await serving.close();
    },
  };
}

/** Polls until `probe` gives something other than undefined or false; fails with `what` after 20 s. */
export async function until<T>(what: string, probe: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = probe();
    if (found !== undefined && found !== false) return found as T;
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function nodePool(count: number): NodePoolState {
  return {
    machineType: 'ct6e-standard-4t',
    tpuTopology: '2x2',
    chipsPerNode: 4,
    zone: 'europe-west4-a',
    nodes: Array.from({ length: count }, (_, index) => ({
      name: `gke-tpu-v6e-pool-${index}`,
      createdAt: new Date().toISOString(),
    })),
  };
}

const SCRIPT = `exec python3 -m vllm.entrypoints.openai.api_server \\
  --model=/mnt/models --served-model-name=Qwen/Qwen2.5-3B-Instruct --port=8000 \\
  --max-model-len=2048 --enable-prefix-caching \\
  --ssl-certfile=/var/run/kserve/tls/tls.crt --ssl-keyfile=/var/run/kserve/tls/tls.key
`;

/** An LLMInferenceService as the shipped manifests write it. */
export function patternThree(changes: (main: Record<string, unknown>) => void = () => {}): KubeObject {
  const probe = (path: string) => ({ httpGet: { path, port: 8000, scheme: 'HTTPS' }, periodSeconds: 5 });
  const main: Record<string, unknown> = {
    name: 'main',
    image: 'registry.example.com/vllm-tpu:3.2.5',
    command: ['/bin/bash', '-c'],
    args: [SCRIPT],
    env: [{ name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name: 'hf-token', key: 'HF_TOKEN' } } }],
    resources: { requests: { 'google.com/tpu': '4' }, limits: { 'google.com/tpu': '4' } },
    startupProbe: { ...probe('/health'), failureThreshold: 150 },
    readinessProbe: probe('/v1/models'),
  };
  changes(main);
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'LLMInferenceService',
    metadata: { name: 'qwen2-3b-pattern3', namespace: NAMESPACE },
    spec: {
      model: { uri: 'hf://Qwen/Qwen2.5-3B-Instruct', name: 'Qwen/Qwen2.5-3B-Instruct' },
      replicas: 3,
      router: { route: {}, gateway: {}, scheduler: {} },
      template: {
        nodeSelector: { 'cloud.google.com/gke-tpu-accelerator': 'tpu-v6e-slice' },
        tolerations: [{ key: 'google.com/tpu', operator: 'Exists' }],
        imagePullSecrets: [{ name: 'redhat-pull-secret' }],
        containers: [main],
      },
    },
  };
}

/** Pods of a service; the workload's, or the scheduler's. */
export function podsOf(store: Store, service: string, component = 'workload'): KubeObject[] {
  return store
    .list(PODS, NAMESPACE)
    .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === service)
    .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === `llminferenceservice-${component}`);
}

/** `2/2` as kubectl shows it. */
export function readiness(pod: KubeObject): string {
  const statuses = (pod.status?.containerStatuses ?? []) as { ready: boolean }[];
  return `${statuses.filter((one) => one.ready).length}/${pod.spec.containers.length}`;
}

export function condition(object: KubeObject | undefined, type: string) {
  return (object?.status?.conditions as { type: string; status: string; reason?: string; message?: string }[])?.find(
    (one) => one.type === type,
  );
}

export function serviceOf(store: Store, name = 'qwen2-3b-pattern3'): KubeObject | undefined {
  return store.get(LLM_SERVICES, NAMESPACE, name);
}
