import { isAbort } from '../errors.ts';
import { copyJson } from '../kube/frozen.ts';
import type { Store } from '../kube/store.ts';
import type { KubeObject, NodePoolState } from '../protocol.ts';
import type { ClusterFaults } from '../scenarios/types.ts';
import type { ClusterClock } from './clock.ts';
import type { RecordEvent } from './events.ts';
import { cpuNode, NOT_READY_TAINT, readyCondition, tpuNode, UNREACHABLE_TAINT } from './node-objects.ts';
import { NODES, PODS } from './resources.ts';

/** Seconds of cluster time from the VM to each step of its Node. */
const REGISTER_AFTER = 6;
const READY_AFTER = 9;
/** The device plugin advertises the chips only after the kubelet is Ready: a Ready node without TPUs is a real state. */
const CHIPS_AFTER = 5;
const DELETE_AFTER = 4;

export interface Nodes {
  /** The VMs that exist now in that pool; Node objects follow. */
  setPool(pool: string, state: NodePoolState): void;
  /** What was said last of that pool. */
  stateOf(pool: string): NodePoolState | undefined;
  close(): void;
}

/** Node objects follow the node pools' VMs, as the kubelets and the cloud's node controller make them do. */
export function startNodes(options: {
  store: Store;
  clock: ClusterClock;
  record: RecordEvent;
  zone: string;
  fate: ClusterFaults['nodes'];
}): Nodes {
  const { store, clock, record, fate } = options;
  const pools = new Map<string, Map<string, AbortController>>();
  const states = new Map<string, NodePoolState>();
  const stop = new AbortController();
  let addresses = 10;

  const patch = (name: string, change: (node: KubeObject) => void) => {
    const node = copyJson(store.get(NODES, undefined, name));
    if (!node) return;
    change(node);
    store.update(NODES, node);
  };
  const setReady = (node: KubeObject) => {
    node.status.conditions = [readyCondition('True', 'KubeletReady', 'kubelet is posting ready status')];
    node.spec.taints = node.spec.taints.filter((taint: { key: string }) => taint.key !== NOT_READY_TAINT.key);
  };

  const comeUp = async (name: string, pool: string, state: NodePoolState, signal: AbortSignal) => {
    await clock.wait(clock.jitter(REGISTER_AFTER), signal);
    addresses += 1;
    const node = store.create(NODES, tpuNode(name, pool, state, `10.164.0.${addresses}`));
    record(node, 'Normal', 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`);
    await clock.wait(clock.jitter(READY_AFTER), signal);
    if (fate === 'not-ready') return;
    patch(name, setReady);
    record(node, 'Normal', 'NodeReady', `Node ${name} status is now: NodeReady`);
    if (fate === 'no-chips') return;
    await clock.wait(clock.jitter(CHIPS_AFTER), signal);
    patch(name, (ready) => {
      const chips = { 'google.com/tpu': String(state.chipsPerNode) };
      ready.status.capacity = { ...ready.status.capacity, ...chips };
      ready.status.allocatable = { ...ready.status.allocatable, ...chips };
    });
  };

  const goAway = async (name: string, signal: AbortSignal) => {
    const node = store.get(NODES, undefined, name);
    if (!node) return;
    patch(name, (lost) => {
      lost.status.conditions = [readyCondition('Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.')];
      lost.spec.taints = [...lost.spec.taints, UNREACHABLE_TAINT];
    });
    // The VM is gone and its kubelet with it: nobody is left to end these pods gracefully.
    for (const pod of store.list(PODS)) {
      if (pod.spec?.nodeName === name) store.delete(PODS, pod.metadata.namespace, pod.metadata.name);
    }
    await clock.wait(DELETE_AFTER, signal);
    record(node, 'Normal', 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`);
    store.delete(NODES, undefined, name);
  };

  const run = (work: Promise<void>) => {
    work.catch((error: unknown) => {
      if (!isAbort(error)) throw error;
    });
  };

  const cpu = store.create(NODES, cpuNode('gke-llmd-default-pool-3f2a9c1d-x7k2', options.zone));
  patch(cpu.metadata.name, setReady);

  return {
    stateOf: (pool) => states.get(pool),
    setPool(pool, state) {
      states.set(pool, state);
      const current = pools.get(pool) ?? new Map<string, AbortController>();
      pools.set(pool, current);
      const wanted = new Set(state.nodes.map((vm) => vm.name));
      for (const [name, life] of current) {
        if (wanted.has(name)) continue;
        life.abort();
        current.delete(name);
        run(goAway(name, stop.signal));
      }
      for (const name of wanted) {
        if (current.has(name)) continue;
        const life = new AbortController();
        current.set(name, life);
        run(comeUp(name, pool, state, AbortSignal.any([life.signal, stop.signal])));
      }
    },
    close: () => stop.abort(),
  };
}
