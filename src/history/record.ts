import { createHash } from 'node:crypto';
import type { Blame } from '../lib/causes.ts';
import type { Benchmark, Report, Verdict } from '../report/model.ts';

/** A point estimate with its limits. */
export type Triple = readonly [value: number, low: number, high: number];

/**
 * A run as the history keeps it: one line of JSON, about a kilobyte. Additive changes keep `v`; readers keep fields that
 * they do not know. Null means not known; a failure is kept too, for without it neither availability nor cost can be told.
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
  run: { id: string; attempt: number; number: number; event: string | null; sha: string | null; url: string | null };
  series: string;
  env: {
    /** Of what makes figures comparable, and not of the commit: another one begins a new epoch. */
    fp: string;
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
  };
  /** Hash of what the verdict rests on; absent where a part of it was not known, and in the first records. */
  basis?: string;
  verdict: Verdict;
  cause: string | null;
  blame: Blame | null;
  /** What the speed-up was held against; absent in the first records. */
  target?: readonly [min: number, expectedMax: number];
  m: {
    speedup: Triple | null;
    /** Requests per second of all replicas, and of one. */
    all: number | null;
    one: number | null;
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
  };
  cost: { usd: number | null; chipMinutes: number | null };
  stages: [name: string, seconds: number, outcome: string][];
}

/** The record of a finished run. A measurement that a veto stands against has no figures: they would draw a line. */
export function historyRecord(report: Report, series: string): HistoryRecord {
  const { run, environment, benchmark, verdict } = report;
  const counts = benchmark !== null && benchmark.vetoes.length === 0;
  const speedup = counts ? benchmark.speedup : null;
  const { all, one } = benchmark?.arms ?? { all: null, one: null };
  const scorers = environment.scorers?.map(({ name, weight }) => `${name} ${weight}`).join(', ') ?? null;
  const env = {
    machine: environment.machineType,
    replicas: report.plan.replicas,
    model: environment.modelId,
    vllm: environment.vllmImage,
    picker: environment.pickerImage,
    scorers,
  };
  return {
    v: 1,
    key: `${run.id}/${run.attempt}/${series}`,
    ts: report.finishedAt ?? report.startedAt,
    run: { id: run.id, attempt: run.attempt, number: run.number, event: run.event, sha: run.sha, url: run.url },
    series,
    env: {
      fp: fingerprint([...Object.values(env), environment.vllmArgs]),
      ...env,
      gke: environment.kubernetesVersion,
      istio: environment.istioVersion,
      kserve: environment.kserveVersion,
      gate: report.tool.version,
    },
    ...(report.basis?.hash ? { basis: report.basis.hash } : {}),
    verdict,
    cause: report.diagnosis?.cause ?? report.failure?.code ?? null,
    blame: report.diagnosis?.confidence === 'unknown' ? null : (report.diagnosis?.blame ?? null),
    target: [report.target.minSpeedup, report.target.expectedMaxSpeedup],
    m: {
      speedup: speedup ? [speedup.value, speedup.low, speedup.high] : null,
      all: counts ? (all?.requestsPerSecond ?? null) : null,
      one: counts ? (one?.requestsPerSecond ?? null) : null,
      p95Ms: counts ? (all?.latencyMs?.p95.value ?? null) : null,
      p50Ms: counts ? (all?.latencyMs?.p50.value ?? null) : null,
      p99Ms: counts ? (all?.latencyMs?.p99.value ?? null) : null,
      ttftP50Ms: counts ? (benchmark.latency?.ttftMs?.p50.value ?? null) : null,
      hitRate: report.routing?.hitRate?.measured ?? null,
      spread: counts ? (benchmark.spread?.spread ?? null) : null,
      apart: counts ? apartOf(benchmark) : [],
      successRate: all && one ? Math.min(all.successRate, one.successRate) : null,
    },
    cost: { usd: report.cost?.usd ?? null, chipMinutes: report.cost?.chipMinutes ?? null },
    stages: report.stages
      .filter(({ durationMs }) => durationMs !== null)
      .map(({ stage, durationMs, outcome }) => [stage, Math.round((durationMs ?? 0) / 1_000), outcome]),
  };
}

function apartOf({ spread }: Benchmark): string[] {
  return spread?.perReplica.filter(({ standsOut }) => standsOut).map(({ pod }) => pod) ?? [];
}

function fingerprint(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8);
}
