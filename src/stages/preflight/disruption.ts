import type { Manifest } from '../../clients/files/manifests.ts';
import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { unlessForbidden } from '../../clients/kubernetes/forbidden.ts';
import type { PodDisruptionBudget } from '../../clients/kubernetes/kinds.ts';
import { selects } from '../../diagnosis/network-policy.ts';
import { replicaLabels } from '../../stack/labels.ts';
import type { OneService } from '../../stack/service.ts';
import { notReadable } from './namespace-rules.ts';
import type { Look } from './table.ts';

/**
 * Whether a drain of nodes leaves replicas that serve: by the PodDisruptionBudgets of the manifests and of the namespace
 * that select the replicas. What the cluster counts for one that exists is added. A budget that forbids every eviction
 * blocks the drain, and two for one pod make the API refuse it (pkg/registry/core/pod/storage/eviction.go).
 */
export async function checkDisruption(
  kube: Pick<KubeClient, 'list'>,
  { service, manifests }: { service: OneService['service']; manifests: readonly Manifest[] },
): Promise<Look> {
  const { namespace, name, replicas } = service;
  const own = manifests.map(({ object }) => object).filter(({ kind }) => kind === 'PodDisruptionBudget');
  const there = await unlessForbidden(
    async () => (await kube.list('policy/v1', 'PodDisruptionBudget', { namespace })) ?? [],
  );
  if (there === null && own.length === 0) {
    return notReadable(namespace, 'PodDisruptionBudgets', 'list', 'poddisruptionbudgets.policy');
  }
  const status = new Map((there ?? []).map((each) => [each.metadata.name, each.status]));
  const all = [
    ...(own as PodDisruptionBudget[]),
    ...(there ?? []).filter(({ metadata }) => !own.some((one) => one.metadata.name === metadata.name)),
  ];
  const labels = replicaLabels(name);
  const covering = all.filter(({ spec }) => spec?.selector !== undefined && selects(spec.selector, labels));
  const [only, ...others] = covering;
  if (!only) return { seen: 'no PodDisruptionBudget covers the replicas: a drain may evict all of them at once' };
  const shown = covering.map(({ metadata }) => metadata.name).join(' and ');
  if (others.length > 0) {
    return {
      outcome: 'warning',
      seen: `PodDisruptionBudgets ${shown} cover the same replicas: the API refuses every eviction of a pod with two`,
      remedy: 'Leave one of them.',
    };
  }
  const evictable = evictableOf(only, replicas);
  const counted = status.get(only.metadata.name);
  const now =
    counted?.expectedPods === undefined
      ? ''
      : `; now it covers ${counted.expectedPods} pods and allows ${counted.disruptionsAllowed ?? 0} evictions`;
  if (evictable <= 0 || evictable >= replicas) {
    const why = evictable <= 0 ? 'no eviction: a drain of a node waits without end' : 'all evictions at once';
    return {
      outcome: 'warning',
      seen: `PodDisruptionBudget ${shown} allows ${why}${now}`,
      remedy: 'Set maxUnavailable to 1, with two or more replicas.',
    };
  }
  return {
    seen: `by PodDisruptionBudget ${shown} a drain leaves ${replicas - evictable} of ${replicas} replicas${now}`,
  };
}

/**
 * Replicas that may be evicted at once. A percentage is rounded up, and a budget without a limit allows none
 * (pkg/controller/disruption/disruption.go, `getExpectedPodCount`).
 */
function evictableOf({ spec }: PodDisruptionBudget, replicas: number): number {
  if (spec?.maxUnavailable !== undefined) return scaled(spec.maxUnavailable, replicas);
  return spec?.minAvailable === undefined ? 0 : replicas - scaled(spec.minAvailable, replicas);
}

function scaled(value: string | number, replicas: number): number {
  const [, share] = /^(\d+)%$/.exec(String(value)) ?? [];
  return share === undefined ? Number(value) : Math.ceil((Number(share) * replicas) / 100);
}
