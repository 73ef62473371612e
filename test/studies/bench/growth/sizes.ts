/** What may grow, and the sizes at which its cost is measured, in ascending order. */
export const GROWING = {
  replicas: { title: 'replicas', sizes: [1, 4, 16, 64], writes: 'comment' },
  pods: { title: 'pods of the stack', sizes: [64, 512, 4_096], writes: 'evidence' },
  events: { title: 'events of the namespace', sizes: [1_000, 10_000, 100_000], writes: 'evidence' },
  nights: { title: 'nights of a history', sizes: [125, 500, 2_000], writes: 'page' },
  requests: { title: 'requests of a run', sizes: [10_000, 200_000, 2_000_000], writes: 'requests.jsonl' },
} as const;

export type Growing = keyof typeof GROWING;

/** What one size costs. */
export interface Cost {
  /** CPU time of one pass, milliseconds. */
  cpuMs: number;
  /** By how much the memory of the process had grown at its highest, bytes. */
  peakBytes: number;
  /** Characters of what is written. */
  written: number;
}
