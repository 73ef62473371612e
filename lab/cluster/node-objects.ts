import { createHash } from 'node:crypto';
import type { KubeObject, NodePoolState } from '../protocol.ts';
import { type Condition, nowIso } from './objects.ts';

const KUBELET_VERSION = 'v1.32.4-gke.1106006';

interface NodeShape {
  name: string;
  pool: string;
  zone: string;
  machineType: string;
  internalIp: string;
  labels: Record<string, string>;
  taints: { key: string; value?: string; effect: string }[];
  capacity: Record<string, string>;
}

/** A TPU node as GKE registers it: labels and taint of the v6e (Trillium) host, chips not yet advertised. */
export function tpuNode(name: string, pool: string, state: NodePoolState, internalIp: string): KubeObject {
  return node({
    name,
    pool,
    zone: state.zone,
    machineType: state.machineType,
    internalIp,
    labels: {
      'cloud.google.com/gke-tpu-accelerator': state.accelerator ?? 'tpu-v6e-slice',
      'cloud.google.com/gke-tpu-topology': state.tpuTopology,
      'cloud.google.com/gke-accelerator-count': String(state.chipsPerNode),
      ...state.labels,
    },
    taints: [{ key: 'google.com/tpu', value: 'present', effect: 'NoSchedule' }],
    capacity: { cpu: '180', memory: '755032320Ki', 'ephemeral-storage': '98831908Ki', pods: '110' },
  });
}

/** The node of the default pool, where everything runs that needs no TPU. */
export function cpuNode(name: string, zone: string): KubeObject {
  return node({
    name,
    pool: 'default-pool',
    zone,
    machineType: 'e2-standard-8',
    internalIp: '10.164.0.2',
    labels: {},
    taints: [],
    capacity: { cpu: '8', memory: '32863740Ki', 'ephemeral-storage': '98831908Ki', pods: '110' },
  });
}

function node(shape: NodeShape): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: shape.name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/instance-type': shape.machineType,
        'beta.kubernetes.io/os': 'linux',
        'cloud.google.com/gke-boot-disk': 'pd-balanced',
        'cloud.google.com/gke-container-runtime': 'containerd',
        'cloud.google.com/gke-nodepool': shape.pool,
        'cloud.google.com/gke-os-distribution': 'cos',
        'cloud.google.com/machine-family': shape.machineType.split('-')[0] as string,
        'failure-domain.beta.kubernetes.io/region': regionOf(shape.zone),
        'failure-domain.beta.kubernetes.io/zone': shape.zone,
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': shape.name,
        'kubernetes.io/os': 'linux',
        'node.kubernetes.io/instance-type': shape.machineType,
        'topology.gke.io/zone': shape.zone,
        'topology.kubernetes.io/region': regionOf(shape.zone),
        'topology.kubernetes.io/zone': shape.zone,
        ...shape.labels,
      },
    },
    spec: { taints: [...shape.taints, NOT_READY_TAINT] },
    status: {
      addresses: [
        { type: 'InternalIP', address: shape.internalIp },
        { type: 'Hostname', address: shape.name },
      ],
      capacity: shape.capacity,
      allocatable: shape.capacity,
      conditions: [readyCondition('False', 'KubeletNotReady', NETWORK_NOT_READY)],
      nodeInfo: {
        architecture: 'amd64',
        containerRuntimeVersion: 'containerd://2.0.6',
        kernelVersion: '6.6.97+',
        kubeletVersion: KUBELET_VERSION,
        // The API serves the field for ever, and newer kubelets leave it empty.
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        osImage: 'Container-Optimized OS from Google',
        ...identityOf(shape.name),
      },
      daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
      images: [],
    },
  };
}

/** The ids of a machine, in the forms that a kubelet reads from Linux; the same for the same name. */
function identityOf(name: string): Record<'machineID' | 'systemUUID' | 'bootID', string> {
  const digits = (what: string) => createHash('sha256').update(`${what} ${name}`).digest('hex').slice(0, 32);
  const uuid = (what: string) => digits(what).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { machineID: digits('machine'), systemUUID: uuid('system'), bootID: uuid('boot') };
}

export const NOT_READY_TAINT = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
export const UNREACHABLE_TAINT = { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' };

const NETWORK_NOT_READY =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';

export function readyCondition(status: Condition['status'], reason: string, message: string): Condition {
  const now = nowIso();
  return { type: 'Ready', status, reason, message, lastHeartbeatTime: now, lastTransitionTime: now };
}

function regionOf(zone: string): string {
  return zone.replace(/-[a-z]$/, '');
}
