import type { Amounts, LimitRange } from '../clients/kubernetes/kinds.ts';
import { type Nanos, quantity } from '../lib/quantity.ts';
import { fieldsIn, type PlannedContainer, type PlannedPods } from './planned-pods.ts';

/** Amounts by resource. What cannot be read as a quantity is left out: the dry run refuses it. */
export type Totals = ReadonlyMap<string, Nanos>;

export interface Resources {
  requests: Totals;
  limits: Totals;
}

/** The amounts of a container as admission sees them. */
export interface ContainerResources extends Resources {
  container: PlannedContainer;
}

/**
 * What a container asks for: a limit is a request where there is none (the API's defaults), and a LimitRange adds its own
 * defaults then (plugin/pkg/admission/limitranger, `mergeContainerResources`).
 */
export function resourcesOf(container: PlannedContainer, ranges: readonly LimitRange[]): ContainerResources {
  const given = (field: 'requests' | 'limits') => amountsOf(fieldsIn(container.fields, 'resources', field));
  const limits = given('limits');
  const requests = new Map([...limits, ...given('requests')]);
  for (const { type, default: limit, defaultRequest } of ranges.flatMap(({ spec }) => spec?.limits ?? [])) {
    if (type !== 'Container') continue;
    // What a preset may set has no default.
    if (container.isOpen.resources) continue;
    fill(limits, limit);
    fill(requests, defaultRequest);
  }
  return { container, requests, limits };
}

/** Reads amounts. */
export function amountsOf(given: Readonly<Record<string, unknown>> | undefined): Map<string, Nanos> {
  return new Map(
    Object.entries(given ?? {}).flatMap(([name, amount]) => {
      const read = quantity(amount);
      return read === null ? [] : [[name, read] as const];
    }),
  );
}

function fill(amounts: Map<string, Nanos>, defaults: Amounts | undefined): void {
  for (const [name, amount] of amountsOf(defaults)) if (!amounts.has(name)) amounts.set(name, amount);
}

/** What a pod asks for in all, at least: containers that stay together, or the largest init container beside the sidecars. */
export function podTotal(containers: readonly ContainerResources[]): Resources {
  return { requests: summed(containers, 'requests'), limits: summed(containers, 'limits') };
}

/** k8s.io/component-helpers resource/helpers.go, `AggregateContainerRequests`. */
function summed(containers: readonly ContainerResources[], field: 'requests' | 'limits'): Totals {
  const total = new Map<string, Nanos>();
  const sidecars = new Map<string, Nanos>();
  const starting = new Map<string, Nanos>();
  for (const one of containers) {
    const { role } = one.container;
    if (role !== 'init') add(total, one[field]);
    if (role === 'main') continue;
    if (role === 'sidecar') add(sidecars, one[field]);
    const beside = new Map(sidecars);
    if (role === 'init') add(beside, one[field]);
    for (const [name, amount] of beside) raise(starting, name, amount);
  }
  for (const [name, amount] of starting) raise(total, name, amount);
  return total;
}

function add(total: Map<string, Nanos>, more: Totals): void {
  for (const [name, amount] of more) total.set(name, (total.get(name) ?? 0n) + amount);
}

function raise(total: Map<string, Nanos>, name: string, amount: Nanos): void {
  const known = total.get(name);
  if (known === undefined || known < amount) total.set(name, amount);
}

/** Whether the pod itself has resources, which take the place of its containers' (Kubernetes 1.34). */
export function hasPodResources({ spec }: PlannedPods): boolean {
  return Object.keys(fieldsIn(spec, 'resources')).length > 0;
}

/**
 * What a pod uses of a ResourceQuota, by the names that a quota has (pkg/quota/v1/evaluator/core/pods.go). Of extended
 * resources only requests are counted.
 */
export function quotaUsage({ requests, limits }: Resources): Map<string, Nanos> {
  const one = quantity(1) as Nanos;
  const used = new Map<string, Nanos>([
    ['pods', one],
    ['count/pods', one],
  ]);
  for (const [name, amount] of requests) {
    if (COMPUTE.has(name) || name.startsWith('hugepages-')) used.set(name, amount);
    if (COMPUTE.has(name) || name.startsWith('hugepages-') || name.includes('/')) used.set(`requests.${name}`, amount);
  }
  for (const [name, amount] of limits) if (COMPUTE.has(name)) used.set(`limits.${name}`, amount);
  return used;
}

const COMPUTE: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** Names of a quota that every container has to set, because the quota counts them (`validationSet` of the same file). */
export const DEMANDED: Readonly<Record<string, readonly [field: 'requests' | 'limits', resource: string]>> = {
  cpu: ['requests', 'cpu'],
  memory: ['requests', 'memory'],
  'requests.cpu': ['requests', 'cpu'],
  'requests.memory': ['requests', 'memory'],
  'limits.cpu': ['limits', 'cpu'],
  'limits.memory': ['limits', 'memory'],
};
