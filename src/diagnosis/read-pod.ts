import type { Container, ContainerStatus, Pod } from '../clients/kubernetes/kinds.ts';
import { redactSecrets } from '../lib/redact.ts';
import { listOf } from '../stack/conditions.ts';
import { containerStatuses } from '../stack/pods.ts';
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
export function conditionsOf(list: unknown): ConditionEvidence[] {
  return listOf(list)
    .slice(0, MOST_CONDITIONS)
    .map((condition) => ({
      type: bounded(condition?.type, 100),
      status: bounded(condition?.status, 20),
      reason: bounded(condition?.reason, 100),
      message: bounded(condition?.message),
    }));
}

/** What a pod reports of itself. The caller adds the logs, if it may read them. */
export function podEvidence(pod: Pod, role: PodRole): PodEvidence {
  const { metadata, spec, status } = pod;
  const conditions = conditionsOf(status?.conditions);
  const statuses = containerStatuses(pod);
  const read = (container: Container, init: boolean) =>
    containerEvidence(
      container,
      init && container.restartPolicy !== 'Always',
      statuses.find(({ name }) => name === container.name),
    );
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    role,
    node: spec?.nodeName ?? null,
    phase: bounded(status?.phase, 40),
    reason: bounded(status?.reason, 100),
    message: bounded(status?.message),
    ready: conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    terminating: metadata.deletionTimestamp !== undefined,
    labels: metadata.labels ?? {},
    conditions,
    containers: [
      ...(spec?.initContainers ?? []).map((one) => read(one, true)),
      ...(spec?.containers ?? []).map((one) => read(one, false)),
    ],
  };
}

function containerEvidence(spec: Container, init: boolean, status: ContainerStatus | undefined): ContainerEvidence {
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
