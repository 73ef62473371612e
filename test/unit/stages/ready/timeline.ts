import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { awaitReady } from '../../../../src/stages/ready/ready.ts';
import type { AnyObject } from '../../../any-object.ts';
import { fakeClock } from '../../lib/fake-clock.ts';
import { fakeKube, prepared, stageContext, texts } from '../fakes.ts';

/** The poll intervals that must lead to one verdict. */
export const INTERVALS = ['250ms', '5s', '30s'] as const;

/** A cluster as a function of time: what it holds `seconds` after the wait began. */
export interface Cluster {
  /** Whether the pods run and are Ready. */
  ready?: boolean;
  service?: KubeObject[];
  route?: KubeObject[];
  pool?: KubeObject[];
  gateway?: KubeObject[];
  events?: KubeObject[];
  /** Thrown instead of the answer to a read of this kind. */
  fails?: Record<string, Failure>;
}

export interface Outcome {
  /** `ready`, or the code of the failure. */
  verdict: string;
  failure: Failure | null;
  seconds: number;
  waiting: string[];
}

const NS = { namespace: 'ns' };
const SERVICE = 'LLMInferenceService';
const GATEWAY = { name: 'gw', namespace: 'infra' };

interface Found {
  type: string;
  status?: string;
  reason?: string;
  message?: string;
  observedGeneration?: number;
}

const filled = (list: readonly Found[]) =>
  list.map(({ status = 'False', reason = '', message = '', ...rest }) => ({ status, reason, message, ...rest }));

/** The service with these conditions, which the controller reported on generation 1. */
export function aService(conditions: readonly Found[], generation = 1): KubeObject {
  const metadata = { name: 'qwen', ...NS, generation };
  const status = { observedGeneration: 1, conditions: filled(conditions) };
  return { apiVersion: 'serving.kserve.io/v1alpha1', kind: SERVICE, metadata, status };
}

/** The service's route to a pool of a group, at a generation, with what its gateway has reported. */
export function aRoute(generation: number, group: string, conditions: readonly Found[]): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      name: 'qwen-kserve-route',
      ...NS,
      generation,
      ownerReferences: [{ apiVersion: 'serving.kserve.io/v1alpha1', kind: SERVICE, name: 'qwen', uid: 'u' }],
    },
    spec: {
      parentRefs: [GATEWAY],
      rules: [
        {
          matches: [{ path: { value: '/ns/qwen/v1/completions' } }],
          backendRefs: [{ group, kind: 'InferencePool', name: 'qwen-pool' }],
        },
      ],
    },
    status: { parents: [{ parentRef: GATEWAY, conditions: filled(conditions) }] },
  };
}

export function aPool(conditions: readonly Found[], generation = 1): KubeObject {
  return {
    apiVersion: 'inference.networking.k8s.io/v1',
    kind: 'InferencePool',
    metadata: { name: 'qwen-pool', ...NS, generation },
    status: { parents: [{ parentRef: GATEWAY, conditions: filled(conditions) }] },
  };
}

export function aGateway(conditions: readonly Found[], listeners: Record<string, readonly Found[]> = {}): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { ...GATEWAY, generation: 1 },
    spec: { listeners: [{ name: 'http', protocol: 'HTTP', port: 80 }, ...othersOf(listeners)] },
    status: {
      addresses: [{ value: '10.0.0.1' }],
      conditions: filled(conditions),
      listeners: Object.entries(listeners).map(([name, list]) => ({ name, conditions: filled(list) })),
    },
  };
}

const othersOf = (listeners: object) =>
  Object.keys(listeners)
    .filter((name) => name !== 'http')
    .map((name, index) => ({ name, protocol: 'HTTPS', port: 8443 + index }));

export const V1 = 'inference.networking.k8s.io';
export const ALPHA = 'inference.networking.x-k8s.io';
/** What a gateway reports on a route that it has taken up. */
export const taken = (observedGeneration: number): Found[] => [
  { type: 'Accepted', status: 'True', observedGeneration },
  { type: 'ResolvedRefs', status: 'True', observedGeneration },
];
/** Everything as it is when the service serves. */
const HEALTHY: Required<Omit<Cluster, 'fails' | 'ready'>> = {
  service: [aService([{ type: 'Ready', status: 'True' }])],
  route: [aRoute(1, V1, taken(1))],
  pool: [aPool([{ type: 'Accepted', status: 'True', observedGeneration: 1 }])],
  gateway: [aGateway([{ type: 'Programmed', status: 'True' }])],
  events: [],
};

function aPod(index: number, ready: boolean): AnyObject {
  const picker = index === 9;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `pod-${index}`,
      ...NS,
      creationTimestamp: '2026-11-22T14:00:00Z',
      labels: picker
        ? { 'app.kubernetes.io/component': 'llminferenceservice-router-scheduler' }
        : { 'kserve.io/component': 'workload' },
    },
    spec: { nodeName: `node-${index}`, containers: [{ name: 'main', args: ['--port=8000'] }] },
    status: {
      phase: ready ? 'Running' : 'Pending',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [{ name: 'main', ready, restartCount: 0, state: ready ? { running: {} } : { waiting: {} } }],
    },
  };
}

/** Waits for a cluster that changes with time, at one poll interval. */
export async function playAt(
  interval: string,
  clusterAt: (seconds: number) => Cluster,
  limit = '30m',
): Promise<Outcome> {
  const clock = fakeClock();
  const now = () => clusterAt(clock.now() / 1_000);
  const answer = (kind: string, healthy: KubeObject[], own: KubeObject[] | undefined): KubeObject[] => {
    const refused = now().fails?.[kind];
    if (refused) throw refused;
    return own ?? healthy;
  };
  const { kube } = fakeKube({
    [SERVICE]: () => answer(SERVICE, HEALTHY.service, now().service),
    HTTPRoute: () => answer('HTTPRoute', HEALTHY.route, now().route),
    InferencePool: () => answer('InferencePool', HEALTHY.pool, now().pool),
    Gateway: () => answer('Gateway', HEALTHY.gateway, now().gateway),
    Event: () => answer('Event', [], now().events),
    Pod: () => answer('Pod', [0, 1, 2, 9].map((index) => aPod(index, now().ready ?? true)) as KubeObject[], undefined),
    Deployment: () => answer('Deployment', [], undefined),
  });
  const list = (apiVersion: string, kind: string) => kube.list(apiVersion, kind);
  const { context, said } = stageContext(
    { kube: { ...kube, list: list as KubeClient['list'] } },
    { 'ready-timeout': limit, 'poll-interval': interval },
  );
  const failure = await awaitReady({ ...context, clock }, prepared()).then(
    () => null,
    (error: unknown) => {
      if (error instanceof Failure) return error;
      throw error;
    },
  );
  const waiting = texts(said.filter(({ type }) => type === 'waiting'));
  return { verdict: failure?.code ?? 'ready', failure, seconds: clock.now() / 1_000, waiting };
}
