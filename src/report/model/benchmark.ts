import type { PodCount } from './checks.ts';
import type { ArmFigures, Finding, Interval, LoadWindow, Percentiles } from './figures.ts';
import type { EarlierRun } from './run.ts';

export type ArmName = 'one' | 'all';

/** Every arm that load is sent to: those of the scaling, and those of a change. */
export type LoadArm = ArmName | 'head' | 'base';

export interface Benchmark {
  /**
   * `paired`: both arms side by side. `unpaired`: one replica after all, behind a scale-in. `recorded`: one replica of an
   * earlier run, which decides nothing.
   */
  design: 'paired' | 'unpaired' | 'recorded';
  method: string;
  /** Requests in flight per replica; the `all` arm has `replicas` times as many in total. */
  concurrencyPerReplica: number;
  replicas: number;
  pairs: BenchmarkPair[];
  arms: Record<ArmName, ArmFigures>;
  /** X_all(N·c) / mean X_one(c): the lower of the ways in `ways`, with the t interval of verdict/decide.ts. */
  speedup: Interval | null;
  /**
   * The speedup by each way to all replicas, and the one that was used. `picker`: through the service's endpoint.
   * `direct`: by the ways of the single replicas, where the endpoint picker does not see these. Absent in older reports.
   */
  ways?: { picker: Interval | null; direct: Interval | null; used: 'picker' | 'direct' };
  /** How the replicas differ, each alone. Null where one replica alone was the baseline; absent in older reports. */
  spread?: ReplicaSpread | null;
  /** speedup / replicas. */
  efficiency: Interval | null;
  /** Conditions that make the measurement invalid, whatever the ratio. */
  vetoes: Finding[];
  /** Worth a reader's eye, but not a veto. */
  warnings: Finding[];
  client: ClientFigures;
  /** The limit crossed at the last look and how many looks were spent; `time` is the run's, or its money. */
  looks: { done: number; planned: number; stopped: 'pass' | 'fail' | 'budget' | 'time' | 'aborted' };
  /** How the requests in flight were found; null when they were given. */
  ladder: { concurrency: number; requestsPerSecond: number }[] | null;
  /** Null when it was not measured. */
  latency: LatencyFigures | null;
  /** Null when it was not measured. */
  goodput: GoodputFigures | null;
  /** The run that the one-replica arm was recorded in; null when it was measured in this one. */
  baseline: EarlierRun | null;
  /** How the single-replica arm was reached. */
  oneReplicaArm: string;
  workload: { promptTokens: number; maxTokens: number; description: string };
  /** Where the timed requests came from. Absent in older reports, and with the input `load-from: runner`. */
  load?: LoadOrigin;
}

/** What sent the timed requests. */
export interface LoadOrigin {
  from: 'runner' | 'cluster';
  /** The input `load-from`. */
  asked: 'runner' | 'cluster' | 'auto';
  /** Processes that sent the load. */
  clients: number;
  /** Why it came from there, as a sentence; null where the input names the place. */
  reason: string | null;
  /** Why the runner does not reach the gateway, so that its checks went through the API server; null where they did not. */
  tunnel: string | null;
}

/** The load generator's account of itself. */
export interface ClientFigures {
  /** Share of its event loop that was busy in its busiest block, 0..1. */
  eventLoopUtilization: number;
  sendLagP99Ms: number;
  /** Share of the time in which the machine did not let it run, in the worse arm, 0..1. */
  stalledShare: number;
  /** CPU milliseconds of the process for each request. */
  cpuMsPerRequest: number;
  /**
   * Requests per second that it can send, by a measurement of itself before the first block; of several load clients, the
   * slowest. Null where that failed. Absent in older reports.
   */
  ceilingPerSecond?: number | null;
}

/** Latencies of streamed answers in an open loop over all replicas, milliseconds; defined in load/definitions.ts. */
export interface LatencyFigures {
  arrivals: 'constant' | 'poisson';
  ratePerSecond: number;
  seconds: number;
  /** From the first moment to the last answer. Absent in older reports. */
  window?: LoadWindow | null;
  requests: number;
  errors: number;
  mostInFlight: number;
  /** Streams came as one piece, so that times of tokens say nothing and are left out. */
  buffered: boolean;
  e2eMs: Percentiles | null;
  ttftMs: Percentiles | null;
  tpotMs: Percentiles | null;
  itlMs: Percentiles | null;
  /** Compressed HdrHistograms of microseconds, base64. */
  histograms: { e2e: string; ttft: string | null; itl: string | null };
  client: ClientFigures;
}

/** The highest rates at which an open loop with Poisson arrivals keeps a limit of the end-to-end latency, by a search. */
export interface GoodputFigures {
  /** 95 % of the requests of a rate that is met are answered validly within it, milliseconds. */
  sloMs: number;
  /** Whether it was given or is the p95 of the one-replica arm at the load of the pairs. */
  sloSource: 'given' | 'one-replica-p95';
  arms: Record<ArmName, GoodputArm>;
  /** Goodput of all over that of one; `low` and `high` from the rates next to them, not a confidence interval. */
  ratio: { value: number; low: number | null; high: number | null } | null;
}

export interface GoodputArm {
  /** Highest rate of the search that kept the limit; null when none did. */
  metPerSecond: number | null;
  /** Lowest rate above it that did not; null when all kept it. */
  missedPerSecond: number | null;
  probes: GoodputProbe[];
}

/** One rate that was tried. */
export interface GoodputProbe {
  ratePerSecond: number;
  /** Those whose outcome is known; fewer than were planned when the rate was lost before its end. */
  requests: number;
  /** Share of the planned ones that were answered validly within the limit. */
  withinShare: number;
  /** Requests among them that failed or took longer; absent in older reports. */
  late?: number;
  /** What else is known of it. Absent in older reports. */
  load?: {
    window: LoadWindow | null;
    planned: number;
    /** Of `requests`, those without a valid answer. */
    errors: number;
    /** From the intended start, valid answers. Null for a rate that was left early: its slow answers are missing. */
    e2eMs: Percentiles | null;
  };
}

/** What the replicas do alone, beside each other. */
export interface ReplicaSpread {
  /** The fastest over the slowest, less 1. */
  spread: number;
  /** By name. */
  perReplica: ReplicaFigures[];
}

export interface ReplicaFigures {
  pod: string;
  /** Pairs in which it was the baseline. */
  pairs: number;
  requestsPerSecond: number;
  /** Its throughput over the mean of all, from its share in its pairs, so that the hour is not in it. */
  relative: number;
  /** Differs from the others by more than chance explains, and by 3 % at least. */
  standsOut: boolean;
}

export interface BenchmarkPair {
  index: number;
  order: 'one-first' | 'all-first';
  /** The pod of the one-replica arm; null where it is not known, absent in older reports. */
  baseline?: string | null;
  /** All replicas by the ways of the single ones; null where both arms pass the endpoint picker. */
  directRequestsPerSecond?: number | null;
  oneRequestsPerSecond: number;
  allRequestsPerSecond: number;
  ratio: number;
  oneWindowSeconds: number;
  allWindowSeconds: number;
  oneCompleted: number;
  allCompleted: number;
  /** Requests served per pod during the `all` block, from the pods' own counters. */
  perPod: PodCount[];
}
