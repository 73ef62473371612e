import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { MANAGED_BY } from '../deploy/marks.ts';
import { type LeaseRecord, readLease } from './lease-record.ts';

const API_VERSION = 'coordination.k8s.io/v1';
/** Name of the Lease that notes the last sweep. No pool can have this name: a dot is not allowed in it. */
export const SWEEPER = 'tpu-serving-gate.sweeper';

/** The leases of all pools in a namespace, as they stand. Throws when they cannot be listed. */
export async function leasesOf(kube: KubeClient, namespace: string): Promise<LeaseRecord[]> {
  const labelSelector = Object.entries(MANAGED_BY)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  const found = (await kube.list(API_VERSION, 'Lease', { namespace, labelSelector })) ?? [];
  return found.filter(({ metadata }) => metadata.name !== SWEEPER).map(readLease);
}
