import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { Node } from '../../clients/kubernetes/kinds.ts';
import { isTrue } from '../../stack/conditions.ts';
import { TOPOLOGY_LABEL, TPU_RESOURCE } from '../../tpu/machines.ts';
import { POOL_LABEL } from '../../tpu/node-labels.ts';

export interface TpuNode {
  name: string;
  ready: boolean;
  chips: number;
  createdAt: string;
  topology: string | null;
  zone: string | null;
}

/** The nodes of a pool as Kubernetes knows them. */
export async function poolNodes(kube: KubeClient, pool: string): Promise<TpuNode[]> {
  const nodes = (await kube.list('v1', 'Node', { labelSelector: `${POOL_LABEL}=${pool}` })) ?? [];
  return nodes.map(tpuNode);
}

function tpuNode(node: Node): TpuNode {
  return {
    name: node.metadata.name,
    ready: isTrue(node.status?.conditions, 'Ready'),
    chips: Number(node.status?.allocatable?.[TPU_RESOURCE] ?? 0) || 0,
    createdAt: node.metadata.creationTimestamp ?? '',
    topology: node.metadata.labels?.[TOPOLOGY_LABEL] ?? null,
    zone: node.metadata.labels?.['topology.kubernetes.io/zone'] ?? null,
  };
}
