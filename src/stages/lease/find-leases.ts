import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { Lease } from '../../clients/kubernetes/kinds.ts';
import { GATE, MANAGED_BY_LABEL } from '../../stack/labels.ts';
import { LEASE_API, type LeaseRecord, poolOf, readLease } from './lease-record.ts';

/** Name of the Lease that notes the last sweep. No pool can have this name: a dot is not allowed in it. */
export const SWEEPER = 'tpu-serving-gate.sweeper';

/**
 * The leases of all pools in a namespace, as they stand, by label or by name: a lease that lost its labels is one still.
 * Throws when they cannot be listed.
 */
export async function leasesOf(kube: KubeClient, namespace: string): Promise<LeaseRecord[]> {
  const found = (await kube.list(LEASE_API, 'Lease', { namespace })) ?? [];
  return found.filter((object) => object.metadata.name !== SWEEPER && isGates(object)).map(readLease);
}

function isGates({ metadata }: Lease): boolean {
  return poolOf({ metadata }) !== null || metadata.labels?.[MANAGED_BY_LABEL] === GATE;
}
