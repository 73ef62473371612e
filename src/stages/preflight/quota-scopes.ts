import type { ResourceQuota } from '../../clients/kubernetes/kinds.ts';
import { fieldsIn, itemsIn, type PlannedPods } from '../../stack/planned-pods.ts';
import type { ContainerResources } from '../../stack/pod-resources.ts';

type Judged = boolean | null;

/** What scopes are judged by. */
type Scoped = Pick<PlannedPods, 'spec' | 'isOpen'>;

/**
 * Whether a quota is about these pods: all of its scopes fit (pkg/quota/v1/evaluator/core/pods.go, `podMatchesScopeFunc`).
 * Null where a preset decides it, or where the scope is not known.
 */
export function isAbout(quota: ResourceQuota, pods: Scoped, containers: readonly ContainerResources[]): Judged {
  const { scopes = [], scopeSelector } = quota.spec ?? {};
  const wanted = [
    ...scopes.map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as string[] })),
    ...(scopeSelector?.matchExpressions ?? []).map(({ values = [], ...rest }) => ({ ...rest, values })),
  ];
  const judged = wanted.map((scope) => fits(scope, pods, containers));
  if (judged.includes(false)) return false;
  return judged.includes(null) ? null : true;
}

function fits(
  { scopeName, operator, values }: { scopeName: string; operator: string; values: string[] },
  pods: Scoped,
  containers: readonly ContainerResources[],
): Judged {
  switch (scopeName) {
    case 'Terminating':
    case 'NotTerminating':
      return Number(pods.spec.activeDeadlineSeconds ?? -1) >= 0 === (scopeName === 'Terminating');
    case 'BestEffort':
    case 'NotBestEffort': {
      const best = isBestEffort(containers);
      return best === null ? null : best === (scopeName === 'BestEffort');
    }
    case 'PriorityClass':
      return ofPriority(String(pods.spec.priorityClassName ?? ''), pods.isOpen, operator, values);
    case 'CrossNamespacePodAffinity':
      return reachesOthers(pods);
    default:
      return null;
  }
}

/** Of cpu and memory alone, as the kubelet's classes are (`GetPodQOS`). */
function isBestEffort(containers: readonly ContainerResources[]): Judged {
  const asks = ({ requests, limits }: ContainerResources) =>
    ['cpu', 'memory'].some((name) => (requests.get(name) ?? 0n) > 0n || (limits.get(name) ?? 0n) > 0n);
  if (containers.some(asks)) return false;
  return containers.some(({ container }) => container.isOpen.resources) ? null : true;
}

function ofPriority(name: string, isOpen: boolean, operator: string, values: readonly string[]): Judged {
  // The default class of the cluster, or one of the preset, would be filled in.
  if (name === '') return isOpen || operator !== 'Exists' ? null : false;
  if (operator === 'Exists') return true;
  if (operator === 'DoesNotExist') return false;
  if (operator === 'In') return values.includes(name);
  return operator === 'NotIn' ? !values.includes(name) : null;
}

function reachesOthers({ spec }: Scoped): boolean {
  return (['podAffinity', 'podAntiAffinity'] as const).some((kind) => {
    const { requiredDuringSchedulingIgnoredDuringExecution: required, ...rest } = fieldsIn(spec, 'affinity', kind);
    const weighted = itemsIn(rest.preferredDuringSchedulingIgnoredDuringExecution).map((one) =>
      fieldsIn(one, 'podAffinityTerm'),
    );
    return [...itemsIn(required), ...weighted].some(
      ({ namespaces, namespaceSelector }) =>
        (Array.isArray(namespaces) && namespaces.length > 0) || (namespaceSelector ?? null) !== null,
    );
  });
}
