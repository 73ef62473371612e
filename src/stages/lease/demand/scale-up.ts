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

/** Reads why pods still wait: what the autoscaler noted last about any of them, else what the scheduler did. */
export async function scaleUpOf(
  kube: Pick<KubeClient, 'list'>,
  { namespace, runKey, nodes }: { namespace: string; runKey: string; nodes: number },
  waiting: readonly Pod[],
): Promise<ScaleUp> {
  const names = new Set(Array.from({ length: nodes }, (_, index) => holderName(runKey, index)));
  const events = (await kube.list('v1', 'Event', { namespace, fieldSelector: 'involvedObject.kind=Pod' })) ?? [];
  const about = events
    .filter(({ reason, involvedObject }) => ABOUT_SCALE_UP.has(reason ?? '') && names.has(involvedObject?.name ?? ''))
    // Times are whole seconds, and a try that fails at once has both events in one.
    .sort((a, b) => timeOf(a) - timeOf(b) || Number(isFailed(a)) - Number(isFailed(b)));
  const [last, failed] = [about.at(-1), about.findLast(isFailed)];
  return {
    text: last ? `${last.reason}: ${cut(last.message ?? '')}` : scheduled(waiting),
    failed: failed ? cut(failed.message ?? '') : null,
  };
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
