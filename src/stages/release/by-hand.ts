import type { GkeClient } from '../../clients/google/gke.ts';
import type { NodePoolInfo } from '../../clients/google/node-pool.ts';
import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { comesByDemand } from '../../tpu/pool-shape.ts';
import type { LeaseState } from '../context.ts';
import { poolNodes, type TpuNode } from '../lease/nodes.ts';

type Place = Pick<LeaseState, 'cluster' | 'nodePool' | 'location' | 'projectId'>;

/** The line that sets a pool to its size by hand. Every part was checked against a strict pattern when it came in. */
export function resizeCommand(lease: Place & Pick<LeaseState, 'restingNodes'>): string {
  return `gcloud container clusters resize ${lease.cluster} --node-pool ${lease.nodePool} --num-nodes ${lease.restingNodes} --location ${lease.location} --project ${lease.projectId} --quiet`;
}

/** The line that lets the gate release a pool again, or every pool of a cluster. */
export function cleanupCommand({
  projectId,
  location,
  cluster,
  nodePool,
}: Omit<Place, 'nodePool'> & Partial<Place>): string {
  const of = `tpu-serving-gate cleanup --project-id ${projectId} --location ${location} --cluster ${cluster}`;
  return nodePool === undefined ? of : `${of} --node-pool ${nodePool}`;
}

/** Where the nodes of a pool are read, for the line. */
export interface Looking {
  gke: Pick<GkeClient, 'getNodePool'>;
  kube: Pick<KubeClient, 'list'> | null;
}

/**
 * The line that takes nodes away by hand. Of a pool whose autoscaler owns the size, it deletes the machines by name, as the
 * autoscaler does: a resize would fight it. What cannot be read is left to the gate's own cleanup.
 */
export async function handCommand(
  { gke, kube }: Looking,
  lease: Place & Pick<LeaseState, 'restingNodes' | 'demand'>,
): Promise<string> {
  const pool = await gke.getNodePool(lease.nodePool).catch(() => null);
  if (pool ? !comesByDemand(pool) : !lease.demand) return resizeCommand(lease);
  const nodes = kube ? await poolNodes(kube as KubeClient, lease.nodePool).catch(() => []) : [];
  const lines = pool ? deletions(pool, nodes.slice(lease.restingNodes), lease.projectId) : [];
  return lines.length > 0 ? lines.join(' && ') : cleanupCommand(lease);
}

/** Names of machines and groups are those of the API; anything else is left out of a command. */
const NAME = /^[a-z][a-z0-9-]{0,62}$/;

function deletions({ instanceGroups }: NodePoolInfo, nodes: readonly TpuNode[], project: string): string[] {
  return instanceGroups.flatMap(({ zone, name }) => {
    const here = nodes.filter((node) => NAME.test(node.name) && (node.zone ?? zone) === zone);
    if (here.length === 0) return [];
    const instances = here.map((node) => node.name).join(',');
    return [
      `gcloud compute instance-groups managed delete-instances ${name} --instances=${instances} --zone=${zone} --project=${project}`,
    ];
  });
}
