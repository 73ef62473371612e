import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import { namesOf } from './kserve-names.ts';
import { type GatewayRef, gatewaysOf, poolName } from './kserve-router.ts';
import type { KserveTraits } from './kserve-versions.ts';
import { type Condition, conditionOf, withCondition } from './objects.ts';
import { DEPLOYMENTS, GATEWAYS, HTTP_ROUTES, POOL_GROUPS, poolsOf } from './resources.ts';

type Finding = { ok: true } | { ok: false; reason: string; message: string };

const OK: Finding = { ok: true };
const not = (reason: string, message: string): Finding => ({ ok: false, reason, message });

/** The conditions that make up WorkloadsReady and RouterReady; one that does not apply is absent, not False. */
const WORKLOAD_PARTS = ['MainWorkloadReady'];
const ROUTER_PARTS = ['GatewaysReady', 'HTTPRoutesReady', 'InferencePoolReady', 'SchedulerWorkloadReady'];

/** Why a part of the service cannot be made, in the controller's words. */
export interface Problems {
  workload: string | null;
  scheduler?: string;
  route?: string;
}

/** The service's status from the objects that it owns, aggregated as by the llmisvc controller. */
export function serviceStatus(
  store: Store,
  service: KubeObject,
  { gateway, problems, traits }: { gateway: GatewayRef; problems: Problems; traits: KserveTraits },
): Record<string, unknown> {
  const { name, namespace } = service.metadata;
  const names = namesOf(name);
  const router = service.spec?.router;
  const parts: Record<string, Finding | undefined> = {
    MainWorkloadReady: problems.workload
      ? not('ReconcileSingleNodeWorkloadError', problems.workload)
      : deploymentVerdict(store.get(DEPLOYMENTS, namespace, names.workload)),
    SchedulerWorkloadReady: problems.scheduler
      ? not('SchedulerReconcileError', `Failed to reconcile scheduler: ${problems.scheduler}`)
      : router?.scheduler && !router.scheduler.pool?.ref?.name
        ? schedulerVerdict(store.get(DEPLOYMENTS, namespace, names.scheduler), traits)
        : undefined,
    GatewaysReady: router?.gateway?.refs?.length ? gatewaysVerdict(store, service, gateway) : undefined,
    HTTPRoutesReady: problems.route
      ? not('HTTPRouteReconcileError', `Failed to reconcile HTTPRoute: ${problems.route}`)
      : router?.route
        ? routesVerdict(store, service, traits)
        : undefined,
    InferencePoolReady: router?.scheduler ? poolVerdict(store, service, traits) : undefined,
  };
  const first = (types: string[]): Finding =>
    types.map((type) => parts[type]).find((verdict) => verdict && !verdict.ok) ?? OK;
  const workloads = first(WORKLOAD_PARTS);
  const routing = first(ROUTER_PARTS);

  let conditions = (service.status?.conditions ?? []) as Condition[];
  const set = (type: string, verdict: Finding | undefined, part: boolean) => {
    if (!verdict) {
      conditions = conditions.filter((condition) => condition.type !== type);
      return;
    }
    const { reason, message } = verdict.ok ? {} : verdict;
    conditions = withCondition(conditions, {
      type,
      status: verdict.ok ? 'True' : 'False',
      ...(part ? { severity: 'Info' } : {}),
      ...(reason ? { reason, message: message ?? '' } : {}),
    });
  };
  for (const [type, verdict] of Object.entries(parts)) set(type, verdict, true);
  set('PresetsCombined', OK, true);
  set('WorkloadsReady', workloads, false);
  set('RouterReady', routing, false);
  // The router is judged last, and what is marked last is what Ready tells.
  set('Ready', routing.ok ? workloads : routing, false);

  const urls = router?.route ? gatewayUrls(store, service, gateway) : [];
  return {
    observedGeneration: service.metadata.generation,
    conditions: conditions.toSorted((a, b) => (a.type < b.type ? -1 : 1)),
    ...(urls[0] === undefined ? {} : { url: urls[0] }),
    ...(urls.length === 0 ? {} : { addresses: urls.map((url) => ({ name: 'gateway-external', url })) }),
    ...(traits.observes ? observed(store, service, gateway) : {}),
  };
}

/** Status of a service that cannot be combined with its presets: nothing is known of the rest. */
export function uncombinedStatus(service: KubeObject, error: string): Record<string, unknown> {
  const unknown = ['Ready', 'RouterReady', 'WorkloadsReady'].map((type) => ({ type, status: 'Unknown' }) as Condition);
  const failed: Condition = {
    type: 'PresetsCombined',
    status: 'False',
    severity: 'Info',
    reason: 'CombineBaseError',
    message: error,
  };
  const conditions = [failed, ...unknown].reduce(
    (all, condition) => withCondition(all, condition),
    (service.status?.conditions ?? []) as Condition[],
  );
  return { ...service.status, observedGeneration: service.metadata.generation, conditions };
}

/** Status of a service that the controller stopped at for a reason that nobody has seen before. */
export function oddStatus(service: KubeObject, { reason, message }: { reason: string; message: string }) {
  const conditions = ['Ready', 'WorkloadsReady'].reduce<Condition[]>(
    (all, type) => withCondition(all, { type, status: 'False', reason, message }),
    (service.status?.conditions ?? []) as Condition[],
  );
  return { ...service.status, observedGeneration: service.metadata.generation, conditions };
}

function deploymentVerdict(deployment: KubeObject | undefined): Finding {
  const available = deployment && conditionOf(deployment, 'Available');
  if (!available) return not('Progressing', '');
  return available.status === 'True' ? OK : not(available.reason ?? '', available.message ?? '');
}

/** The standby of a picker with several replicas stays unready: since v0.17 one that is available is enough. */
function schedulerVerdict(deployment: KubeObject | undefined, { stored }: KserveTraits): Finding {
  if (stored === 'v1alpha1') return deploymentVerdict(deployment);
  if (deployment?.status?.availableReplicas > 0) return OK;
  const available = deployment && conditionOf(deployment, 'Available');
  return available ? deploymentVerdict(deployment) : not('Progressing', 'Deployment rollout in progress');
}

/** What v0.20 adds: the gateways, pools and workloads that the service has (workload_status.go, router.go). */
function observed(store: Store, service: KubeObject, fallback: GatewayRef): Record<string, unknown> {
  const { name, namespace } = service.metadata;
  const names = namesOf(name);
  const router = service.spec?.router;
  const workload = (deployment: string) => ({
    apiGroup: 'apps',
    kind: 'Deployment',
    name: deployment,
    readyReplicas: store.get(DEPLOYMENTS, namespace, deployment)?.status?.availableReplicas ?? 0,
  });
  const route = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: names.route, namespace };
  const gateways = gatewaysOf(service, fallback).map((ref) => ({
    group: 'gateway.networking.k8s.io',
    kind: 'Gateway',
    ...ref,
    httpRoutes: [route],
  }));
  const scheduler = {
    inferencePool: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: poolName(service) },
    service: { group: '', kind: 'Service', name: names.schedulerService },
  };
  return {
    ...(router?.route ? { router: { gateways, ...(router.scheduler ? { scheduler } : {}) } } : {}),
    workloads: {
      primary: workload(names.workload),
      service: { kind: 'Service', name: names.workloadService },
      ...(router?.scheduler ? { scheduler: workload(names.scheduler) } : {}),
    },
  };
}

function gatewaysVerdict(store: Store, service: KubeObject, fallback: GatewayRef): Finding {
  const refs = gatewaysOf(service, fallback);
  const objects = refs.map((ref) => store.get(GATEWAYS, ref.namespace, ref.name));
  const missing = refs.find((_, index) => !objects[index]);
  if (missing) {
    const what = `failed to get Gateway ${missing.namespace}/${missing.name}: not found`;
    return not('GatewayFetchError', `Failed to fetch referenced Gateways: ${what}`);
  }
  const unready = objects.filter((object) => object && conditionOf(object, 'Programmed')?.status !== 'True');
  if (unready.length === 0) return OK;
  const listed = unready.map((object) => `${object?.metadata.namespace}/${object?.metadata.name}`).join(' ');
  return not('GatewaysNotReady', `The following Gateways are not ready: [${listed}]`);
}

function routesVerdict(store: Store, service: KubeObject, { stored }: KserveTraits): Finding {
  const { namespace, name } = service.metadata;
  const refs = (service.spec.router.route?.http?.refs ?? []) as { name: string }[];
  const wanted = refs.length > 0 ? refs.map((ref) => ref.name) : [namesOf(name).route];
  const unready = wanted.flatMap((routeName) => {
    const route = store.get(HTTP_ROUTES, namespace, routeName);
    const parents = (route?.status?.parents ?? []) as { conditions: Condition[] }[];
    const all = parents.flatMap((parent) => parent.conditions);
    // Since v0.17 a condition of an older generation counts as not ready, whatever it says.
    const isStale = ({ observedGeneration }: Condition) =>
      stored === 'v1alpha2' && observedGeneration !== route?.metadata.generation;
    const bad = all.find((condition) => condition.status !== 'True' || isStale(condition));
    if (route && parents.length > 0 && !bad) return [];
    const detail = stored === 'v1alpha2' ? goDetail(bad) : plainDetail(bad);
    return [`${namespace}/${routeName}: ${detail}`];
  });
  if (unready.length === 0) return OK;
  return not('HTTPRoutesNotReady', `The following HTTPRoutes are not ready: [${unready.join(' ')}]`);
}

function plainDetail(bad: Condition | undefined): string {
  if (!bad) return 'no gateway has taken it';
  return `${bad.type}="${bad.status}" (reason "${bad.reason}", message "${bad.message}")`;
}

/** As Go prints it by `%#v` and `%q`. */
function goDetail(bad: Condition | undefined): string {
  if (!bad) return 'v1.HTTPRouteStatus{RouteStatus:v1.RouteStatus{Parents:[]v1.RouteParentStatus(nil)}}';
  return `"${bad.status}" (reason "${bad.reason}", message ${JSON.stringify(bad.message)})`;
}

/** Ready when a gateway has accepted the pool in either group. */
function poolVerdict(store: Store, service: KubeObject, { stored }: KserveTraits): Finding {
  const { namespace } = service.metadata;
  const name = poolName(service);
  const pools = POOL_GROUPS.map((group) => store.get(poolsOf(group), namespace, name)).filter(
    (pool) => pool !== undefined,
  );
  if (pools.length === 0) {
    return not('InferencePoolFetchError', `failed to fetch Inference Pool ${namespace}/${name}: not found`);
  }
  const accepted = pools.some((pool) => {
    const parents = (pool.status?.parent ?? pool.status?.parents ?? []) as { conditions?: Condition[] }[];
    return parents.some((parent) =>
      parent.conditions?.some((condition) => condition.type === 'Accepted' && condition.status === 'True'),
    );
  });
  if (accepted) return OK;
  if (stored === 'v1alpha1') return not('InferencePoolNotReady', `${namespace}/${name}: Accepted condition not found`);
  const what = `Inference Pool ${namespace}/${name} exists but no Gateway controller has accepted it yet`;
  return not('WaitingForGateway', what);
}

/** `http://address[:port]/namespace/name` for every address and HTTP listener of the gateways. */
function gatewayUrls(store: Store, service: KubeObject, fallback: GatewayRef): string[] {
  const { namespace, name } = service.metadata;
  return gatewaysOf(service, fallback).flatMap((ref) => {
    const gateway = store.get(GATEWAYS, ref.namespace, ref.name);
    const listeners = (gateway?.spec?.listeners ?? []) as { protocol: string; port: number }[];
    const listener = listeners.find((one) => one.protocol === 'HTTPS') ?? listeners[0];
    if (!listener) return [];
    const scheme = listener.protocol === 'HTTPS' ? 'https' : 'http';
    const usual = scheme === 'https' ? 443 : 80;
    const port = listener.port === usual ? '' : `:${listener.port}`;
    const addresses = (gateway?.status?.addresses ?? []) as { value: string }[];
    return addresses.map(({ value }) => `${scheme}://${value}${port}/${namespace}/${name}`);
  });
}
