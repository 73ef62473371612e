import type { AccessRule, KubeClient } from '../../clients/kubernetes/client.ts';

/** One verb on one resource. */
export interface Single {
  verb: string;
  group: string;
  resource: string;
  name?: string;
}

/**
 * The needs that the rules of a namespace do not show. A list of rules does not show which of them hold in the whole cluster,
 * so that it is used for namespaces alone.
 */
export async function notListed<T extends Single>(
  kube: KubeClient,
  namespace: string,
  wanted: readonly T[],
): Promise<T[]> {
  const rules = await kube.rulesIn(namespace);
  return wanted.filter((need) => !isGranted(rules, need));
}

/** Rules of RBAC add up, so one that is listed without names is enough. */
function isGranted(rules: readonly AccessRule[], need: Single): boolean {
  const fits = (list: readonly string[], wanted: string) => list.includes('*') || list.includes(wanted);
  return rules.some(
    ({ verbs, apiGroups, resources, resourceNames = [] }) =>
      (resourceNames.length === 0 || (need.name !== undefined && resourceNames.includes(need.name))) &&
      fits(verbs, need.verb) &&
      fits(apiGroups, need.group) &&
      fits(resources, need.resource),
  );
}
