import type { KubeObject } from '../protocol.ts';
import { type Api, type Call, timestamp } from './api.ts';
import { objectBody } from './body.ts';
import { deleteObject, deleteOptions } from './delete.ts';
import type { ResourceRoute } from './routes.ts';
import { selects } from './selectors.ts';
import { badRequest, failure } from './status.ts';
import type { Store } from './store.ts';
import type { JsonObject } from './types.ts';
import { type Answer, liveObject } from './verbs.ts';

const BUDGETS = { group: 'policy', plural: 'poddisruptionbudgets' };
const SEVERAL = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';

/**
 * `pods/NAME/eviction`: deletes the pod if its PodDisruptionBudget allows that, and throws 429 otherwise. As
 * pkg/registry/core/pod/storage/eviction.go of Kubernetes 1.34.
 */
export function evict(api: Api, call: Call, route: ResourceRoute): Answer {
  const body = objectBody(call, { kind: 'Eviction' });
  if (body.metadata?.name !== route.name) throw badRequest('name in URL does not match name in Eviction object');
  const options = deleteOptions(body.deleteOptions ?? {}, call.query, route.resource);
  const pod = liveObject(api, route);
  admitEviction(api.store, pod, options.dryRun);
  const marked = options.dryRun ? pod : api.store.update(route.resource.key, withTarget(pod));
  deleteObject(api, route.resource, marked, options);
  return { code: 201, document: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
}

/** Takes an eviction of a pod from its budget. Throws 429 where that allows none, and 500 where the pod has two. */
export function admitEviction(store: Store, pod: KubeObject, dryRun = false): void {
  if (isGoing(pod)) return;
  const budgets = store
    .list(BUDGETS, pod.metadata.namespace)
    .filter(({ spec }) => spec?.selector !== undefined && selects(spec.selector, pod.metadata.labels));
  if (budgets.length > 1) throw failure(500, '', SEVERAL);
  const [budget] = budgets;
  if (budget && !mayGoUnready(pod, budget)) spend(store, budget, pod.metadata.name, dryRun);
}

/** A pod that has ended, has not begun or is being deleted is no further disruption. */
function isGoing({ metadata, status }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined || ['Pending', 'Succeeded', 'Failed'].includes(status?.phase);
}

function mayGoUnready({ status }: KubeObject, { spec, status: counts = {} }: KubeObject): boolean {
  const conditions = (status?.conditions ?? []) as { type: string; status: string }[];
  if (conditions.some((each) => each.type === 'Ready' && each.status === 'True')) return false;
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return (counts.currentHealthy ?? 0) >= (counts.desiredHealthy ?? 0) && (counts.desiredHealthy ?? 0) > 0;
}

/** Takes one eviction from a budget; the controller counts the pod out from then on. */
function spend(store: Store, budget: KubeObject, pod: string, dryRun: boolean): void {
  const { name, generation = 0 } = budget.metadata;
  const {
    disruptionsAllowed = 0,
    desiredHealthy = 0,
    currentHealthy = 0,
    observedGeneration = 0,
  } = budget.status ?? {};
  if (observedGeneration < generation) {
    throw refused(10, `The disruption budget ${name} is still being processed by the server.`);
  }
  if (disruptionsAllowed === 0) {
    const counts = `needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
    throw refused(0, `The disruption budget ${name} ${counts}`);
  }
  if (dryRun) return;
  const status = {
    ...budget.status,
    disruptionsAllowed: disruptionsAllowed - 1,
    disruptedPods: { ...budget.status.disruptedPods, [pod]: timestamp() },
  };
  store.update(BUDGETS, { ...budget, status });
}

function refused(retryAfterSeconds: number, message: string) {
  return failure(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
  });
}

/** The pod with the condition that shows who ends it. */
export function withTarget(pod: KubeObject): KubeObject {
  const others = ((pod.status?.conditions ?? []) as JsonObject[]).filter(({ type }) => type !== 'DisruptionTarget');
  const target = {
    type: 'DisruptionTarget',
    status: 'True',
    lastTransitionTime: timestamp(),
    ...{ reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' },
  };
  return { ...pod, status: { ...pod.status, conditions: [...others, target] } };
}
