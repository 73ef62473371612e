import { createHash } from 'node:crypto';
import { errorText } from '../errors.ts';
import type { ResourceKey, Store } from '../kube/store.ts';
import type { KubeObject, PemPair } from '../protocol.ts';
import type { Scenario } from '../scenarios/scenarios.ts';
import type { ClusterClock } from './clock.ts';
import type { RecordEvent } from './events.ts';
import { createCertificates } from './kserve-certificates.ts';
import { finalize, withFinalizer } from './kserve-finalizer.ts';
import { createMigration, MIGRATED } from './kserve-migration.ts';
import { namesOf } from './kserve-names.ts';
import { createOwned } from './kserve-owned.ts';
import { authBindingName, schedulerAuthBinding, schedulerRole, schedulerRoleBinding } from './kserve-rbac.ts';
import { httpRoute } from './kserve-route.ts';
import { type GatewayRef, gatewaysOf, inferenceModel, inferencePool } from './kserve-router.ts';
import { destinationRules } from './kserve-rules.ts';
import { oddStatus, type Problems, serviceStatus, uncombinedStatus } from './kserve-status.ts';
import { combine } from './kserve-variables.ts';
import { type KserveVersion, kserveTraits } from './kserve-versions.ts';
import {
  certificates,
  schedulerAccount,
  schedulerDeployment,
  schedulerService,
  workloadDeployment,
  workloadProblem,
  workloadService,
} from './kserve-workload.ts';
import { writeStatus } from './objects.ts';
import * as resources from './resources.ts';
import { createWorkQueue } from './workqueue.ts';

const {
  DEPLOYMENTS,
  SERVICES,
  SECRETS,
  SERVICE_ACCOUNTS,
  HTTP_ROUTES,
  DESTINATION_RULES,
  GATEWAYS,
  LLM_SERVICES,
  PODS,
} = resources;

/** On the template of v0.17's picker; that there is a hash is the controller's, its name here is the lab's. */
const CERTIFICATE_HASH = 'serving.kserve.io/certificate-hash';
const NO_INFERENCE_MODEL = 'no matches for kind "InferenceModel" in version "inference.networking.x-k8s.io/v1alpha2"';

/** The controller that turns an LLMInferenceService into a workload, an endpoint picker and a route. */
export function startKserve(options: {
  store: Store;
  clock: ClusterClock;
  kserve?: KserveVersion;
  record: RecordEvent;
  gateway: GatewayRef;
  scenario: Scenario;
  tls: PemPair;
  caPem: string;
}): { close(): void } {
  const { store, record, gateway, clock } = options;
  const traits = kserveTraits(options.kserve);
  const { ensure, remove } = createOwned(store, record);
  const certificatesOf = createCertificates(store, options.tls, ({ metadata }) => {
    queue.add(`${metadata.namespace}/${metadata.name}`);
  });
  const migration = createMigration(clock, traits.migratesAfter, (key) => queue.add(key));

  const reconcileWorkload = (service: KubeObject) => {
    if (options.scenario.cluster.kserve !== 'no-certificates') {
      const secret = certificates(service, certificatesOf.of(service), options.caPem, traits);
      ensure(service, SECRETS, secret);
    }
    const deployment = workloadDeployment(service, traits);
    const current = store.get(DEPLOYMENTS, service.metadata.namespace, deployment.metadata.name);
    if (traits.keepsReplicas && service.spec.replicas === undefined) {
      deployment.spec.replicas = current?.spec?.replicas ?? deployment.spec.replicas;
    }
    if (options.scenario.cluster.scaleIn !== 'ok') {
      deployment.spec.replicas = Math.max(deployment.spec.replicas, current?.spec?.replicas ?? 0);
    }
    ensure(service, DEPLOYMENTS, deployment);
    ensure(service, SERVICES, workloadService(service));
  };

  const reconcileScheduler = (service: KubeObject) => {
    const { namespace } = service.metadata;
    const names = namesOf(service.metadata.name);
    const deployment = schedulerDeployment(service, store.get(DEPLOYMENTS, namespace, names.scheduler), traits);
    if (!deployment) return removeScheduler(service);
    ensure(service, SERVICE_ACCOUNTS, schedulerAccount(service));
    ensure(service, resources.CLUSTER_ROLE_BINDINGS, schedulerAuthBinding(service));
    ensure(service, resources.ROLES, schedulerRole(service));
    ensure(service, resources.ROLE_BINDINGS, schedulerRoleBinding(service));
    if (traits.inferenceModel) {
      if (!hasKind(resources.INFERENCE_MODELS)) throw new Error(NO_INFERENCE_MODEL);
      ensure(service, resources.INFERENCE_MODELS, inferenceModel(service));
    }
    if (traits.hashesCertificate) {
      const secret = store.get(SECRETS, namespace, names.certificates);
      const hash = createHash('sha256').update(String(secret?.data?.['tls.crt'])).digest('hex');
      Object.assign(deployment.spec.template.metadata.annotations, { [CERTIFICATE_HASH]: hash });
    }
    ensure(service, DEPLOYMENTS, deployment);
    ensure(service, SERVICES, schedulerService(service));
    for (const group of resources.POOL_GROUPS) {
      if (hasKind(resources.poolsOf(group))) ensure(service, resources.poolsOf(group), inferencePool(service, group));
    }
  };

  const removeScheduler = (service: KubeObject) => {
    const names = namesOf(service.metadata.name);
    remove(service, DEPLOYMENTS, names.scheduler);
    remove(service, SERVICES, names.schedulerService);
    remove(service, SERVICE_ACCOUNTS, names.schedulerAccount);
    remove(service, resources.ROLES, names.schedulerRole);
    remove(service, resources.ROLE_BINDINGS, names.schedulerRoleBinding);
    remove(service, resources.INFERENCE_MODELS, names.model);
    const binding = authBindingName(service);
    if (store.get(resources.CLUSTER_ROLE_BINDINGS, undefined, binding)) {
      store.delete(resources.CLUSTER_ROLE_BINDINGS, undefined, binding);
    }
    for (const group of resources.POOL_GROUPS) remove(service, resources.poolsOf(group), names.pool);
  };

  const hasKind = ({ group, plural }: ResourceKey) =>
    store.get(resources.CRDS, undefined, `${plural}.${group}`) !== undefined;

  const reconcileRoute = (service: KubeObject) => {
    const names = namesOf(service.metadata.name);
    const route = service.spec?.router?.route;
    if (!route || route.http?.refs?.length) {
      remove(service, HTTP_ROUTES, names.route);
      return;
    }
    const migrated = migration.isDue(service, store.get(HTTP_ROUTES, service.metadata.namespace, names.route));
    const group = resources.POOL_GROUPS[migrated ? 1 : 0];
    const wanted = httpRoute(service, gateway, group, traits);
    if (migrated) wanted.metadata.annotations = { [MIGRATED]: 'v1' };
    ensure(service, HTTP_ROUTES, wanted);
    if (traits.needsGatewayClass) requireClasses(service, names.route);
  };

  const requireClasses = ({ metadata }: KubeObject, route: string) => {
    for (const ref of gatewaysOf(store.get(LLM_SERVICES, metadata.namespace, metadata.name) as KubeObject, gateway)) {
      const name = store.get(GATEWAYS, ref.namespace, ref.name)?.spec?.gatewayClassName as string | undefined;
      if (name === undefined || store.get(resources.GATEWAY_CLASSES, undefined, name)) continue;
      const missing = `GatewayClass.gateway.networking.k8s.io ${JSON.stringify(name)} not found`;
      const what = `failed to get GatewayClass ${JSON.stringify(name)} for gateway ${ref.namespace}/${ref.name}: ${missing}`;
      throw new Error(`failed to discover gateways for route ${metadata.namespace}/${route}: ${what}`);
    }
  };

  const reconcileRules = (service: KubeObject) => {
    if (!traits.writesRules || options.scenario.cluster.kserve === 'no-rules') return;
    if (!hasKind(DESTINATION_RULES)) return;
    for (const rule of destinationRules(store, service)) ensure(service, DESTINATION_RULES, rule);
  };

  const reconcile = (key: string) => {
    const [namespace, name] = key.split('/') as [string, string];
    const written = store.get(LLM_SERVICES, namespace, name);
    if (!written || options.scenario.cluster.kserve === 'ignores') return;
    if (written.metadata.deletionTimestamp) {
      migration.forget(key);
      finalize(store, written);
      return;
    }
    const kept = withFinalizer(store, written);
    const combined = combine(kept, gateway, traits);
    if ('error' in combined) {
      writeStatus(store, LLM_SERVICES, kept, uncombinedStatus(kept, combined.error));
      return;
    }
    const { service } = combined;
    const { kserve } = options.scenario.cluster;
    if (typeof kserve === 'object') {
      writeStatus(store, LLM_SERVICES, kept, oddStatus(kept, kserve.odd));
      return;
    }
    const problems: Problems = { workload: workloadProblem(service) };
    if (problems.workload === null) {
      reconcileWorkload(service);
      if (service.spec?.router) reconcileRouter(service, problems);
    }
    writeStatus(store, LLM_SERVICES, service, serviceStatus(store, service, { gateway, problems, traits }));
  };

  /** Part after part; the first that fails ends it, as in the controller. */
  const reconcileRouter = (service: KubeObject, problems: Problems) => {
    try {
      reconcileScheduler(service);
    } catch (error) {
      problems.scheduler = errorText(error);
      return;
    }
    try {
      reconcileRoute(service);
    } catch (error) {
      problems.route = errorText(error);
      return;
    }
    reconcileRules(service);
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
    // What the controller looks for and does not own.
    if ([GATEWAYS.plural, resources.GATEWAY_CLASSES.plural, resources.CRDS.plural].includes(resource.plural)) all();
    const { labels } = object.metadata;
    if (resource.plural === PODS.plural && labels?.['kserve.io/component'] === 'workload') {
      queue.add(`${object.metadata.namespace}/${labels['app.kubernetes.io/name']}`);
    }
  });
  all();
  return {
    close() {
      unsubscribe();
      queue.close();
      certificatesOf.close();
      migration.close();
    },
  };
}
