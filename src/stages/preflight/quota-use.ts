import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { Pod, ResourceQuota } from '../../clients/kubernetes/kinds.ts';
import type { Nanos } from '../../lib/quantity.ts';
import { NAME_LABEL } from '../../stack/labels.ts';
import { containersIn, fieldsIn } from '../../stack/planned-pods.ts';
import { podTotal, quotaUsage, resourcesOf } from '../../stack/pod-resources.ts';
import { isAlive } from '../../stack/pods.ts';
import { isAbout } from './quota-scopes.ts';

type Pods = Pick<KubeClient, 'list'>;

/** The containers of a pod that is there, with what they ask for. */
const containersOf = ({ spec }: Pod) => containersIn(spec, []).map((container) => resourcesOf(container, []));

/**
 * What the pods of a namespace use of a quota that the cluster has not counted yet, because it does not exist yet. Objects
 * other than pods are not counted.
 */
export async function countedNow(kube: Pods, namespace: string, quota: ResourceQuota): Promise<Map<string, Nanos>> {
  const there = (await kube.list('v1', 'Pod', { namespace })) ?? [];
  const total = new Map<string, Nanos>();
  for (const pod of there.filter(isAlive)) {
    const containers = containersOf(pod);
    if (isAbout(quota, { spec: fieldsIn(pod.spec), isOpen: false }, containers) === false) continue;
    for (const [name, amount] of quotaUsage(podTotal(containers))) total.set(name, (total.get(name) ?? 0n) + amount);
  }
  return total;
}

/** What pods that go before the deploy use of a quota now. `passing` are the names of their services. */
export async function freed(
  kube: Pods,
  { namespace, passing }: { namespace: string; passing: readonly string[] },
  name: string,
): Promise<Nanos> {
  if (passing.length === 0 || OBJECTS.test(name)) return 0n;
  const labelSelector = `${NAME_LABEL} in (${passing.join(',')})`;
  const there = (await kube.list('v1', 'Pod', { namespace, labelSelector })) ?? [];
  return there
    .filter(isAlive)
    .reduce((sum, pod) => sum + (quotaUsage(podTotal(containersOf(pod))).get(name) ?? 0n), 0n);
}

/** Counts of objects, which pods that have ended keep up. */
const OBJECTS = /^count\/(?!pods$)/;
