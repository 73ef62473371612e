import type { KubeObject } from '../clients/kubernetes/objects.ts';
import type { PodSummary } from '../report/model.ts';

interface ContainerStatus {
  name: string;
  image?: string;
  ready: boolean;
  started?: boolean;
  restartCount: number;
  state?: {
    waiting?: { reason?: string; message?: string };
    terminated?: { reason?: string; exitCode?: number; message?: string };
    running?: unknown;
  };
  lastState?: { terminated?: { reason?: string; exitCode?: number; message?: string } };
}

/** Containers that count for readiness: the regular ones and native sidecars (init containers that restart always). */
export function podSummary(pod: KubeObject, role: PodSummary['role']): PodSummary {
  const regular = (pod.spec?.containers ?? []) as { name: string }[];
  const counted = new Set([...regular, ...sidecars(pod)].map(({ name }) => name));
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
  };
}

function sidecars(pod: KubeObject): { name: string }[] {
  return ((pod.spec?.initContainers ?? []) as { name: string; restartPolicy?: string }[]).filter(
    ({ restartPolicy }) => restartPolicy === 'Always',
  );
}

export function isReady(pod: KubeObject): boolean {
  const conditions = (pod.status?.conditions ?? []) as { type: string; status: string }[];
  return (
    !pod.metadata.deletionTimestamp && conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
  );
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
const DENIED = /unauthorized|denied|forbidden|authentication required|no basic auth|\b40[13]\b/i;
/** The kubelet says the same reason when it could not yet ask the API server for a secret or config map. */
const NOT_YET = /failed to sync|timed out/i;
/** A container that has failed as often with back-off between is not going to heal by itself. */
const CRASHES = 3;
/** What argparse ends with: the same command line will end alike, so once is enough. */
const BAD_ARGUMENTS = 2;

export function terminalCause(pod: KubeObject): TerminalCause | null {
  for (const status of containerStatuses(pod)) {
    const waiting = status.state?.waiting;
    const at = {
      pod: pod.metadata.name,
      container: status.name,
      image: status.image ?? '',
      message: waiting?.message ?? '',
    };
    if (waiting?.reason === 'ErrImagePull' || waiting?.reason === 'ImagePullBackOff') {
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

export function containerStatuses(pod: KubeObject): ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])] as ContainerStatus[];
}

function waitingFor(pod: KubeObject, ready: number, total: number): string {
  const conditions = (pod.status?.conditions ?? []) as { type: string; status: string; reason?: string }[];
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return scheduled.reason ?? 'Unschedulable';
  // A native sidecar runs for as long as its pod; it holds the others up only until it has started.
  const initialising = ((pod.status?.initContainerStatuses ?? []) as ContainerStatus[]).find(
    ({ name, state, started }) => state?.running && !(started && sidecars(pod).some((one) => one.name === name)),
  );
  if (initialising) return `init ${initialising.name}`;
  const waiting = containerStatuses(pod).find(({ state }) => state?.waiting?.reason)?.state?.waiting?.reason;
  if (waiting) return waiting;
  return `${ready}/${total}`;
}

function readyAfter(pod: KubeObject): number | null {
  const conditions = (pod.status?.conditions ?? []) as { type: string; lastTransitionTime?: string }[];
  const at = conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  const created = pod.metadata.creationTimestamp;
  return at && created ? Math.max(0, Date.parse(at) - Date.parse(created)) : null;
}

/** `1 Ready · 2 ContainerCreating`: the replicas of a wait in one line. */
export function countStates(pods: PodSummary[]): string {
  const counts = new Map<string, number>();
  for (const { state } of pods) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(' · ') || 'no pods yet';
}
