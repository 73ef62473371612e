import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { Scenario } from '../scenarios/scenarios.ts';
import type { ContainerFault } from '../scenarios/types.ts';
import type { ClusterClock } from './clock.ts';
import type { RecordEvent } from './events.ts';
import { nowIso } from './objects.ts';
import type { PodLogs } from './pod-logs.ts';
import type { ContainerRecord, PodRecord } from './pod-status.ts';
import type { Replicas } from './replicas.ts';

export interface EnvEntry {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef?: KeyRef; configMapKeyRef?: KeyRef };
}

export interface KeyRef {
  name: string;
  key: string;
  optional?: boolean;
}

export interface HttpProbe {
  httpGet?: { path?: string; port: number | string; scheme?: string };
  initialDelaySeconds?: number;
  periodSeconds?: number;
  failureThreshold?: number;
}

/** A container of a pod's spec, as far as the kubelet reads it. */
export interface ContainerSpec {
  name: string;
  image: string;
  imagePullPolicy?: string;
  command?: string[];
  args?: string[];
  env?: EnvEntry[];
  envFrom?: { secretRef?: { name: string; optional?: boolean }; configMapRef?: { name: string; optional?: boolean } }[];
  ports?: { name?: string; containerPort: number }[];
  startupProbe?: HttpProbe;
  livenessProbe?: HttpProbe;
  readinessProbe?: HttpProbe;
  resources?: { limits?: Record<string, string>; requests?: Record<string, string> };
}

/** Runs containers as processes of this machine, at their pods' own addresses. */
export interface Programs {
  /** The life of the container's process; null for an image without a program. */
  run(context: PodContext, spec: ContainerSpec, record: ContainerRecord): Promise<Exit> | null;
}

/** Where a program in a pod finds the API server, and what signs its tokens. */
export interface PodApi {
  /** `127.0.0.1:PORT`, TLS. */
  endpoint: string;
  caPem: string;
  tokenSecret: string;
}

/** How a container's process ended. */
export interface Exit {
  code: number;
  reason: string;
  message?: string;
}

/** The kubelet's hold on one pod: everything that the life of a container touches. */
export interface PodContext {
  /** As it was scheduled; the store has the newest. */
  pod: KubeObject;
  record: PodRecord;
  store: Store;
  clock: ClusterClock;
  logs: PodLogs;
  replicas: Replicas;
  scenario: Scenario;
  /** The API server, for programs in pods; null where they cannot reach one. */
  api: Promise<PodApi> | null;
  /** Images that the pod's node has already. */
  images: Set<string>;
  /** Real programs by image; null where the lab plays every container. */
  programs: Programs | null;
  signal: AbortSignal;
  /** Writes the record to the pod's status. */
  publish(): void;
  event: RecordEvent;
}

/** An event about one container of the pod, as the kubelet words it. */
export function containerEvent(
  context: PodContext,
  container: ContainerRecord,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): void {
  const kind = context.record.init.includes(container) ? 'initContainers' : 'containers';
  context.event(context.pod, type, reason, message, {
    fieldPath: `spec.${kind}{${container.name}}`,
    host: context.pod.spec.nodeName as string,
  });
}

export function setWaiting(context: PodContext, container: ContainerRecord, reason: string, message?: string): void {
  container.state = { waiting: message === undefined ? { reason } : { reason, message } };
  container.ready = false;
  context.publish();
}

export function setRunning(context: PodContext, container: ContainerRecord, started: boolean): void {
  container.state = { running: { startedAt: nowIso() } };
  container.started = started;
  containerEvent(context, container, 'Normal', 'Created', `Created container: ${container.name}`);
  containerEvent(context, container, 'Normal', 'Started', `Started container ${container.name}`);
  context.publish();
}

export function setReady(context: PodContext, container: ContainerRecord): void {
  container.ready = true;
  container.started = true;
  context.publish();
}

/** It runs, and its readiness probe fails. */
export function setUnready(context: PodContext, container: ContainerRecord): void {
  container.ready = false;
  context.publish();
}

export function setTerminated(
  context: PodContext,
  container: ContainerRecord,
  exitCode: number,
  reason: string,
  message?: string,
): void {
  const startedAt = 'running' in container.state ? container.state.running.startedAt : nowIso();
  container.state = {
    terminated: { exitCode, reason, ...(message === undefined ? {} : { message }), startedAt, finishedAt: nowIso() },
  };
  container.ready = false;
  container.started = false;
  context.publish();
}

/** What the scenario has this container do, if anything. */
export function faultOf({ scenario, pod }: PodContext, { name }: { name: string }): ContainerFault | undefined {
  const labels = pod.metadata.labels ?? {};
  const role =
    labels['kserve.io/component'] === 'workload'
      ? 'replica'
      : labels['app.kubernetes.io/component'] === 'llminferenceservice-router-scheduler'
        ? 'endpoint-picker'
        : labels['gateway.networking.k8s.io/gateway-name'] !== undefined
          ? 'gateway'
          : null;
  return scenario.cluster.containers.find((fault) => fault.in === role && fault.container === name);
}

/** The NetworkPolicies of the cluster, all of them: Dataplane V2 enforces them. */
export function policiesOf({ store }: Pick<PodContext, 'store'>): KubeObject[] {
  return store.list({ group: 'networking.k8s.io', plural: 'networkpolicies' });
}

export function peerOf(pod: KubeObject): { namespace: string; labels: Record<string, string>; ip: string } {
  return {
    namespace: pod.metadata.namespace ?? '',
    labels: pod.metadata.labels ?? {},
    ip: String(pod.status?.podIP ?? ''),
  };
}
