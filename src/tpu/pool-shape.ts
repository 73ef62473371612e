import type { ClusterInfo, NodePoolInfo } from '../clients/google/gke.ts';
import { Failure } from '../lib/failure.ts';
import { chipsOf, hostsOfSlice, isTpuName, TPU_RESOURCE } from './machines.ts';

/** The pool that was named, or the only pool with TPU machines. */
export function choosePool(cluster: ClusterInfo, wanted: string | null): NodePoolInfo {
  const names = cluster.nodePools.map(({ name }) => name).join(', ') || 'none';
  if (wanted !== null) {
    const found = cluster.nodePools.find(({ name }) => name === wanted);
    if (found) return found;
    throw refuse(
      'pool-not-found',
      `Node pool "${wanted}" does not exist in ${cluster.name}; it has: ${names}.`,
      `Correct the input "node-pool": gcloud container node-pools list --cluster ${cluster.name} --location LOCATION`,
    );
  }
  const tpuPools = cluster.nodePools.filter(isTpuPool);
  const [only] = tpuPools;
  if (only && tpuPools.length === 1) return only;
  throw refuse(
    'pool-ambiguous',
    tpuPools.length === 0
      ? `Cluster ${cluster.name} has no node pool with TPU machines; its pools: ${names}.`
      : `Cluster ${cluster.name} has ${tpuPools.length} TPU node pools: ${tpuPools.map(({ name }) => name).join(', ')}.`,
    'Give the input "node-pool".',
  );
}

/** Whether anything about a pool says TPU: the name of its machines, its topology, or a taint of TPU nodes. */
export function isTpuPool({ machineType, tpuTopology, taints }: NodePoolInfo): boolean {
  return isTpuName(machineType) || tpuTopology !== null || taints.some(({ key }) => key === TPU_RESOURCE);
}

/** Hosts of one slice of the pool. 1 when it is a single-host pool, or when its machine or topology is not known. */
export function hostsOf({ machineType, tpuTopology }: NodePoolInfo): number {
  const chips = chipsOf(machineType);
  return (chips !== null && tpuTopology !== null && hostsOfSlice(tpuTopology, chips)) || 1;
}

/** Refuses a pool that a resize cannot serve, or cannot be trusted to release. */
export function checkPool(pool: NodePoolInfo, nodes: number, restingNodes: number): void {
  if (pool.status === 'ERROR' || pool.status === 'STOPPING') {
    const conditions = pool.conditions.join('; ');
    throw refuse(
      'pool-unusable',
      `Node pool ${pool.name} is ${pool.status}${conditions ? ` (${conditions})` : ''}.`,
      'Repair or recreate the pool first.',
    );
  }
  if (pool.locations.length > 1) {
    throw refuse(
      'pool-multi-zone',
      `Node pool ${pool.name} spans ${pool.locations.length} zones (${pool.locations.join(', ')}), and a resize counts per zone: ${nodes} would lease ${nodes * pool.locations.length} nodes.`,
      'Use a node pool in one zone.',
    );
  }
  if (pool.autoscaling) {
    throw refuse(
      'pool-autoscaled',
      `Node pool ${pool.name} is autoscaled, so the autoscaler and not the gate owns its size.`,
      'Use a pool without autoscaling, or turn it off for this one.',
    );
  }
  if (pool.queuedProvisioning) {
    throw refuse(
      'pool-queued',
      `Node pool ${pool.name} gets its nodes by queued provisioning, which a resize bypasses.`,
      'Use a pool without queued provisioning.',
    );
  }
  if (pool.flexStart) {
    throw refuse(
      'pool-flex-start',
      `Node pool ${pool.name} gets its nodes by flex-start, from the autoscaler's queue, which a resize bypasses.`,
      'Use a pool without flex-start.',
    );
  }
  if (pool.machineType !== null && !isTpuPool(pool)) {
    throw refuse(
      'pool-not-tpu',
      `Node pool ${pool.name} has machines of type ${pool.machineType}, which have no TPU chips.`,
      'Name a pool of ct6e machines, such as ct6e-standard-4t.',
    );
  }
  const hosts = hostsOf(pool);
  if (hosts > 1 && (nodes !== hosts || (restingNodes !== 0 && restingNodes !== hosts))) {
    throw refuse(
      'pool-multi-host',
      `Node pool ${pool.name} is one ${pool.tpuTopology} slice of ${hosts} hosts: its size can only be 0 or ${hosts}, not ${nodes} with ${restingNodes} at rest.`,
      `Set "nodes" to ${hosts} and "resting-nodes" to 0, or use a single-host pool (ct6e-standard-4t with 2x2).`,
    );
  }
}

/** What is worth knowing of a pool that is accepted. */
export function poolNotes(pool: NodePoolInfo, runMs: number): string[] {
  const notes = pool.conditions.map((text) => `node pool ${pool.name}: ${text}`);
  if (pool.status === 'RECONCILING' || pool.status === 'PROVISIONING') {
    notes.push(`node pool ${pool.name} is ${pool.status}: an operation is under way, whose end the lease waits for`);
  }
  if (pool.status === 'RUNNING_WITH_ERROR') {
    notes.push(`node pool ${pool.name} is RUNNING_WITH_ERROR: usable in part, as GKE says; the nodes will tell`);
  }
  if (pool.spot) {
    notes.push(`node pool ${pool.name} is of spot nodes: a run that loses one is reported as preempted, never as slow`);
  }
  if (pool.maxRunSeconds !== null && pool.maxRunSeconds * 1_000 < runMs) {
    const minutes = Math.round(pool.maxRunSeconds / 60);
    notes.push(`Google Cloud deletes the nodes of ${pool.name} after ${minutes} min, which is less than "timeout"`);
  }
  return notes;
}

function refuse(code: string, message: string, hint: string): Failure {
  return new Failure({ stage: 'preflight', code, message, hint });
}
