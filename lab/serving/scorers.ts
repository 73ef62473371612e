/** What an endpoint picker knows of one pod when it scores a request. */
export interface PodState {
  /** Requests that the pod runs or holds waiting, those just sent to it included. */
  queue: number;
  /** 0..1. */
  kvUsage: number;
  /** Share of this prompt's blocks that the pod is believed to hold, 0..1. */
  prefixMatch: number;
  /** When the pod last got a prompt that no pod held, as a running number; 0 for never. */
  lastCold: number;
}

/** Depth at which the load-aware scorer calls a pod full (llm-d-inference-scheduler's default). */
const FULL_QUEUE = 128;

/** The scorers by their names in an EndpointPickerConfig; each gives every pod a score in 0..1. */
export const SCORERS: Record<string, (pods: PodState[]) => number[]> = {
  'prefix-cache-scorer': (pods) => pods.map((pod) => pod.prefixMatch),
  'load-aware-scorer': (pods) => pods.map(({ queue }) => 0.5 * (1 - Math.min(queue, FULL_QUEUE) / FULL_QUEUE)),
  'queue-scorer': (pods) => {
    const depths = pods.map((pod) => pod.queue);
    const shortest = Math.min(...depths);
    const longest = Math.max(...depths);
    return depths.map((depth) => (longest === shortest ? 1 : (longest - depth) / (longest - shortest)));
  },
  // A warm prompt is none of its business: every pod scores the same. A cold one goes to the pods in turn.
  'no-hit-lru-scorer': (pods) => {
    if (pods.some(({ prefixMatch }) => prefixMatch > 0)) return pods.map(() => 0.5);
    const older = (one: PodState) => pods.filter(({ lastCold }) => lastCold < one.lastCold).length;
    return pods.map((pod) => 1 - older(pod) / Math.max(1, pods.length - 1));
  },
  'kv-cache-utilization-scorer': (pods) => pods.map((pod) => 1 - pod.kvUsage),
};
