import type { KubeClient } from '../../../clients/kubernetes/client.ts';
import type { Condition, Event, Pod } from '../../../clients/kubernetes/kinds.ts';
import { findCondition } from '../../../stack/conditions.ts';
import { holderName } from './holders.ts';

/** Longer texts of an API are cut. */
const MESSAGE_MAX = 300;

/**
 * Reasons of the events that GKE's autoscaler writes about a pod: `TriggeredScaleUp` and `NotTriggerScaleUp` are those of
 * the cluster autoscaler (eventing_scale_up_processor.go), `FailedScaleUp` is GKE's own, with words for what failed.
 */
const ABOUT_SCALE_UP: ReadonlySet<string> = new Set(['TriggeredScaleUp', 'NotTriggerScaleUp', 'FailedScaleUp']);

/** What is known of nodes that have not come. */
export interface ScaleUp {
  /** One clause for a reader. */
  text: string;
  /** GKE's words for why the last try that has ended failed; null while none has. */
  failed: string | null;
}

/** The pods of a run that hold nodes. */
interface Held {
  namespace: string;
  runKey: string;
  nodes: number;
}

/** Reads why pods still wait: what the autoscaler noted last about any of them, else what the scheduler did. */
export async function scaleUpOf(kube: Pick<KubeClient, 'list'>, held: Held, waiting: readonly Pod[]): Promise<ScaleUp> {
  const about = await scaleUpEvents(kube, held);
  const [last, failed] = [about.at(-1), about.findLast(isFailed)];
  return {
    text: last ? `${last.reason}: ${cut(last.message ?? '')}` : scheduled(waiting),
    failed: failed ? cut(failed.message ?? '') : null,
  };
}

/** Whether a try to bring nodes may still be under way: one began in the last quarter of an hour, and none has failed since. */
export async function isScalingUp(kube: Pick<KubeClient, 'list' | 'serverTime'>, held: Held): Promise<boolean> {
  const about = await scaleUpEvents(kube, held);
  const began = about.findLast(({ reason }) => reason === 'TriggeredScaleUp');
  const failed = about.findLast(isFailed);
  const isRecent = began !== undefined && kube.serverTime() - timeOf(began) < TRY_MS;
  return isRecent && !(failed && timeOf(failed) >= timeOf(began));
}

/** The cluster autoscaler gives a try up after that time (`max-node-provision-time`). */
const TRY_MS = 15 * 60_000;

/** What the autoscaler noted about the pods that hold nodes, oldest first. */
async function scaleUpEvents(kube: Pick<KubeClient, 'list'>, { namespace, runKey, nodes }: Held): Promise<Event[]> {
  const names = new Set(Array.from({ length: nodes }, (_, index) => holderName(runKey, index)));
  const events = (await kube.list('v1', 'Event', { namespace, fieldSelector: 'involvedObject.kind=Pod' })) ?? [];
  return (
    events
      .filter(({ reason, involvedObject }) => ABOUT_SCALE_UP.has(reason ?? '') && names.has(involvedObject?.name ?? ''))
      // Times are whole seconds, and a try that fails at once has both events in one.
      .sort((a, b) => timeOf(a) - timeOf(b) || Number(isFailed(a)) - Number(isFailed(b)))
  );
}

const isFailed = ({ reason }: Event) => reason === 'FailedScaleUp';

/** In milliseconds; 0 for an event without a time. */
function timeOf({ lastTimestamp, eventTime, metadata }: Event): number {
  return Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0;
}

function scheduled(waiting: readonly Pod[]): string {
  const conditions = waiting.map(({ status }) => findCondition(status?.conditions as Condition[], 'PodScheduled'));
  if (conditions.some((condition) => condition?.reason === 'SchedulingGated')) {
    return 'the queue has not admitted them yet';
  }
  const message = conditions.find((condition) => condition?.status === 'False')?.message;
  return message ? cut(message) : 'the autoscaler has noted nothing about them yet';
}

function cut(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > MESSAGE_MAX ? `${line.slice(0, MESSAGE_MAX)}…` : line;
}
