import type { GkeClient, GkeOperation } from '../../../src/clients/google/gke.ts';
import type { NodePoolInfo } from '../../../src/clients/google/node-pool.ts';
import type { KubeClient } from '../../../src/clients/kubernetes/client.ts';
import { describe, type KubeObject } from '../../../src/clients/kubernetes/objects.ts';
import { type Inputs, parseInputs } from '../../../src/inputs/inputs.ts';
import { Failure } from '../../../src/lib/failure.ts';
import { startJournal } from '../../../src/pipeline/journal.ts';
import type { ProgressEvent } from '../../../src/progress/events.ts';
import type { Report } from '../../../src/report/model.ts';
import type { LeaseState, Prepared, StageContext } from '../../../src/stages/context.ts';
import { RUN_ANNOTATION } from '../../../src/stages/deploy/marks.ts';
import type { AnyObject } from '../../any-object.ts';
import { fakeClock } from '../lib/fake-clock.ts';
import { aReport } from '../report/fixtures.ts';

export const POOL: NodePoolInfo = {
  name: 'v6e',
  status: 'RUNNING',
  machineType: 'ct6e-standard-4t',
  tpuTopology: null,
  initialNodeCount: 0,
  locations: ['europe-west4-a'],
  autoscaling: null,
  queuedProvisioning: false,
  spot: true,
  reserved: false,
  reservations: [],
  conditions: [],
  taints: [],
  labels: {},
  flexStart: false,
  maxRunSeconds: null,
  instanceGroups: [],
};

export const LEASE: LeaseState = {
  v: 1,
  projectId: 'ecoeng-llmd',
  location: 'europe-west4-a',
  cluster: 'llmd',
  nodePool: 'v6e',
  sizeBefore: 0,
  sizeAsked: 3,
  restingNodes: 0,
  machineType: 'ct6e-standard-4t',
  spot: true,
  reserved: false,
  startedAt: '2026-11-22T14:07:07Z',
  run: '183/1',
  runKey: '183-1',
  holder: 'https://github.com/o/r/actions/runs/183/attempts/1',
  leaseNamespace: 'default',
  phase: 'held',
  renewedAt: '2026-11-22T14:07:07Z',
  namespace: 'ns',
  workload: [
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'first', namespace: 'ns' },
    { apiVersion: 'serving.kserve.io/v1alpha1', kind: 'LLMInferenceService', name: 'qwen', namespace: 'ns' },
  ],
};

export function someInputs(change: Record<string, string> = {}): Inputs {
  const given: Record<string, string> = {
    'project-id': 'ecoeng-llmd',
    location: 'europe-west4-a',
    cluster: 'llmd',
    ...change,
  };
  const parsed = parseInputs({ get: (name) => given[name], given: Object.keys(given), env: {} });
  if ('problems' in parsed) throw new Error(parsed.problems.join('\n'));
  return parsed.inputs;
}

export function prepared(change: Partial<Prepared> = {}): Prepared {
  return {
    pool: POOL,
    nodes: 3,
    sizeBefore: 0,
    restingNodes: 0,
    service: { apiVersion: 'serving.kserve.io/v1alpha1', name: 'qwen', namespace: 'ns', replicas: 3 },
    manifests: [],
    retire: [],
    environment: {},
    ...change,
  };
}

/** An object as a run of the gate applied it, or as somebody else did (`run` null). */
export function applied(kind: string, name: string, run: string | null = LEASE.runKey): KubeObject {
  return {
    apiVersion: kind === 'LLMInferenceService' ? 'serving.kserve.io/v1alpha1' : 'v1',
    kind,
    metadata: {
      ...{ name, namespace: 'ns', uid: `uid-${name}` },
      // After the lease of LEASE was taken.
      ...(run === null ? {} : { creationTimestamp: '2026-11-22T14:08:00Z', annotations: { [RUN_ANNOTATION]: run } }),
    },
  };
}

/** GKE refuses a change while an operation runs. */
export function conflict(): Failure {
  return new Failure({
    stage: 'release',
    code: 'gke-busy',
    message: 'Resize of v6e: Cluster is running incompatible operation operation-1.',
    evidence: { reason: 'CLUSTER_ALREADY_HAS_OPERATION' },
  });
}

export function unreachable(): Failure {
  return new Failure({ stage: 'release', code: 'kube-unreachable', message: 'the Kubernetes API did not answer' });
}

export interface FakePool {
  gke: GkeClient;
  /** Sizes asked for, in order, refused ones included. */
  asked: number[];
  /** The nodes that exist. */
  nodes: KubeObject[];
  /** How many probes an operation takes. */
  operationProbes: number;
  /** Thrown by the next resizes, in turn. */
  refusals: Error[];
  /** How every operation ends. */
  operationError: string | null;
  /** How the next operations end, in turn; then all end as `operationError` says. */
  operationErrors: (string | null)[];
  /** What runs on the cluster, whoever asked for it. */
  running: GkeOperation[];
  /** Operations that were asked to end, refused ones included. */
  cancelled: string[];
}

export function operation(change: Partial<GkeOperation> = {}): GkeOperation {
  return {
    name: 'operation-2',
    type: 'SET_NODE_POOL_SIZE',
    status: 'RUNNING',
    targetLink: 'https://container.googleapis.com/v1/projects/1/zones/europe-west4-a/clusters/llmd/nodePools/v6e',
    startTime: null,
    error: null,
    ...change,
  };
}

/** A node pool whose nodes come and go when an operation is done. */
export function fakePool(size = 0, change: Partial<FakePool> = {}): FakePool {
  let probes = 0;
  let target = size;
  const pool: FakePool = {
    asked: [],
    nodes: nodes(size),
    operationProbes: 2,
    refusals: [],
    operationError: null,
    operationErrors: [],
    running: [],
    cancelled: [],
    gke: {
      cluster: 'llmd',
      setNodePoolSize: async (_pool: string, nodeCount: number) => {
        pool.asked.push(nodeCount);
        const refusal = pool.refusals.shift();
        if (refusal) throw refusal;
        target = nodeCount;
        probes = 0;
        return operation({ status: 'PENDING' });
      },
      getOperation: async () => {
        probes += 1;
        if (probes < pool.operationProbes) return operation();
        const error = pool.operationErrors.shift() ?? pool.operationError;
        if (!error) pool.nodes = nodes(target);
        return operation({ status: 'DONE', error });
      },
      listOperations: async () => pool.running,
      tryResizePermission: async () => true,
      cancelOperation: async (name: string) => {
        pool.cancelled.push(name);
      },
      getNodePool: async () => ({ ...POOL, initialNodeCount: target }),
    } as unknown as GkeClient,
    ...change,
  };
  return pool;
}

export function nodes(count: number, ready = count): KubeObject[] {
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: `node-${index}`, creationTimestamp: '2026-11-22T14:10:00Z' },
    status: {
      conditions: [{ type: 'Ready', status: index < ready ? 'True' : 'False' }],
      allocatable: index < ready ? { 'google.com/tpu': '4' } : {},
    },
  }));
}

/** Lists what it is given by kind; `removed` is what was deleted and `applied` what was applied for good, in order. */
export function fakeKube(
  lists: Partial<Record<string, () => KubeObject[]>>,
  answers: { remove?: (what: string) => boolean } = {},
): { kube: KubeClient; removed: string[]; applied: KubeObject[] } {
  const removed: string[] = [];
  const done: KubeObject[] = [];
  const leases = new Map<string, KubeObject>();
  const keep = (object: KubeObject): KubeObject => {
    leases.set(object.metadata.name, object);
    return object;
  };
  const kube = {
    list: async (_apiVersion: string, kind: string, { fieldSelector }: { fieldSelector?: string } = {}) =>
      (lists[kind]?.() ?? []).filter(
        ({ spec }: AnyObject) => fieldSelector === undefined || fieldSelector === `spec.nodeName=${spec?.nodeName}`,
      ),
    create: async (object: KubeObject) => (leases.has(object.metadata.name) ? null : keep(object)),
    replace: async (object: KubeObject) => keep(object),
    get: async ({ kind, name }: { kind: string; name: string }) =>
      (kind === 'Lease' ? leases.get(name) : undefined) ??
      lists[kind]?.().find(({ metadata }) => metadata.name === name) ??
      null,
    apply: async (object: KubeObject, { dryRun = false } = {}) => {
      if (!dryRun) done.push(object);
      return object;
    },
    serverTime: () => Date.now(),
    version: async () => 'v1.33.4-gke.1',
    rulesIn: async () => [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    canI: async () => true,
    secretKeys: async () => null,
    serves: async () => true,
    logs: async () => '',
    versionsOf: async (group: string) => (group.includes('x-k8s.io') ? ['v1alpha2'] : ['v1']),
    remove: async (ref: Parameters<KubeClient['remove']>[0]) => {
      const there = answers.remove?.(describe(ref)) ?? true;
      if (there) removed.push(describe(ref));
      return there;
    },
  };
  return { kube: kube as unknown as KubeClient, removed, applied: done };
}

/** What a stage is given, with time that passes at once; `said` is what it emitted, `report` what it noted. */
export function stageContext(
  clients: { gke?: GkeClient; kube?: KubeClient },
  change: Record<string, string> = {},
  start: Report = aReport(),
): { context: StageContext; said: ProgressEvent[]; report: () => Report } {
  const said: ProgressEvent[] = [];
  const { note, report } = startJournal(start);
  const context: StageContext = {
    inputs: someInputs(change),
    gke: clients.gke ?? fakePool().gke,
    kube: clients.kube ?? fakeKube({}).kube,
    clock: fakeClock(),
    signal: new AbortController().signal,
    emit: (event) => said.push(event),
    note,
    run: start.run,
    runKey: '183-1',
  };
  return { context, said, report };
}

/** The texts of events, for reading. */
export function texts(said: readonly ProgressEvent[]): string[] {
  return said.map((event) => ('text' in event ? event.text : 'seen' in event ? event.seen : event.type));
}
