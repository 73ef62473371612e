import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { Condition, InferencePool, ParentStatus } from '../clients/kubernetes/kinds.ts';
import { parentConditions } from './routes.ts';

/** An InferencePool in the first served version that has it, preferred version first; null while it does not exist. */
export async function findPool(
  kube: KubeClient,
  { group, name, namespace }: { group: string; name: string; namespace: string },
): Promise<{ apiVersion: string; pool: InferencePool } | null> {
  for (const version of await kube.versionsOf(group)) {
    const apiVersion = `${group}/${version}`;
    const pool = await kube.get({ apiVersion, kind: 'InferencePool', name, namespace });
    if (pool) return { apiVersion, pool };
  }
  return null;
}

/** What gateways have reported: v1 calls the list `parents`, v1alpha2 `parent`; it may be empty in either. */
export function poolParents({ status }: InferencePool): ParentStatus[] {
  return status?.parents ?? status?.parent ?? [];
}

/** The conditions of all gateways on a pool's present generation; an implementation may fill none before it has seen the pool. */
export function poolConditions(pool: InferencePool): Condition[] {
  return parentConditions(poolParents(pool), pool.metadata.generation);
}

/** The Service of the endpoint picker: v1 names it in `endpointPickerRef`, v1alpha2 in `extensionRef`. */
export function pickerService({ spec }: InferencePool): string | null {
  return spec?.endpointPickerRef?.name ?? spec?.extensionRef?.name ?? null;
}
