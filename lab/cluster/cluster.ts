import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Store } from '../kube/store.ts';
import type { CommonConfig, KubeObject, NodePoolState, PemPair } from '../protocol.ts';
import { startAutoscaler } from './autoscaler.ts';
import { createClock } from './clock.ts';
import { createDemand, type Demand } from './demand.ts';
import { startDeployments } from './deployments.ts';
import { startDisruption } from './disruption.ts';
import { startDisruptor } from './drain.ts';
import { startEndpointSlices } from './endpoint-slices.ts';
import { createRecorder } from './events.ts';
import { watchFaults } from './faults.ts';
import { startGatewaySync } from './gateway-sync.ts';
import { startIstiod } from './istiod.ts';
import { startJobs } from './jobs.ts';
import { startKserve } from './kserve.ts';
import type { GatewayRef } from './kserve-router.ts';
import { type KserveVersion, kserveTraits } from './kserve-versions.ts';
import { startKubelet } from './kubelet.ts';
import { startLateFaults } from './late-faults.ts';
import { startNodes } from './nodes.ts';
import type { PodApi } from './pod-context.ts';
import { createPodLogs, type PodLogs } from './pod-logs.ts';
import { createReplicas } from './replicas.ts';
import { startReplicaSets } from './replicasets.ts';
import { GATEWAYS, PODS, resourceOf } from './resources.ts';
import { startScheduling } from './scheduling.ts';

export interface ClusterOptions extends CommonConfig {
  store: Store;
  tls: PemPair;
  caPem: string;
  servingControlUrl: string;
  gateway: GatewayRef & { adminPort: number };
  seedObjects: KubeObject[];
  /** Which controller turns an LLMInferenceService into its objects; ODH v0.15 unless given. */
  kserve?: KserveVersion;
  /** The API server before this cluster, for programs in its pods; known once it has started. */
  api?: Promise<PodApi>;
  /** Resolves when the store has taken what was written so far; at once for one that is in this process. */
  settled?: () => Promise<void>;
}

/**
 * The cluster behind its API: what happens to objects after somebody has written them. Garbage collection is not here
 * but with the API server.
 */
export interface Cluster {
  setNodePool(pool: string, state: NodePoolState): void;
  demand: Demand;
  readLogs: PodLogs['read'];
  /** Loopback address of a pod's port; null when nothing listens there. */
  podAddress(namespace: string, pod: string, port: number): { host: string; port: number } | null;
  /** The faults that could be seen, and when each could be seen first, in wall milliseconds. */
  faults(): { at: number; what: string }[];
  close(): Promise<void>;
}

/** Zone of the always present CPU node, when no node pool has named one yet. */
const ZONE = 'europe-west4-a';
/** Seconds of cluster time in which Istio's debounce leaves a changed route with its old status. */
const ISTIO_LAG = 1;
/** Where Istio's Envoys have their admin listener. */
const ENVOY_ADMIN = 15_000;

/** Seeds the store and starts every controller; resolves when what was there before the run has settled. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { store, gateway, servingControlUrl } = options;
  const faults = options.scenario.cluster;
  const clock = createClock(options);
  const crds = options.seedObjects.filter((object) => object.kind === 'CustomResourceDefinition');
  for (const object of options.seedObjects) {
    const resource = resourceOf(object, crds);
    // An API server comes with some of them.
    if (!store.get(resource, object.metadata.namespace, object.metadata.name)) store.create(resource, object);
  }

  await options.settled?.();

  clock.setBooting(true);
  const logs = createPodLogs((namespace, name, container) => {
    const spec = store.get(PODS, namespace, name)?.spec;
    const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])] as { name: string }[];
    return all.some((one) => one.name === container);
  });
  const replicas = createReplicas(servingControlUrl, clock);
  const recorder = (component: string) => createRecorder(store, component);
  const nodes = startNodes({ store, clock, record: recorder('node-controller'), zone: ZONE, fate: faults.nodes });
  const visible = watchFaults(store);
  const closing = new AbortController();
  const istioLag = () => clock.wait(clock.jitter(ISTIO_LAG), closing.signal);
  const controllers = [
    startKubelet({
      ...{ store, clock, record: recorder('kubelet'), logs, replicas, scenario: options.scenario },
      ...(options.api ? { api: options.api } : {}),
    }),
    startScheduling({ store, record: recorder('default-scheduler') }),
    startReplicaSets({
      ...{ store, clock, record: recorder('replicaset-controller') },
      ...{ refusal: faults.refusedPods, strips: faults.strips },
    }),
    startJobs({ store, clock, record: recorder('job-controller') }),
    startDeployments({ store, clock, record: recorder('deployment-controller') }),
    startEndpointSlices(store),
    startDisruption(store),
    startIstiod(
      store,
      faults.routes === 'own' ? 'own' : 'any',
      kserveTraits(options.kserve).migratesAfter > 0 ? istioLag : undefined,
    ),
    startKserve({ ...options, clock, record: recorder('LLMInferenceServiceController') }),
    startLateFaults(store, faults),
    ...(faults.scaleIn === 'grows' ? [startAutoscaler(store, clock)] : []),
    ...(faults.disrupted === 'no' ? [] : [startDisruptor(store, clock, faults.disrupted)]),
    startGatewaySync({
      ...{ store, gateway, servingControlUrl, addressOf: replicas.addressOf },
      asks: faults.routes === 'oldest-pool' ? 'oldest' : 'every',
    }),
  ];
  await settled(store, options.settled);
  clock.setBooting(false);

  return {
    setNodePool: (pool, state) => nodes.setPool(pool, state),
    demand: createDemand(store, nodes.stateOf),
    readLogs: logs.read,
    podAddress(namespace, name, port) {
      const labels = store.get(PODS, namespace, name)?.metadata.labels;
      if (labels?.['gateway.networking.k8s.io/gateway-name'] === gateway.name) {
        if (port === ENVOY_ADMIN) return { host: '127.0.0.1', port: gateway.adminPort };
        // The listener, which is a process of this machine on the same port.
        if (port === listenerPort(store, gateway)) return { host: '127.0.0.1', port };
      }
      const address = store.get(PODS, namespace, name) && replicas.addressOf(namespace, name);
      return address?.podPort === port ? { host: '127.0.0.1', port: address.port } : null;
    },
    faults: visible.list,
    async close() {
      closing.abort();
      visible.close();
      nodes.close();
      for (const controller of controllers) await controller.close();
      await replicas.close();
    },
  };
}

/** The port of the gateway's first listener, by its object. */
function listenerPort(store: Store, { namespace, name }: GatewayRef): number | undefined {
  return store.get(GATEWAYS, namespace, name)?.spec?.listeners?.[0]?.port;
}

/** While booting nothing waits, so the store comes to rest; a score of quiet turns tells that it has. */
async function settled(store: Store, taken: () => Promise<void> = async () => {}): Promise<void> {
  for (let quiet = 0; quiet < 20; ) {
    const before = store.revision();
    await nextTurn();
    await taken();
    quiet = store.revision() === before ? quiet + 1 : 0;
  }
}
