import type { KubeObject } from '../../../protocol.ts';
import { containersOf, ownContainers, specOf } from './kserve-fields.ts';
import { manifest, NAMESPACE, until, type World } from './world.ts';

/** The version in which KServe v0.20 stores a service. */
const STORED = `/apis/serving.kserve.io/v1alpha2/namespaces/${NAMESPACE}/llminferenceservices`;
/** The version of the shipped manifests. */
const SHIPPED = `/apis/serving.kserve.io/v1alpha1/namespaces/${NAMESPACE}/llminferenceservices`;

/** Lists in which KServe, and istiod after it, write for a service. */
const COLLECTIONS = [
  `/api/v1/namespaces/${NAMESPACE}/services`,
  `/api/v1/namespaces/${NAMESPACE}/secrets`,
  `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`,
  `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`,
  `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/roles`,
  `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/rolebindings`,
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  `/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}/httproutes`,
  `/apis/inference.networking.k8s.io/v1/namespaces/${NAMESPACE}/inferencepools`,
  `/apis/inference.networking.x-k8s.io/v1alpha2/namespaces/${NAMESPACE}/inferencepools`,
  `/apis/networking.istio.io/v1/namespaces/${NAMESPACE}/destinationrules`,
];

export interface RecordedObject {
  kind: string;
  apiVersion: string;
  name: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** `Kind/name` of each owner, with `controller` where it is one. */
  owners: string[];
  /** What of the object the gate, the gateway or a kubelet acts on. */
  spec: unknown;
}

/** A condition without its times; `severity` is there where KServe writes one. */
export interface RecordedCondition {
  type: string;
  status: string;
  severity?: string;
  reason?: string;
  message?: string;
}

export interface KserveObservation {
  /** Of the service itself once it is Ready. */
  service: { finalizers: string[]; observedGeneration: number; url: string; conditions: RecordedCondition[] };
  /** Each state that a condition was in, in order, from the create to Ready. */
  sequence: Record<string, string[]>;
  objects: RecordedObject[];
  deletion: {
    /** Finalizers while the service waits for its deletion; null where it went at once. */
    waitsFor: string[] | null;
    /** Objects that are left when the service has gone and the garbage collector is done. */
    left: string[];
  };
}

/** The LLMInferenceService of a shipped pattern, as the project's picker can run it. */
export async function shippedService(pattern: 'pattern1' | 'pattern3'): Promise<KubeObject> {
  const objects = await manifest(`${pattern}/llminferenceservice.yaml`);
  return objects.find(({ kind }) => kind === 'LLMInferenceService') as KubeObject;
}

/** Creates the service, and calls `whenReady` before its objects are read and it is deleted. */
export async function observeKserve(
  world: World,
  service: KubeObject,
  whenReady: () => Promise<void> = async () => {},
): Promise<KserveObservation> {
  const { name } = service.metadata;
  const watching = new AbortController();
  const seen: KubeObject[] = [];
  const path = world.kind === 'real' ? STORED : SHIPPED;
  const watch = (async () => {
    for await (const { object } of world.api.stream(`${path}?watch=1`, watching.signal)) {
      if (object.metadata?.name === name) seen.push(object);
    }
  })().catch(() => {});
  try {
    const { status, body } = await world.api.ask('POST', SHIPPED, service);
    if (status !== 201) throw new Error(`${name}: HTTP ${status}: ${body.message}`);
    const ready = await until(`${name} is Ready`, async () => seen.find(isReady));
    await whenReady();
    const objects = await objectsOf(world, service);
    const sequence = sequenceOf(seen.slice(0, seen.indexOf(ready) + 1));
    const deletion = await deleted(world, service, seen);
    return { service: readiness(ready), sequence, objects, deletion };
  } finally {
    watching.abort();
    await watch;
  }
}

const conditionsOf = (service: KubeObject): RecordedCondition[] =>
  ((service.status?.conditions ?? []) as RecordedCondition[]).map(({ type, status, severity, reason, message }) => ({
    type,
    status,
    ...(severity ? { severity } : {}),
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
  }));

const isReady = (service: KubeObject) =>
  conditionsOf(service).some(({ type, status }) => type === 'Ready' && status === 'True');

function readiness(service: KubeObject): KserveObservation['service'] {
  return {
    finalizers: service.metadata.finalizers ?? [],
    observedGeneration: service.status.observedGeneration,
    url: String(service.status.url).replace(/^http:\/\/[^/]+/, 'http://<gateway>'),
    conditions: conditionsOf(service).sort((a, b) => a.type.localeCompare(b.type)),
  };
}

function sequenceOf(seen: KubeObject[]): Record<string, string[]> {
  const states: Record<string, string[]> = {};
  for (const service of seen) {
    for (const { type, status, reason, message } of conditionsOf(service)) {
      const state = [status, ...(reason ? [`${reason}${message ? `: ${message}` : ''}`] : [])].join(' ');
      const before = states[type] ?? [];
      if (before.at(-1) !== state) states[type] = [...before, state];
    }
  }
  return states;
}

async function objectsOf(world: World, service: KubeObject): Promise<RecordedObject[]> {
  const own = ownContainers(service);
  return (await listed(world, service))
    .map(
      (object): RecordedObject => ({
        kind: object.kind,
        apiVersion: object.apiVersion,
        name: object.metadata.name,
        labels: object.metadata.labels ?? {},
        annotations: annotationsOf(object),
        owners: (object.metadata.ownerReferences ?? []).map(
          (owner) => `${owner.kind}/${owner.name}${owner.controller ? ' controller' : ''}`,
        ),
        spec: object.kind === 'Deployment' ? containersOf(object, own) : specOf(object),
      }),
    )
    .sort((a, b) => `${a.kind}/${a.apiVersion}/${a.name}`.localeCompare(`${b.kind}/${b.apiVersion}/${b.name}`));
}

const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/;
/** What kube-controller-manager and clients leave on objects. */
const FOREIGN = /^(deployment\.kubernetes\.io|kubectl\.kubernetes\.io)\//;

function annotationsOf(object: KubeObject): Record<string, string> {
  const { annotations = {} } = object.metadata as { annotations?: Record<string, string> };
  return Object.fromEntries(
    Object.entries(annotations)
      .filter(([name]) => !FOREIGN.test(name))
      .map(([name, value]) => [name, value.replace(TIME, '<time>')]),
  );
}

/** Everything that bears the service's name, but for what an administrator added. */
async function listed(world: World, service: KubeObject): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  for (const path of COLLECTIONS) {
    const { status, body } = await world.api.ask('GET', path);
    if (status !== 200) continue;
    const kind = String(body.kind).replace(/List$/, '');
    for (const item of body.items as KubeObject[]) found.push({ ...item, kind, apiVersion: body.apiVersion });
  }
  return found.filter(
    ({ kind, metadata }) =>
      metadata.name.includes(service.metadata.name) && (kind !== 'DestinationRule' || metadata.ownerReferences),
  );
}

async function deleted(world: World, service: KubeObject, seen: KubeObject[]): Promise<KserveObservation['deletion']> {
  const { name } = service.metadata;
  const from = seen.length;
  await world.api.ask('DELETE', `${SHIPPED}/${name}`);
  await until(`${name} is gone`, async () => (await world.api.ask('GET', `${SHIPPED}/${name}`)).status === 404);
  const waiting = seen.slice(from).find(({ metadata }) => metadata.deletionTimestamp && metadata.finalizers?.length);
  await until(`the owned objects of ${name} are gone`, async () =>
    (await listed(world, service)).every(({ metadata }) => !metadata.ownerReferences?.length),
  );
  const left = (await listed(world, service)).map((object) => `${object.kind}/${object.metadata.name}`);
  return { waitsFor: waiting?.metadata.finalizers ?? null, left: left.sort() };
}
