import type { ContainerStatus, Pod } from '../clients/kubernetes/kinds.ts';
import type { PodSummary, PodTimes } from '../report/model.ts';
import { TPU_RESOURCE } from '../tpu/machines.ts';
import { findCondition, isTrue } from './conditions.ts';

/**
 * A pod in short. Containers that count for readiness are the regular ones and native sidecars (init containers that restart
 * always). `aheadMs` is how far the clock of the cluster is ahead of that of the runner.
 */
export function podSummary(pod: Pod, role: PodSummary['role'], aheadMs = 0): PodSummary {
  const counted = new Set([...(pod.spec?.containers ?? []), ...sidecars(pod)].map(({ name }) => name));
  const statuses = containerStatuses(pod).filter(({ name }) => counted.has(name));
  const readyContainers = statuses.filter(({ ready }) => ready).length;
  const ready = isReady(pod);
  return {
    name: pod.metadata.name,
    role,
    node: pod.spec?.nodeName ?? null,
    readyContainers,
    totalContainers: counted.size,
    restarts: statuses.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0),
    phase: pod.status?.phase ?? 'Unknown',
    state: ready ? 'Ready' : waitingFor(pod, readyContainers, counted.size),
    readyAfterMs: ready ? readyAfter(pod) : null,
    ...(ready ? timesOf(pod, aheadMs) : {}),
    ...imageOf(pod),
  };
}

/** What the kubelet runs in the main container; nothing before it has the image. */
function imageOf(pod: Pod): { imageId?: string } {
  const imageId = mainStatus(pod)?.imageID;
  return imageId ? { imageId } : {};
}

function mainStatus({ spec, status }: Pod): ContainerStatus | undefined {
  const [first] = spec?.containers ?? [];
  const statuses = status?.containerStatuses ?? [];
  return statuses.find(({ name }) => name === 'main') ?? statuses.find(({ name }) => name === first?.name);
}

/** The times of a pod on the clock of the runner; nothing where one of them is missing or is no time. */
function timesOf(pod: Pod, aheadMs: number): { times?: PodTimes } {
  const changedAt = (type: string) => findCondition(pod.status?.conditions, type)?.lastTransitionTime;
  const [scheduledAt, startedAt, readyAt] = [
    changedAt('PodScheduled'),
    mainStatus(pod)?.state?.running?.startedAt,
    changedAt('Ready'),
  ].map((text) => onRunner(text, aheadMs));
  return scheduledAt && startedAt && readyAt ? { times: { scheduledAt, startedAt, readyAt } } : {};
}

function onRunner(text: string | null | undefined, aheadMs: number): string | null {
  const ms = Date.parse(text ?? '') - aheadMs;
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : null;
}

function sidecars(pod: Pod): { name: string }[] {
  return (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
}

/** Whether a pod is Ready and not on its way out. */
export function isReady(pod: Pod): boolean {
  return !pod.metadata.deletionTimestamp && isTrue(pod.status?.conditions, 'Ready');
}

/** Whether the main container of a pod runs, with all images and files that it needs. */
export function isRunning(pod: Pod): boolean {
  return mainStatus(pod)?.state?.running != null;
}

/** Whether a pod has ended, as an evicted one has: it stays listed, holds nothing and serves nothing. */
export function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Whether a pod has neither ended nor is on its way out. */
export function isAlive(pod: Pod): boolean {
  return !pod.metadata.deletionTimestamp && !isFinished(pod);
}

/** Whether a pod that has not ended asks for TPU chips. */
export function usesTpu(pod: Pod): boolean {
  if (isFinished(pod)) return false;
  return (pod.spec?.containers ?? []).some(({ resources }) => resources?.requests?.[TPU_RESOURCE] !== undefined);
}

/** TPU chips that the containers of a pod ask for together: the scheduler gives a container what it requests. */
export function chipsAskedBy({ spec }: Pod): number {
  return (spec?.containers ?? []).reduce((sum, { resources }) => {
    const asked = resources?.requests?.[TPU_RESOURCE] ?? resources?.limits?.[TPU_RESOURCE];
    return sum + (Number(asked ?? 0) || 0);
  }, 0);
}

/** Why a pod cannot become ready by waiting, or null while it still may. Text comes from the cluster. */
export interface TerminalCause {
  code: 'image-not-found' | 'image-pull-denied' | 'container-config' | 'crash-loop';
  pod: string;
  container: string;
  image: string;
  message: string;
}

const NOT_FOUND = /not found|manifest unknown|name unknown|does not exist|no such (?:image|manifest)/i;
/** Docker Hub and others do not distinguish a private repository from a missing one: credentials may be all that it lacks. */
const PRIVATE = /may require authorization|or it may not exist/i;
const DENIED = /unauthorized|denied|forbidden|authentication required|no basic auth|\b40[13]\b/i;
/** The kubelet says the same reason when it could not yet ask the API server for a secret or config map. */
const NOT_YET = /failed to sync|timed out/i;
/** A container that has failed as often with back-off between is not going to heal by itself. */
const CRASHES = 3;
/** What argparse ends with: the same command line will end alike, so once is enough. */
const BAD_ARGUMENTS = 2;

export function terminalCause(pod: Pod): TerminalCause | null {
  for (const status of containerStatuses(pod)) {
    const waiting = status.state?.waiting;
    const at = {
      pod: pod.metadata.name,
      container: status.name,
      image: status.image ?? '',
      message: waiting?.message ?? '',
    };
    if (waiting?.reason === 'ErrImagePull' || waiting?.reason === 'ImagePullBackOff') {
      if (PRIVATE.test(at.message)) return { code: 'image-pull-denied', ...at };
      if (NOT_FOUND.test(at.message)) return { code: 'image-not-found', ...at };
      if (DENIED.test(at.message)) return { code: 'image-pull-denied', ...at };
    }
    if (waiting?.reason === 'InvalidImageName') return { code: 'image-not-found', ...at };
    if (waiting?.reason === 'CreateContainerConfigError' && !NOT_YET.test(at.message))
      return { code: 'container-config', ...at };
    const last = status.lastState?.terminated;
    const hopeless = last?.exitCode === BAD_ARGUMENTS || status.restartCount >= CRASHES;
    if (waiting?.reason === 'CrashLoopBackOff' && hopeless) {
      const exit = last ? `exit ${last.exitCode ?? '?'}${last.message ? `: ${last.message}` : ''}` : at.message;
      return { code: 'crash-loop', ...at, message: exit };
    }
  }
  return null;
}

/** The statuses of all containers, those that run first before the others. */
export function containerStatuses({ status }: Pod): ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

function waitingFor(pod: Pod, ready: number, total: number): string {
  const scheduled = findCondition(pod.status?.conditions, 'PodScheduled');
  if (scheduled?.status === 'False') return scheduled.reason ?? 'Unschedulable';
  // A native sidecar runs for as long as its pod; it holds the others up only until it has started.
  const initialising = (pod.status?.initContainerStatuses ?? []).find(
    ({ name, state, started }) => state?.running && !(started && sidecars(pod).some((one) => one.name === name)),
  );
  if (initialising) return `init ${initialising.name}`;
  const waiting = containerStatuses(pod).find(({ state }) => state?.waiting?.reason)?.state?.waiting?.reason;
  if (waiting) return waiting;
  return `${ready}/${total}`;
}

function readyAfter(pod: Pod): number | null {
  const at = findCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime;
  const created = pod.metadata.creationTimestamp;
  return at && created ? Math.max(0, Date.parse(at) - Date.parse(created)) : null;
}

/** `1 Ready · 2 ContainerCreating`: the replicas of a wait in one line. */
export function countStates(pods: PodSummary[]): string {
  const counts = new Map<string, number>();
  for (const { state } of pods) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(' · ') || 'no pods yet';
}
