import { createHash } from 'node:crypto';
import type { KubeObject } from '../protocol.ts';
import { type Condition, nowIso, type Verdict, withCondition } from './objects.ts';
import { quantity } from './quantity.ts';

export type ContainerState =
  | { waiting: { reason: string; message?: string } }
  | { running: { startedAt: string } }
  | { terminated: { exitCode: number; reason: string; message?: string; startedAt: string; finishedAt: string } };

/** What the kubelet knows of one container. */
export interface ContainerRecord {
  name: string;
  image: string;
  state: ContainerState;
  lastState: ContainerState | Record<string, never>;
  ready: boolean;
  started: boolean;
  restartCount: number;
}

export interface PodRecord {
  hostIp: string;
  podIp: string;
  startTime: string;
  init: ContainerRecord[];
  main: ContainerRecord[];
}

/** A pod's containers as the kubelet finds them when it takes the pod on. */
export function newPodRecord(pod: KubeObject, hostIp: string, podIp: string): PodRecord {
  const hasInit = (pod.spec.initContainers ?? []).length > 0;
  const record = (container: { name: string; image: string }, reason: string): ContainerRecord => ({
    name: container.name,
    image: container.image,
    state: { waiting: { reason } },
    lastState: {},
    ready: false,
    started: false,
    restartCount: 0,
  });
  return {
    hostIp,
    podIp,
    startTime: nowIso(),
    init: (pod.spec.initContainers ?? []).map((one: KubeObject & { name: string; image: string }) =>
      record(one, 'PodInitializing'),
    ),
    main: (pod.spec.containers ?? []).map((one: KubeObject & { name: string; image: string }) =>
      record(one, hasInit ? 'PodInitializing' : 'ContainerCreating'),
    ),
  };
}

/** As the API server computes it from the CPU and memory of all containers, and keeps it for ever. */
export function qosClassOf(pod: KubeObject): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const all = [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])] as {
    resources?: { limits?: Record<string, unknown>; requests?: Record<string, unknown> };
  }[];
  const amounts = all.map(({ resources: { limits = {}, requests = {} } = {} }) =>
    ['cpu', 'memory'].map((name) => ({ limit: limits[name], request: requests[name] ?? limits[name] })),
  );
  if (amounts.flat().every(({ request }) => request === undefined)) return 'BestEffort';
  const isFixed = ({ limit, request }: { limit: unknown; request: unknown }) =>
    limit !== undefined && quantity(limit) === quantity(request);
  return amounts.flat().every(isFixed) ? 'Guaranteed' : 'Burstable';
}

/** status.conditions of a pod that no node has yet. */
export function unscheduledStatus(pod: KubeObject, message: string): Record<string, unknown> {
  return {
    ...pod.status,
    phase: 'Pending',
    qosClass: qosClassOf(pod),
    conditions: withCondition(pod.status?.conditions, {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
    }),
  };
}

/** The status that the kubelet reports: phase, conditions and containers, all from one record. */
export function podStatus(pod: KubeObject, record: PodRecord): Record<string, unknown> {
  const uninitialised = record.init.filter((one) => !isDone(one)).map((one) => one.name);
  const unready = record.main.filter((one) => !one.ready).map((one) => one.name);
  const ready: Verdict =
    unready.length === 0
      ? { status: 'True' }
      : {
          status: 'False',
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${unready.join(' ')}]`,
        };
  let conditions = pod.status?.conditions as Condition[] | undefined;
  const set = (type: string, rest: Verdict) => {
    conditions = withCondition(conditions, { type, ...rest });
  };
  set('PodReadyToStartContainers', { status: 'True' });
  set(
    'Initialized',
    uninitialised.length === 0
      ? { status: 'True' }
      : {
          status: 'False',
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: [${uninitialised.join(' ')}]`,
        },
  );
  set('Ready', ready);
  set('ContainersReady', ready);
  set('PodScheduled', { status: 'True' });
  const initialised = uninitialised.length === 0;
  const allStarted = record.main.every((one) => !('waiting' in one.state) || 'terminated' in one.lastState);
  return {
    phase: phaseOf(pod, record, initialised && allStarted),
    conditions,
    hostIP: record.hostIp,
    hostIPs: [{ ip: record.hostIp }],
    podIP: record.podIp,
    podIPs: [{ ip: record.podIp }],
    startTime: record.startTime,
    ...(record.init.length === 0 ? {} : { initContainerStatuses: record.init.map(containerStatus) }),
    containerStatuses: record.main.map(containerStatus),
    qosClass: qosClassOf(pod),
  };
}

/** A pod whose containers are not started again is over when all of them are. */
function phaseOf(pod: KubeObject, { main }: PodRecord, isStarted: boolean): string {
  const isOver = pod.spec.restartPolicy === 'Never' && main.every(({ state }) => 'terminated' in state);
  if (isOver) return main.every(isDone) ? 'Succeeded' : 'Failed';
  return isStarted ? 'Running' : 'Pending';
}

function isDone(container: ContainerRecord): boolean {
  return 'terminated' in container.state && container.state.terminated.exitCode === 0;
}

/** As containerd names an image that it has: the repository and a digest, here that of the name. */
function imageId(image: string): string {
  if (image.includes('@sha256:')) return image;
  const repository = image.replace(/:[^:/]*$/, '');
  return `${repository}@sha256:${createHash('sha256').update(image).digest('hex')}`;
}

function containerStatus(container: ContainerRecord): Record<string, unknown> {
  return {
    name: container.name,
    image: container.image,
    imageID: 'waiting' in container.state && container.restartCount === 0 ? '' : imageId(container.image),
    ready: container.ready || isDone(container),
    started: container.started,
    restartCount: container.restartCount,
    state: container.state,
    lastState: container.lastState,
  };
}
