import type { Store } from '../kube/store.ts';
import type { DemandView, KubeObject, NodePoolState, ScaleEvent } from '../protocol.ts';
import { createRecorder } from './events.ts';
import { tpuNode } from './node-objects.ts';
import { conditionOf, isReady, withCondition, writeStatus } from './objects.ts';
import { priorityOf } from './priority.ts';
import { NODES, PODS, PROVISIONING_REQUESTS } from './resources.ts';
import { place } from './scheduler.ts';

const CONSUMES = 'autoscaling.x-k8s.io/consume-provisioning-request';
/** Pods below it bring no nodes: the default of the cluster autoscaler's flag `expendable-pods-priority-cutoff`. */
const EXPENDABLE = -10;
const SAFE_TO_EVICT = 'cluster-autoscaler.kubernetes.io/safe-to-evict';

/** The cluster as its autoscaler sees it, and what the autoscaler writes into it. */
export interface Demand {
  view(pool: string): DemandView;
  note(event: ScaleEvent): void;
  /** Sets a condition of a ProvisioningRequest. */
  settle(request: { namespace: string; name: string; type: string; status: 'True' | 'False'; message: string }): void;
  /** Deletes the pods of a node that is about to go. */
  drain(node: string): void;
}

/** `stateOf` returns the kind of machines of a pool, once it is known. */
export function createDemand(store: Store, stateOf: (pool: string) => NodePoolState | undefined): Demand {
  const record = createRecorder(store, 'cluster-autoscaler');
  let newest: { pool: string; state: NodePoolState | undefined; revision: number; view: DemandView } | undefined;
  return {
    view(pool) {
      const state = stateOf(pool);
      const revision = store.revision();
      // An autoscaler looks far more often than anything changes. What a real API server has not confirmed is in no revision.
      const isNewest = newest?.pool === pool && newest.state === state && newest.revision === revision;
      if (newest && isNewest && !store.isPending) return newest.view;
      const view = viewOf(store, pool, state);
      newest = { pool, state, revision, view };
      return view;
    },
    note({ namespace, name, type, reason, message }) {
      const pod = store.get(PODS, namespace, name);
      if (pod) record(pod, type, reason, message);
    },
    settle({ namespace, name, type, status, message }) {
      const request = store.get(PROVISIONING_REQUESTS, namespace, name);
      if (!request) return;
      const conditions = withCondition(request.status?.conditions, { type, status, reason: type, message });
      writeStatus(store, PROVISIONING_REQUESTS, request, { ...request.status, conditions });
    },
    drain(node) {
      for (const pod of store.list(PODS)) {
        if (pod.spec?.nodeName !== node) continue;
        record(pod, 'Normal', 'ScaleDown', 'deleting pod for node scale down');
      }
    },
  };
}

function viewOf(store: Store, pool: string, state: NodePoolState | undefined): DemandView {
  const nodes = store.list(NODES).filter(({ metadata }) => metadata.labels?.['cloud.google.com/gke-nodepool'] === pool);
  const pods = store.list(PODS);
  const onNode = (name: string) =>
    pods.filter(({ spec, status }) => spec?.nodeName === name && !['Succeeded', 'Failed'].includes(status?.phase));
  const waiting = state ? pods.filter((pod) => isWaiting(store, pod)) : [];
  const usable = nodes.filter((node) => isReady(node) && node.status.allocatable?.['google.com/tpu']);
  const { count, placed } = state ? packed(waiting, { pool, state, nodes: usable, pods }) : { count: 0, placed: [] };
  return {
    needed: count,
    pending: placed.map(({ metadata }) => ({ namespace: metadata.namespace as string, name: metadata.name })),
    usable: usable.map(nameOf),
    idle: nodes.map(nameOf).filter((name) => onNode(name).length === 0),
    pinned: nodes.map(nameOf).filter((name) => onNode(name).some(isPinned)),
    requests: store.list(PROVISIONING_REQUESTS).map(({ metadata, spec, status }) => ({
      namespace: metadata.namespace as string,
      name: metadata.name,
      count: Number(spec.podSets?.[0]?.count ?? 0),
      conditions: Object.fromEntries(
        ((status?.conditions ?? []) as { type: string; status: string }[]).map((one) => [one.type, one.status]),
      ),
    })),
  };
}

const nameOf = ({ metadata }: KubeObject) => metadata.name;

function isPinned({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[SAFE_TO_EVICT] === 'false';
}

/** A pod that a new node would help: one that a preemption makes room for already has its place. */
function isWaiting(store: Store, pod: KubeObject): boolean {
  return (
    !pod.spec?.nodeName &&
    !pod.metadata.deletionTimestamp &&
    !pod.status?.nominatedNodeName &&
    conditionOf(pod, 'PodScheduled')?.reason === 'Unschedulable' &&
    priorityOf(store, pod) >= EXPENDABLE &&
    pod.metadata.annotations?.[CONSUMES] === undefined
  );
}

interface Room {
  pool: string;
  state: NodePoolState;
  /** Nodes that are there, and all pods. */
  nodes: readonly KubeObject[];
  pods: readonly KubeObject[];
}

/**
 * How many new nodes the pods would fill that find no room on those that are there, and which pods fit on a new one at all.
 */
function packed(waiting: KubeObject[], { pool, state, ...there }: Room): { count: number; placed: KubeObject[] } {
  const nodes = [...there.nodes];
  const bound = there.pods.map((pod) => (pod.status?.nominatedNodeName ? nominated(pod) : pod));
  const placed: KubeObject[] = [];
  const bind = (pod: KubeObject): boolean => {
    const at = place(pod, nodes, bound);
    if (!('node' in at)) return false;
    bound.push({ ...pod, spec: { ...pod.spec, nodeName: at.node } });
    return true;
  };
  for (const pod of waiting) {
    if (!bind(pod)) {
      nodes.push(freshNode(`new-${nodes.length}`, pool, state));
      if (!bind(pod)) {
        nodes.pop();
        continue;
      }
    }
    placed.push(pod);
  }
  return { count: nodes.length - there.nodes.length, placed };
}

function nominated(pod: KubeObject): KubeObject {
  return { ...pod, spec: { nodeName: pod.status.nominatedNodeName, ...pod.spec } };
}

function freshNode(name: string, pool: string, state: NodePoolState): KubeObject {
  const node = tpuNode(name, pool, state, '10.164.0.9');
  const chips = { 'google.com/tpu': String(state.chipsPerNode) };
  const taints = (node.spec.taints as { key: string }[]).filter(({ key }) => key === 'google.com/tpu');
  return {
    ...node,
    spec: { taints },
    status: { ...node.status, allocatable: { ...node.status.allocatable, ...chips } },
  };
}
