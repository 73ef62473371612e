import type { KubeObject } from '../clients/kubernetes/objects.ts';
import { redactSecrets } from '../lib/redact.ts';
import type { ConditionEvidence, ContainerEvidence, PodEvidence, PodRole } from './evidence.ts';

const LONGEST = 500;
const MOST_CONDITIONS = 30;

/** Text from the cluster on its way into evidence: without credentials, of bounded length. */
export function bounded(text: unknown, max = LONGEST): string {
  const raw = typeof text === 'string' ? text : text === undefined || text === null ? '' : String(text);
  // Cut first, with room for what the masking takes away: a line may have megabytes.
  const shown = redactSecrets(raw.slice(0, max * 4));
  return shown.length <= max ? shown : `${shown.slice(0, max - 1)}…`;
}

/** Conditions of any object's status, bounded. */
/** Whether a pod that has not ended asks for TPU chips. */
export function usesTpu({ spec, status }: KubeObject): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  const containers = (spec?.containers ?? []) as { resources?: { requests?: Record<string, unknown> } }[];
  return containers.some(({ resources }) => resources?.requests?.['google.com/tpu'] !== undefined);
}

export function conditionsOf(list: unknown): ConditionEvidence[] {
  if (!Array.isArray(list)) return [];
  return (list as Record<string, unknown>[]).slice(0, MOST_CONDITIONS).map((condition) => ({
    type: bounded(condition?.type, 100),
    status: bounded(condition?.status, 20),
    reason: bounded(condition?.reason, 100),
    message: bounded(condition?.message),
  }));
}

interface Probe {
  httpGet?: { scheme?: string; path?: string };
  initialDelaySeconds?: number;
  periodSeconds?: number;
  failureThreshold?: number;
}

interface ContainerSpec {
  name: string;
  image?: string;
  restartPolicy?: string;
  command?: string[];
  args?: string[];
  readinessProbe?: Probe;
  livenessProbe?: Probe;
  startupProbe?: Probe;
}

interface Terminated {
  reason?: string;
  exitCode?: number;
  message?: string;
}

interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  state?: { waiting?: { reason?: string; message?: string }; running?: unknown; terminated?: Terminated };
  lastState?: { terminated?: Terminated };
}

/** What a pod tells of itself; logs are added by whoever may read them. */
export function podEvidence(pod: KubeObject, role: PodRole): PodEvidence {
  const { metadata, spec, status } = pod;
  const conditions = conditionsOf(status?.conditions);
  const inits = (spec?.initContainers ?? []) as ContainerSpec[];
  const statuses = [
    ...((status?.initContainerStatuses ?? []) as ContainerStatus[]),
    ...((status?.containerStatuses ?? []) as ContainerStatus[]),
  ];
  const read = (container: ContainerSpec, init: boolean) =>
    containerEvidence(
      container,
      init && container.restartPolicy !== 'Always',
      statuses.find(({ name }) => name === container.name),
    );
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    role,
    node: (spec?.nodeName as string | undefined) ?? null,
    phase: bounded(status?.phase, 40),
    reason: bounded(status?.reason, 100),
    message: bounded(status?.message),
    ready: conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    terminating: metadata.deletionTimestamp !== undefined,
    labels: metadata.labels ?? {},
    conditions,
    containers: [
      ...inits.map((one) => read(one, true)),
      ...((spec?.containers ?? []) as ContainerSpec[]).map((one) => read(one, false)),
    ],
  };
}

function containerEvidence(spec: ContainerSpec, init: boolean, status: ContainerStatus | undefined): ContainerEvidence {
  const { waiting, terminated, running } = status?.state ?? {};
  const last = status?.lastState?.terminated;
  const http = spec.readinessProbe?.httpGet;
  const guard = spec.startupProbe ?? spec.livenessProbe;
  return {
    name: spec.name,
    init,
    image: bounded(spec.image, 300),
    ready: status?.ready === true,
    restarts: status?.restartCount ?? 0,
    state: waiting ? 'waiting' : terminated ? 'terminated' : running ? 'running' : 'unknown',
    reason: bounded(waiting?.reason ?? terminated?.reason, 100),
    message: bounded(waiting?.message ?? terminated?.message, 2_000),
    exitCode: terminated?.exitCode ?? null,
    last: last
      ? { reason: bounded(last.reason, 100), exitCode: last.exitCode ?? null, message: bounded(last.message, 2_000) }
      : null,
    command: bounded([...(spec.command ?? []), ...(spec.args ?? [])].join(' ').replace(/\s+/g, ' '), 4_000),
    probe: http ? { scheme: http.scheme ?? 'HTTP', path: http.path ?? '/' } : null,
    graceSeconds: guard
      ? (guard.initialDelaySeconds ?? 0) + (guard.periodSeconds ?? 10) * (guard.failureThreshold ?? 3)
      : null,
    log: [],
  };
}
