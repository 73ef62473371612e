import type { ResourceKey, Store } from '../kube/store.ts';
import type { KubeObject, PemPair } from '../protocol.ts';
import type { Scenario } from '../scenarios/scenarios.ts';
import type { RecordEvent } from './events.ts';
import { namesOf } from './kserve-names.ts';
import { destinationRule, type GatewayRef, hostOf, httpRoute, inferencePool, poolName } from './kserve-router.ts';
import { oddStatus, serviceStatus, uncombinedStatus } from './kserve-status.ts';
import { combine } from './kserve-variables.ts';
import {
  certificates,
  schedulerAccount,
  schedulerDeployment,
  schedulerOf,
  schedulerService,
  workloadDeployment,
  workloadProblem,
  workloadService,
} from './kserve-workload.ts';
import { type Condition, covers, isOwnedBy, writeStatus } from './objects.ts';
import * as resources from './resources.ts';
import { createWorkQueue } from './workqueue.ts';

const { DEPLOYMENTS, SERVICES, SECRETS, SERVICE_ACCOUNTS, HTTP_ROUTES, DESTINATION_RULES, GATEWAYS, LLM_SERVICES } =
  resources;

/** Where the gateway has the CA of the workloads' certificates mounted. */
const GATEWAY_CA = '/var/run/secrets/opendatahub/ca.crt';
const MIGRATED = 'serving.kserve.io/inference-pool-migrated';

/** The controller that turns an LLMInferenceService into a workload, an endpoint picker and a route (ODH v0.15). */
export function startKserve(options: {
  store: Store;
  record: RecordEvent;
  gateway: GatewayRef;
  scenario: Scenario;
  tls: PemPair;
  caPem: string;
}): { close(): void } {
  const { store, record, gateway } = options;

  /** What each object was last made to say: an API server adds defaults, so what it holds does not tell. */
  const asked = new Map<string, string>();

  const ensure = (service: KubeObject, resource: ResourceKey, wanted: KubeObject) => {
    const { namespace, name } = wanted.metadata;
    const current = store.get(resource, namespace, name);
    const id = `${resource.group}/${resource.plural}/${namespace}/${name}`;
    const text = JSON.stringify(wanted);
    const isNew = asked.has(id) && asked.get(id) !== text;
    asked.set(id, text);
    if (!current) {
      store.create(resource, wanted);
      record(service, 'Normal', 'Created', `Created ${wanted.kind} ${namespace}/${name}`);
      return;
    }
    if (!isOwnedBy(current, service)) throw new Error(`${wanted.kind} ${namespace}/${name} is owned by somebody else`);
    const { metadata: _metadata, apiVersion: _apiVersion, kind: _kind, ...rest } = wanted;
    const said = { labels: wanted.metadata.labels ?? {}, annotations: wanted.metadata.annotations ?? {} };
    const { labels = {}, annotations = {} } = current.metadata;
    // Something else than before is written as a whole, so that a field that has gone from the service goes here too.
    if (!isNew && covers(rest, current) && covers(said, { labels, annotations })) return;
    store.update(resource, {
      ...current,
      ...rest,
      metadata: {
        ...current.metadata,
        labels: { ...current.metadata.labels, ...said.labels },
        annotations: { ...current.metadata.annotations, ...said.annotations },
      },
    });
    record(service, 'Normal', 'Updated', `Updated ${wanted.kind} ${namespace}/${name}`);
  };
  const remove = (service: KubeObject, resource: ResourceKey, name: string) => {
    const current = store.get(resource, service.metadata.namespace, name);
    if (current && isOwnedBy(current, service)) store.delete(resource, service.metadata.namespace, name);
  };

  const reconcileWorkload = (service: KubeObject) => {
    if (options.scenario.cluster.kserve !== 'no-certificates') {
      ensure(service, SECRETS, certificates(service, options.tls, options.caPem));
    }
    const deployment = workloadDeployment(service);
    if (options.scenario.cluster.scaleIn === 'held') {
      const current = store.get(DEPLOYMENTS, service.metadata.namespace, deployment.metadata.name);
      deployment.spec.replicas = Math.max(deployment.spec.replicas, current?.spec?.replicas ?? 0);
    }
    ensure(service, DEPLOYMENTS, deployment);
    ensure(service, SERVICES, workloadService(service));
  };

  const reconcileScheduler = (service: KubeObject) => {
    const { namespace } = service.metadata;
    const names = namesOf(service.metadata.name);
    const deployment = schedulerDeployment(service, store.get(DEPLOYMENTS, namespace, names.scheduler));
    if (!deployment) {
      remove(service, DEPLOYMENTS, names.scheduler);
      remove(service, SERVICES, names.schedulerService);
      remove(service, SERVICE_ACCOUNTS, names.schedulerAccount);
      for (const group of resources.POOL_GROUPS) remove(service, resources.poolsOf(group), names.pool);
      return;
    }
    ensure(service, SERVICE_ACCOUNTS, schedulerAccount(service));
    ensure(service, DEPLOYMENTS, deployment);
    ensure(service, SERVICES, schedulerService(service));
    for (const group of resources.POOL_GROUPS) {
      if (store.get(resources.CRDS, undefined, `inferencepools.${group}`)) {
        ensure(service, resources.poolsOf(group), inferencePool(service, group));
      }
    }
  };

  const reconcileRoute = (service: KubeObject) => {
    const names = namesOf(service.metadata.name);
    const route = service.spec?.router?.route;
    if (!route || route.http?.refs?.length) {
      remove(service, HTTP_ROUTES, names.route);
      return;
    }
    const current = store.get(HTTP_ROUTES, service.metadata.namespace, names.route);
    const migrated = current !== undefined && mustMigrate(current);
    const group = resources.POOL_GROUPS[migrated ? 1 : 0];
    const wanted = httpRoute(service, gateway, group);
    if (migrated) wanted.metadata.annotations = { [MIGRATED]: 'v1' };
    ensure(service, HTTP_ROUTES, wanted);
  };

  const reconcileRules = (service: KubeObject) => {
    if (options.scenario.cluster.kserve === 'no-rules') return;
    if (!store.get(resources.CRDS, undefined, 'destinationrules.networking.istio.io')) return;
    const namespace = service.metadata.namespace as string;
    const names = namesOf(service.metadata.name);
    const workloadHost = hostOf(names.workloadService, namespace);
    const workload = 'llminferenceservice-workload';
    const rules = [
      { name: names.workloadRule, component: workload, host: workloadHost, caCertificates: GATEWAY_CA },
    ] as Parameters<typeof destinationRule>[1][];
    if (schedulerOf(service)) {
      const component = 'llminferenceservice-router-scheduler';
      rules.push({ name: names.schedulerRule, component, host: hostOf(names.schedulerService, namespace) });
    }
    // Istio's own Service for the pool has a name that only Istio knows; it shows some time after the pool.
    const shadow = store
      .list(SERVICES, namespace)
      .find((one) => one.metadata.labels?.['istio.io/inferencepool-name'] === poolName(service));
    if (shadow) {
      const host = hostOf(shadow.metadata.name, namespace);
      rules.push({ name: names.poolRule, component: workload, host, sni: workloadHost });
    }
    for (const rule of rules) ensure(service, DESTINATION_RULES, destinationRule(service, rule));
  };

  const reconcile = (key: string) => {
    const [namespace, name] = key.split('/') as [string, string];
    const written = store.get(LLM_SERVICES, namespace, name);
    if (!written || written.metadata.deletionTimestamp || options.scenario.cluster.kserve === 'ignores') return;
    const combined = combine(written, gateway);
    if ('error' in combined) {
      writeStatus(store, LLM_SERVICES, written, uncombinedStatus(written, combined.error));
      return;
    }
    const { service } = combined;
    const { kserve } = options.scenario.cluster;
    if (typeof kserve === 'object') {
      writeStatus(store, LLM_SERVICES, written, oddStatus(written, kserve.odd));
      return;
    }
    const problem = workloadProblem(service);
    if (!problem) {
      reconcileWorkload(service);
      if (service.spec?.router) {
        reconcileScheduler(service);
        reconcileRoute(service);
        reconcileRules(service);
      }
    }
    writeStatus(store, LLM_SERVICES, service, serviceStatus(store, service, gateway, problem));
  };

  const queue = createWorkQueue('llmisvc', reconcile);
  const all = (namespace?: string) => {
    for (const { metadata } of store.list(LLM_SERVICES, namespace)) queue.add(`${metadata.namespace}/${metadata.name}`);
  };
  const unsubscribe = store.subscribe(({ resource, object }) => {
    if (resource.plural === LLM_SERVICES.plural) queue.add(`${object.metadata.namespace}/${object.metadata.name}`);
    const owner = object.metadata.ownerReferences?.find((one) => one.kind === 'LLMInferenceService');
    if (owner) queue.add(`${object.metadata.namespace}/${owner.name}`);
    else if (object.metadata.labels?.['istio.io/inferencepool-name']) all(object.metadata.namespace);
    if (resource.plural === GATEWAYS.plural) all();
  });
  all();
  return {
    close() {
      unsubscribe();
      queue.close();
    },
  };
}

/** A route goes to the promoted group for good once the gateway has refused the older one. */
function mustMigrate(route: KubeObject): boolean {
  if (route.metadata.annotations?.[MIGRATED] === 'v1') return true;
  return ((route.status?.parents ?? []) as { conditions: Condition[] }[]).some((parent) =>
    parent.conditions.some(
      (one) => one.type === 'ResolvedRefs' && one.status === 'False' && one.reason === 'InvalidKind',
    ),
  );
}
