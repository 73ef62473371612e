import type { NodePoolInfo } from '../clients/google/node-pool.ts';
import { ACCELERATOR_LABEL, machineOf, TOPOLOGY_LABEL } from './machines.ts';

export const POOL_LABEL = 'cloud.google.com/gke-nodepool';

/** Domains whose labels GKE, Kubernetes and their add-ons put onto nodes by themselves. */
const RESERVED = /(?:^|\.)(?:kubernetes\.io|k8s\.io|gke\.io|google\.com)$/;

/** The value of a label on new nodes of a pool: null where they lack the label, undefined where that is not known. */
export type LabelReader = (label: string) => string | null | undefined;

/**
 * The labels that new nodes of a pool will have: its own, and those of GKE (Google's page "Create and manage cluster and
 * node pool labels", and `BuildNodeFromMig` of the GKE cluster autoscaler). A label in a domain of Google's or of
 * Kubernetes' that is not listed is not known. One of any other domain is on no node that the pool does not give it to.
 */
export function labelsOf(pool: NodePoolInfo): LabelReader {
  const machine = machineOf(pool.machineType);
  const [zone, ...more] = pool.locations;
  const oneZone = more.length === 0 ? zone : undefined;
  const known: Readonly<Record<string, string | null | undefined>> = {
    [POOL_LABEL]: pool.name,
    [ACCELERATOR_LABEL]: machine?.accelerator,
    [TOPOLOGY_LABEL]: pool.tpuTopology ?? machine?.hostTopology ?? undefined,
    'cloud.google.com/gke-accelerator-count': machine ? String(machine.chips) : undefined,
    // For GPUs alone.
    'cloud.google.com/gke-accelerator': null,
    'cloud.google.com/gke-spot': pool.spot ? 'true' : null,
    'cloud.google.com/gke-flex-start': pool.flexStart ? 'true' : null,
    'cloud.google.com/gke-queued': pool.queuedProvisioning ? 'true' : null,
    'node.kubernetes.io/instance-type': pool.machineType ?? undefined,
    'beta.kubernetes.io/instance-type': pool.machineType ?? undefined,
    'topology.kubernetes.io/zone': oneZone,
    'failure-domain.beta.kubernetes.io/zone': oneZone,
    'topology.kubernetes.io/region': zone?.replace(/-[a-z]$/, ''),
    'failure-domain.beta.kubernetes.io/region': zone?.replace(/-[a-z]$/, ''),
    'kubernetes.io/os': 'linux',
    'beta.kubernetes.io/os': 'linux',
    ...pool.labels,
  };
  return (label) => {
    if (Object.hasOwn(known, label)) return known[label];
    const [domain = '', name] = label.split('/');
    return name !== undefined && RESERVED.test(domain) ? undefined : null;
  };
}
