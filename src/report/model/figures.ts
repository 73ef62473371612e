/** A point estimate with a two-sided interval at `level` (0..1). */
export interface Interval {
  value: number;
  low: number;
  high: number;
  level: number;
}

/** A percentile of what was measured and its 95 % limits; null where so few values have none. */
export interface Percentile {
  value: number;
  low: number | null;
  high: number | null;
}

export interface Percentiles {
  mean: number;
  p50: Percentile;
  p95: Percentile;
  p99: Percentile;
}

/** When a load was measured. */
export interface LoadWindow {
  /** @format date-time */
  startedAt: string;
  /** @format date-time */
  endedAt: string;
  /** Of that, the time that was measured: blocks of a comparison alternate with those of its other arm. */
  seconds: number;
}

export interface ArmFigures {
  /** Of its blocks, each after its trim. Absent in older reports, null where nothing was measured. */
  window?: LoadWindow | null;
  requestsPerSecond: number;
  outputTokensPerSecond: number;
  requests: number;
  errors: number;
  successRate: number;
  meanOutputTokens: number;
  /** Send to end in the windows, valid answers; limits from the differences between blocks. */
  latencyMs: Percentiles | null;
  /** Little's law: throughput × mean latency ÷ requests in flight; 1 when consistent. */
  littlesLaw: number | null;
}

export interface Finding {
  id: string;
  message: string;
}
