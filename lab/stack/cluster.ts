import type { Mirror } from '../apiserver/mirror.ts';
import { createClock } from '../cluster/clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { createDemand } from '../cluster/demand.ts';
import { startDeployments } from '../cluster/deployments.ts';
import { startDisruption } from '../cluster/disruption.ts';
import { startEndpointSlices } from '../cluster/endpoint-slices.ts';
import { createRecorder } from '../cluster/events.ts';
import { watchFaults } from '../cluster/faults.ts';
import { startKubelet } from '../cluster/kubelet.ts';
import { startNodes } from '../cluster/nodes.ts';
import { createPodLogs } from '../cluster/pod-logs.ts';
import { createReplicas } from '../cluster/replicas.ts';
import { startReplicaSets } from '../cluster/replicasets.ts';
import { PODS } from '../cluster/resources.ts';
import { startScheduling } from '../cluster/scheduling.ts';
import type { Store } from '../kube/store.ts';
import type { KubeConfig } from '../protocol.ts';
import { POD_NETWORK } from './addresses.ts';
import { ADMIN_PORT } from './envoy.ts';
import { startNamespacedLoops } from './namespaced-loops.ts';
import type { RunningPrograms } from './programs.ts';

/** The cluster below a stack of real parts. */
export interface StackCluster extends Cluster {
  /** While the stack comes up nothing waits for cluster time. */
  setBooting(booting: boolean): void;
}

/**
 * What a real control plane still needs of the lab: kube-controller-manager's loops, a scheduler, nodes, and a kubelet
 * that runs programs. KServe, Istio and the endpoint picker are none of its controllers.
 */
export function startStackCluster(
  config: KubeConfig,
  store: Store,
  mirror: Mirror,
  programs: RunningPrograms,
): StackCluster {
  const clock = createClock(config);
  clock.setBooting(true);
  const logs = createPodLogs((namespace, name, container) => {
    const spec = store.get(PODS, namespace, name)?.spec;
    const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])] as { name: string }[];
    return all.some((one) => one.name === container);
  });
  const replicas = createReplicas(config.servingControlUrl, clock);
  const recorder = (component: string) => createRecorder(store, component);
  const { nodes: fate, refusedPods: refusal } = config.scenario.cluster;
  const nodes = startNodes({ store, clock, record: recorder('node-controller'), zone: 'europe-west4-a', fate });
  const faults = watchFaults(store);
  const { scenario } = config;
  const kubelet = { store, clock, record: recorder('kubelet'), logs, replicas, scenario };
  const controllers = [
    startKubelet({ ...kubelet, programs, network: POD_NETWORK }),
    startScheduling({ store, record: recorder('default-scheduler') }),
    startReplicaSets({ store, clock, record: recorder('replicaset-controller'), refusal }),
    startDeployments({ store, clock, record: recorder('deployment-controller') }),
    startEndpointSlices(store),
    startDisruption(store),
    startNamespacedLoops(store),
  ];
  return {
    setNodePool: (pool, state) => nodes.setPool(pool, state),
    demand: createDemand(store, nodes.stateOf),
    setBooting: (booting) => clock.setBooting(booting),
    readLogs: logs.read,
    podAddress(namespace, name, port) {
      const pod = store.get(PODS, namespace, name);
      const isGateway = pod?.metadata.labels?.['gateway.networking.k8s.io/gateway-name'] !== undefined;
      if (isGateway && port === ADMIN_PORT) return { host: '127.0.0.1', port };
      const host = pod?.status?.podIP as string | undefined;
      return host ? { host, port } : null;
    },
    faults: faults.list,
    async close() {
      faults.close();
      nodes.close();
      for (const controller of controllers.reverse()) await controller.close();
      await replicas.close();
      await mirror.idle();
    },
  };
}
