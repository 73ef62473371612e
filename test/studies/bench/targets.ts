/** A figure that the bench holds against a target: `most` or `least`, in `unit` where it has one. */
export interface Target {
  name: string;
  most?: number;
  least?: number;
  unit?: string;
  /** Digits behind the point that are printed; 2 unless given. */
  digits?: number;
}

/** Every figure with a target. Ratios are of medians in one run; the others hold on a machine of two cores. */
export const TARGETS = {
  'bad-input': { name: 'bad input refused, ÷ an empty Node process', most: 2.5 },
  'first-call': { name: 'first call to Google, ÷ an empty Node process', most: 6 },
  wrk: { name: 'requests per core, ÷ wrk', least: 0.67 },
  autocannon: { name: 'requests per core, ÷ autocannon', least: 1 },
  chunks: { name: 'SSE chunks per core-second on the slow case', least: 100_000, digits: 0 },
  'memory-of-streams': { name: 'memory at 10,000 streams', most: 230, unit: 'MB', digits: 0 },
  'added-p99': { name: 'added p99 at 1,000 req/s', most: 1, unit: 'ms' },
  'added-p99-long': { name: 'added p99 of prompts of 100,000 tokens, 256 in flight', most: 5, unit: 'ms' },
  peers: { name: 'requests kept in flight, ÷ the best of its peers', least: 0.98, digits: 3 },
  'preflight-requests': { name: 'requests of preflight to Kubernetes', most: 27, digits: 0 },
  'preflight-repeated': { name: 'requests that preflight sends twice', most: 0, digits: 0 },
  'preflight-seconds': { name: 'preflight at 50 ms an answer', most: 3, unit: 's' },
  'wall-over-path': { name: 'validate, ÷ its critical path', most: 1.02, digits: 3 },
  'wall-over-runbook': { name: "validate, ÷ the runbook's way", most: 0.6 },
  growth: { name: 'the steepest growth: the power of the size that a cost grows with', most: 1.25 },
  'memory-of-requests': {
    name: 'memory for 2,000,000 requests, above that for 10,000',
    most: 320,
    unit: 'MB',
    digits: 0,
  },
  'comment-of-replicas': { name: 'comment of 64 replicas', most: 65_536, unit: 'characters', digits: 0 },
} as const satisfies Readonly<Record<string, Target>>;

export type TargetId = keyof typeof TARGETS;
