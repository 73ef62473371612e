import type { Blame } from '../lib/causes.ts';
import type { ComparisonVerdict, Verdict } from '../report/model.ts';

/** A point estimate with its limits. */
export type Triple = readonly [value: number, low: number, high: number];

/**
 * A run as the history keeps it: one line of JSON, about two kilobytes, whose texts are all bounded. Additive changes keep
 * `v`, so that a field may be absent in older records; readers keep fields that they do not know. Null means not known. A
 * failure is kept too, for without it neither availability nor cost is known.
 */
export interface HistoryRecord {
  v: 1;
  /** `run id/attempt/series`: a rerun replaces its line. */
  key: string;
  /**
   * When the run ended, ISO 8601.
   * @format date-time
   */
  ts: string;
  run: {
    id: string;
    attempt: number;
    number: number;
    event: string | null;
    sha: string | null;
    url: string | null;
    /** First line of the message of the commit; absent in older records. */
    subject?: string | null;
    /** Number of the pull request that the run was for; absent in older records. */
    pullRequest?: number | null;
  };
  series: string;
  env: {
    /** Of hardware, model and stack, and not of the commit: another one begins a new epoch of the page. */
    fp: string;
    /**
     * Of hardware, workload and method: the figures of two runs with the same one are comparable. Null where nothing was
     * measured.
     */
    cond?: string | null;
    machine: string | null;
    replicas: number | null;
    model: string | null;
    vllm: string | null;
    picker: string | null;
    scorers: string | null;
    gke: string | null;
    istio: string | null;
    kserve: string | null;
    gate: string;
    /** TPU chips of a node. */
    chips?: number | null;
    /** Prompt and answer lengths, and requests in flight per replica. */
    workload?: string | null;
    /** Design and version of the measurement, and the way to all replicas. */
    method?: string | null;
    /** What the pods ran: `sha256:…`, from their imageID. */
    vllmDigest?: string | null;
    pickerDigest?: string | null;
    /** As the server reports it. */
    vllmVersion?: string | null;
    /** vLLM's flags in one line, without the values of those that are secret by their name. */
    flags?: string | null;
    /** Of the whole line. */
    flagsHash?: string | null;
  };
  /** Hash of what the verdict rests on; absent where a part of it was not known, and in the first records. */
  basis?: string;
  verdict: Verdict;
  cause: string | null;
  blame: Blame | null;
  /** What the speedup was held against; absent in the first records. */
  target?: readonly [min: number, expectedMax: number];
  m: {
    speedup: Triple | null;
    /** Requests per second of all replicas, and of one. */
    all: number | null;
    one: number | null;
    /** Output tokens per second of all replicas; absent in older records. */
    tokens?: number | null;
    p95Ms: number | null;
    /** Of the same answers; absent in the first records, as is the time to the first token. */
    p50Ms?: number | null;
    p99Ms?: number | null;
    ttftP50Ms?: number | null;
    hitRate: number | null;
    /** The fastest replica over the slowest, less 1, each alone; absent in the first records. */
    spread?: number | null;
    /** Pods that stand out by their speed. */
    apart?: string[];
    successRate: number | null;
    /** Streamed answers in an open loop. */
    tpotP50Ms?: number | null;
    /** Requests per second of all replicas within the limit of the latency. */
    goodput?: number | null;
    /** The slowest replica, from the creation of its pod until it was Ready. */
    readyMs?: number | null;
    /** From the start of the lease until the stack was ready. */
    upMs?: number | null;
    /** Share of the quality tasks that were solved, 0..1. */
    quality?: number | null;
  };
  /** Throughput of the stack under test over that of the base stack; absent where no comparison was asked for. */
  change?: { verdict: ComparisonVerdict; ratio: Triple | null };
  cost: {
    usd: number | null;
    chipMinutes: number | null;
    /** List price of a million output tokens at the measured rate; absent in older records. */
    usdPerMillionTokens?: number | null;
  };
  stages: [name: string, seconds: number, outcome: string][];
}
