import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { selectorOf } from '../../stack/labels.ts';
import { MANAGED_BY } from '../deploy/marks.ts';
import { LEASE_API, type LeaseRecord, readLease } from './lease-record.ts';

/** Name of the Lease that notes the last sweep. No pool can have this name: a dot is not allowed in it. */
export const SWEEPER = 'tpu-serving-gate.sweeper';

/** The leases of all pools in a namespace, as they stand. Throws when they cannot be listed. */
export async function leasesOf(kube: KubeClient, namespace: string): Promise<LeaseRecord[]> {
  const found = (await kube.list(LEASE_API, 'Lease', { namespace, labelSelector: selectorOf(MANAGED_BY) })) ?? [];
  return found.filter(({ metadata }) => metadata.name !== SWEEPER).map(readLease);
}
