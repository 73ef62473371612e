import type { ClusterInfo } from '../clients/google/gke.ts';
import type { NodePoolInfo } from '../clients/google/node-pool.ts';
import { Failure } from '../lib/failure.ts';
import { chipsOf, hostsOfSlice, isTpuName, TPU_RESOURCE } from './machines.ts';

/** Name of the pool that a run would use; null where `choosePool` refuses, which preflight reports. */
export function poolNamed(cluster: ClusterInfo, wanted: string | null): string | null {
  try {
    return choosePool(cluster, wanted).name;
  } catch {
    return null;
  }
}

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

/** Whether pods that wait bring the nodes of a pool, and a resize does not or would be undone. */
export function comesByDemand(pool: Pick<NodePoolInfo, 'autoscaling' | 'queuedProvisioning' | 'flexStart'>): boolean {
  return pool.autoscaling !== null || pool.queuedProvisioning || pool.flexStart;
}

/** The input `capacity` for one pool: whether its nodes are got by demand. Refuses a way that the pool does not have. */
export function isByDemand(pool: NodePoolInfo, capacity: 'auto' | 'resize' | 'demand'): boolean {
  if (capacity === 'resize') checkResizable(pool);
  else if (comesByDemand(pool) || capacity === 'demand') {
    if (pool.autoscaling) return true;
    throw refuse(
      'pool-not-autoscaled',
      `Node pool ${pool.name} has no autoscaler, so pods that wait bring no nodes${pool.queuedProvisioning || pool.flexStart ? ', and a resize does not either' : ''}.`,
      `Turn autoscaling on for the pool${comesByDemand(pool) ? '' : ', or set "capacity" to resize'}: gcloud container node-pools update ${pool.name} --enable-autoscaling --total-min-nodes 0 --total-max-nodes NODES`,
    );
  }
  return false;
}

/** Refuses a pool whose size is not the gate's to set. */
function checkResizable({ name, autoscaling, queuedProvisioning, flexStart }: NodePoolInfo): void {
  const hint = 'Set "capacity" to auto or demand, which asks for nodes by pods; or name a pool without it.';
  if (autoscaling) {
    const message = `Node pool ${name} is autoscaled, so the autoscaler and not the gate owns its size.`;
    throw refuse('pool-autoscaled', message, hint);
  }
  if (queuedProvisioning) {
    const message = `Node pool ${name} gets its nodes by queued provisioning, which a resize bypasses.`;
    throw refuse('pool-queued', message, hint);
  }
  if (flexStart) {
    const message = `Node pool ${name} gets its nodes by flex-start, from the autoscaler's queue, which a resize bypasses.`;
    throw refuse('pool-flex-start', message, hint);
  }
}

/** Refuses a pool that cannot serve, or cannot be trusted to be released. `byDemand` is what `isByDemand` returns. */
export function checkPool(pool: NodePoolInfo, nodes: number, restingNodes: number, byDemand = false): void {
  if (pool.status === 'ERROR' || pool.status === 'STOPPING') {
    const conditions = pool.conditions.join('; ');
    throw refuse(
      'pool-unusable',
      `Node pool ${pool.name} is ${pool.status}${conditions ? ` (${conditions})` : ''}.`,
      'Repair or recreate the pool first.',
    );
  }
  if (pool.machineType !== null && !isTpuPool(pool)) {
    throw refuse(
      'pool-not-tpu',
      `Node pool ${pool.name} has machines of type ${pool.machineType}, which have no TPU chips.`,
      'Name a pool of ct6e machines, such as ct6e-standard-4t.',
    );
  }
  if (byDemand) checkDemand(pool, nodes, restingNodes);
  else checkResize(pool, nodes, restingNodes);
}

function checkDemand(pool: NodePoolInfo, nodes: number, restingNodes: number): void {
  const hosts = hostsOf(pool);
  if (hosts > 1) {
    throw refuse(
      'pool-multi-host',
      `Node pool ${pool.name} is one ${pool.tpuTopology} slice of ${hosts} hosts. Its replicas would have to be LeaderWorkerSets of ${hosts} pods, and the pods that hold nodes one group.`,
      'Use a pool of single-host machines, such as ct6e-standard-4t with 2x2.',
    );
  }
  const { minNodes = 0, maxNodes = null } = pool.autoscaling ?? {};
  if (restingNodes < minNodes) {
    throw refuse(
      'pool-autoscaler-limits',
      `The autoscaler keeps at least ${minNodes} nodes in ${pool.name}, and "resting-nodes" is ${restingNodes}: they would never go.`,
      'Lower the minimum of the autoscaler to 0, or set "resting-nodes" to it.',
    );
  }
  if (maxNodes !== null && nodes > maxNodes) {
    throw refuse(
      'pool-autoscaler-limits',
      `The run needs ${nodes} nodes of ${pool.name}, and its autoscaler brings at most ${maxNodes}.`,
      'Raise the maximum of the autoscaler, or lower the replicas in the manifests.',
    );
  }
}

function checkResize(pool: NodePoolInfo, nodes: number, restingNodes: number): void {
  checkResizable(pool);
  if (pool.locations.length > 1) {
    throw refuse(
      'pool-multi-zone',
      `Node pool ${pool.name} spans ${pool.locations.length} zones (${pool.locations.join(', ')}), and a resize counts per zone: ${nodes} would lease ${nodes * pool.locations.length} nodes.`,
      'Use a node pool in one zone.',
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

/** How the nodes of a pool are paid for, as words behind its name; empty for nodes on demand. */
export function provisioningText({
  spot,
  reserved,
  reservations,
  flexStart,
  queuedProvisioning,
}: NodePoolInfo): string {
  const words = [
    ...(spot ? ['spot'] : []),
    ...(reserved ? [reservations.length > 0 ? `reservation ${reservations.join(', ')}` : 'a reservation'] : []),
    ...(flexStart ? ['flex-start'] : []),
    ...(queuedProvisioning ? ['queued provisioning'] : []),
  ];
  return words.length > 0 ? ` on ${words.join(' with ')}` : '';
}

/** What is worth knowing of a pool that is accepted. */
export function poolNotes(pool: NodePoolInfo, runMs: number): string[] {
  const notes = pool.conditions.map((text) => `node pool ${pool.name}: ${text}`);
  if (pool.status === 'RECONCILING' || pool.status === 'PROVISIONING') {
    notes.push(`node pool ${pool.name} is ${pool.status}: an operation is under way, whose end the lease waits for`);
  }
  if (pool.status === 'RUNNING_WITH_ERROR') {
    notes.push(`node pool ${pool.name} is RUNNING_WITH_ERROR: usable in part, as GKE reports; the nodes will show it`);
  }
  if (pool.spot) {
    notes.push(
      `node pool ${pool.name} is of spot nodes: a run that loses one is an error, named as preempted, and never slow`,
    );
  }
  if (pool.autoscaling?.autoprovisioned) {
    notes.push(`node auto-provisioning made ${pool.name} and may delete it while it is empty`);
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
