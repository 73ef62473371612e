import type { LLMInferenceService, Pod } from '../../clients/kubernetes/kinds.ts';
import { Failure } from '../../lib/failure.ts';
import { OUTAGE_MS, poll } from '../../lib/poll.ts';
import type { PodSummary } from '../../report/model.ts';
import { conditionOf } from '../../stack/conditions.ts';
import { isPicker, isWorkload, serviceSelector } from '../../stack/labels.ts';
import { modelServerOf } from '../../stack/model-server.ts';
import {
  countStates,
  isFinished,
  isReady,
  isRunning,
  podSummary,
  type TerminalCause,
  terminalCause,
} from '../../stack/pods.ts';
import { readRoute, type ServingRoute } from '../../stack/route.ts';
import { readService } from '../../stack/service.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { Stuck } from './sign.ts';
import { AROUND_MS, createStuckDetector } from './stuck.ts';
import { readSurroundings } from './surroundings.ts';

/** The way of the gate's own checks to a gateway that the runner cannot reach: a port of loopback, through the API server. */
export interface CheckTunnel {
  /** Like the endpoint of the route, on loopback. */
  endpoint: string;
  /** Why the runner cannot reach the gateway, as a clause. */
  reason: string;
  close(): Promise<void>;
}

export interface ReadyStack {
  /** Ready replicas, as Kubernetes has them. */
  replicas: Pod[];
  pickers: Pod[];
  route: ServingRoute;
  /** The way of the gate's own checks where the runner cannot reach the gateway; absent where it can. */
  tunnel?: CheckTunnel;
  /** Where vLLM listens, from the pods. */
  scheme: 'https' | 'http';
  port: number;
}

/**
 * Waits until every pod of the workload and one of the endpoint picker is Ready with all of its containers, the route and
 * its pool are accepted, the gateway has an address, and the service is Ready at the generation that was applied.
 * A cause that cannot heal ends the wait at once.
 */
export async function awaitReady(context: StageContext, prepared: Prepared): Promise<ReadyStack> {
  const { inputs, note, emit } = context;
  const { service } = prepared;
  const announced = new Set<string>();
  const detect = createStuckDetector();
  let lookedAt = Number.NEGATIVE_INFINITY;
  return poll({
    stage: 'ready',
    what: `${service.replicas} replicas of ${service.name}`,
    everyMs: inputs.pollIntervalMs,
    limitMs: inputs.readyTimeoutMs,
    bearsMs: OUTAGE_MS,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => emit({ type: 'waiting', stage: 'ready', ...status }),
    probe: async () => {
      const pods = await readPods(context, prepared);
      const aheadMs = context.kube.serverTime() - Date.now();
      const replicas = pods.replicas.map((pod) => podSummary(pod, 'replica', aheadMs));
      const pickers = pods.pickers.map((pod) => podSummary(pod, 'endpoint-picker', aheadMs));
      note({ type: 'pods', pods: [...replicas, ...pickers] });
      for (const pod of [...replicas, ...pickers]) announce(context, announced, pod);
      for (const pod of [...pods.replicas, ...pods.pickers]) {
        const cause = terminalCause(pod);
        if (cause) throw podFailure(cause, service.name);
      }
      const missing = podsMissing(replicas, pickers, service.replicas);
      const found = missing ? { waiting: missing } : await readStack(context, prepared, pods);
      if ('done' in found) return found;
      const nowMs = context.clock.now();
      const looks = nowMs - lookedAt >= AROUND_MS;
      if (looks) lookedAt = nowMs;
      const judged = detect({
        nowMs,
        pods: [...pods.replicas, ...pods.pickers, ...pods.finished],
        missing: replicas.length < service.replicas || pickers.length === 0,
        around: looks ? await readSurroundings(context, prepared) : null,
      });
      if (judged.lost) throw stuckFailure(judged.lost, service.name);
      const soon = missing === null || (replicas.length === service.replicas && pods.replicas.every(isRunning));
      return { waiting: [found.waiting, ...judged.troubles].join('; '), soon };
    },
    onTimeout: (seen) =>
      new Failure({
        stage: 'ready',
        code: 'ready-timeout',
        message: `${service.name} did not become ready in time; last seen: ${seen}.`,
        hint: 'See the pods below; raise "ready-timeout" if they were still loading or compiling.',
        evidence: { seen },
      }),
  });
}

interface Pods {
  replicas: Pod[];
  pickers: Pod[];
  /** Evicted, failed or done: they stay listed, serve nothing, and their Deployment replaces them. */
  finished: Pod[];
}

/** The pods of the service that are not on their way out. One list for both: a model may load for half an hour. */
async function readPods({ kube }: StageContext, { service }: Prepared): Promise<Pods> {
  const labelSelector = serviceSelector(service.name);
  const all = (await kube.list('v1', 'Pod', { namespace: service.namespace, labelSelector })) ?? [];
  const listed = all.filter(({ metadata }) => !metadata.deletionTimestamp);
  const living = listed.filter((pod) => !isFinished(pod));
  return { replicas: living.filter(isWorkload), pickers: living.filter(isPicker), finished: listed.filter(isFinished) };
}

/** What is beyond Ready pods, or what it still lacks. */
async function readStack(
  context: StageContext,
  prepared: Prepared,
  { replicas, pickers }: Pods,
): Promise<{ done: ReadyStack } | { waiting: string }> {
  const { kube, inputs } = context;
  const { service } = prepared;
  const notReady = serviceMissing(await readService(kube, service)) ?? (await rolloutMissing(context, prepared));
  if (notReady) return { waiting: notReady };
  const route = await readRoute(kube, service, inputs.gateway);
  if ('waiting' in route) return route;
  const { scheme, port } = modelServerOf(replicas[0]);
  return { done: { replicas: replicas.filter(isReady), pickers, route: route.route, scheme, port } };
}

function stuckFailure({ code, message, hint, blame, evidence = {} }: Stuck, service: string): Failure {
  return new Failure({
    stage: 'ready',
    code,
    message: `${service} cannot become ready: ${message}`,
    hint,
    blame,
    evidence,
  });
}

function announce(context: StageContext, announced: Set<string>, pod: PodSummary): void {
  if (pod.state !== 'Ready' || announced.has(pod.name)) return;
  announced.add(pod.name);
  const counts = `${pod.readyContainers}/${pod.totalContainers}`;
  context.emit({
    type: 'fact',
    stage: 'ready',
    text: `${pod.role} ${pod.name} Ready, ${counts} on ${pod.node ?? '?'}`,
  });
}

/** Of several pickers one leads, and the others stay NotReady until they take over (GIE, --ha-enable-leader-election). */
function podsMissing(replicas: PodSummary[], pickers: PodSummary[], wanted: number): string | null {
  const full = (pod: PodSummary) => pod.state === 'Ready' && pod.readyContainers === pod.totalContainers;
  const replicasReady = replicas.length === wanted && replicas.every(full);
  const pickersReady = pickers.some(full);
  if (replicasReady && pickersReady) return null;
  return `replicas ${countStates(replicas)}; endpoint picker ${countStates(pickers)}`;
}

function serviceMissing(object: LLMInferenceService | null): string | null {
  if (!object) return 'the LLMInferenceService does not exist yet';
  const generation = object.metadata.generation ?? 0;
  const observed = Number(object.status?.observedGeneration ?? 0);
  const ready = conditionOf(object, 'Ready');
  if (!ready) return 'the controller has not reported on the LLMInferenceService yet';
  if (observed < generation) return `LLMInferenceService observed at generation ${observed}, not ${generation}`;
  if (ready.status !== 'True')
    return `LLMInferenceService not Ready (${ready.reason || ready.message || 'no reason given'})`;
  return null;
}

/** Ready pods may be those of an earlier template: every Deployment of the service must be rolled out to its end. */
async function rolloutMissing({ kube }: StageContext, { service }: Prepared): Promise<string | null> {
  const deployments =
    (await kube.list('apps/v1', 'Deployment', {
      namespace: service.namespace,
      labelSelector: serviceSelector(service.name),
    })) ?? [];
  for (const { metadata, spec, status } of deployments) {
    const wanted = Number(spec?.replicas ?? 1);
    const observed = Number(status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
    const updated = Number(status?.updatedReplicas ?? 0);
    if (!observed || updated < wanted || Number(status?.replicas ?? 0) > wanted) {
      return `Deployment ${metadata.name} has ${updated} of ${wanted} pods of the applied template`;
    }
  }
  return null;
}

function podFailure(cause: TerminalCause, service: string): Failure {
  const at = `container ${cause.container} of pod ${cause.pod}`;
  const messages: Record<TerminalCause['code'], { message: string; hint: string }> = {
    'image-not-found': {
      message: `The image of ${at} does not exist in its registry.`,
      hint: 'Correct the image name or tag in the manifest.',
    },
    'image-pull-denied': {
      message: `The registry refused the image of ${at}.`,
      hint: `Check imagePullSecrets of ${service} and that the secret exists in its namespace.`,
    },
    'container-config': {
      message: `${at} refers to a secret, config map or key that does not exist.`,
      hint: 'Create it, or correct the name and key in the manifest.',
    },
    'crash-loop': {
      message: `${at} crashes each time it starts.`,
      hint: 'Read its last log lines; a flag that the image does not know is the most frequent reason.',
    },
  };
  return new Failure({
    stage: 'ready',
    code: cause.code,
    ...messages[cause.code],
    evidence: { ...cause },
  });
}
