import { isDeepStrictEqual } from 'node:util';
import { selects } from '../kube/selectors.ts';
import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import { type Condition, isReady, withCondition, writeStatus } from './objects.ts';
import { DEPLOYMENTS, DISRUPTION_BUDGETS, PODS, REPLICA_SETS } from './resources.ts';
import { createWorkQueue } from './workqueue.ts';

/** Wall milliseconds after which an evicted pod that still lives counts again (`DeletionTimeout` of the controller). */
const DELETION_TIMEOUT_MS = 120_000;

/** Keeps the counts of every PodDisruptionBudget (pkg/controller/disruption/disruption.go of Kubernetes 1.34). */
export function startDisruption(store: Store): { close(): void } {
  const reconcile = (key: string) => {
    const [namespace, name] = key.split('/') as [string, string];
    const budget = store.get(DISRUPTION_BUDGETS, namespace, name);
    if (!budget?.spec?.selector) return;
    const pods = store.list(PODS, namespace).filter(({ metadata }) => selects(budget.spec.selector, metadata.labels));
    const status = statusOf(store, budget, pods);
    if (!isDeepStrictEqual(status, budget.status)) writeStatus(store, DISRUPTION_BUDGETS, budget, status);
  };
  const queue = createWorkQueue('disruption', reconcile);
  const keyOf = ({ metadata }: KubeObject) => `${metadata.namespace}/${metadata.name}`;
  const unsubscribe = store.subscribe(({ resource, object }) => {
    if (resource.plural === DISRUPTION_BUDGETS.plural) queue.add(keyOf(object));
    const isCounted = [PODS, REPLICA_SETS, DEPLOYMENTS].some(
      ({ group, plural }) => resource.group === group && resource.plural === plural,
    );
    if (!isCounted) return;
    for (const budget of store.list(DISRUPTION_BUDGETS, object.metadata.namespace)) queue.add(keyOf(budget));
  });
  for (const budget of store.list(DISRUPTION_BUDGETS)) queue.add(keyOf(budget));
  return {
    close() {
      unsubscribe();
      queue.close();
    },
  };
}

function statusOf(store: Store, { metadata, spec, status }: KubeObject, pods: readonly KubeObject[]) {
  const { expected, desired } = wantedOf(store, spec, pods);
  const disruptedPods = stillDisrupted((status?.disruptedPods ?? {}) as Record<string, string>, pods);
  const healthy = pods.filter(
    (pod) => !pod.metadata.deletionTimestamp && disruptedPods[pod.metadata.name] === undefined && isReady(pod),
  ).length;
  const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
  const observedGeneration = metadata.generation ?? 1;
  const condition: Condition = {
    type: 'DisruptionAllowed',
    status: allowed > 0 ? 'True' : 'False',
    reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration,
  };
  return {
    conditions: withCondition(status?.conditions as Condition[] | undefined, condition),
    currentHealthy: healthy,
    desiredHealthy: desired,
    disruptionsAllowed: allowed,
    expectedPods: expected,
    observedGeneration,
    ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {}),
  };
}

/** `getExpectedPodCount`: a percentage is of the replicas that the owners want, rounded up. */
function wantedOf(store: Store, spec: KubeObject['spec'], pods: readonly KubeObject[]) {
  const { maxUnavailable, minAvailable } = spec as { maxUnavailable?: number | string; minAvailable?: number | string };
  if (maxUnavailable !== undefined) {
    const expected = scaleOf(store, pods);
    return { expected, desired: Math.max(0, expected - scaled(maxUnavailable, expected)) };
  }
  if (typeof minAvailable !== 'string') return { expected: pods.length, desired: minAvailable ?? 0 };
  const expected = scaleOf(store, pods);
  return { expected, desired: scaled(minAvailable, expected) };
}

function scaled(value: number | string, of: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * of) / 100);
}

/** The sum of the replicas that the owners of the pods want, each owner once. */
function scaleOf(store: Store, pods: readonly KubeObject[]): number {
  const owners = new Map<string, number>();
  for (const { metadata } of pods) {
    const set = ownerIn(store, REPLICA_SETS, metadata);
    if (!set) continue;
    const owner = ownerIn(store, DEPLOYMENTS, set.metadata) ?? set;
    owners.set(owner.metadata.uid as string, owner.spec.replicas ?? 1);
  }
  return [...owners.values()].reduce((sum, replicas) => sum + replicas, 0);
}

function ownerIn(
  store: Store,
  resource: { group: string; plural: string },
  { namespace, ownerReferences = [] }: KubeObject['metadata'],
): KubeObject | undefined {
  const reference = ownerReferences.find(({ controller }) => controller);
  const owner = reference && store.get(resource, namespace, reference.name);
  return owner?.metadata.uid === reference?.uid ? owner : undefined;
}

function stillDisrupted(disrupted: Record<string, string>, pods: readonly KubeObject[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(disrupted).filter(([name, since]) => {
      const pod = pods.find(({ metadata }) => metadata.name === name);
      return pod && !pod.metadata.deletionTimestamp && Date.parse(since) + DELETION_TIMEOUT_MS > Date.now();
    }),
  );
}
