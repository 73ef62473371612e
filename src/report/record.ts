import type { Blame } from '../lib/causes.ts';
import { type Decoder, fromJson, list, maybe, mismatch, number, object, text } from '../lib/decode.ts';
import type { FailureStage } from '../lib/failure.ts';
import type { RunMode } from '../lib/modes.ts';
import { isVerdict } from '../lib/verdicts.ts';
import { changeOf } from './change.ts';
import { digestOf } from './digest.ts';
import { commentJson, oneLine } from './escape.ts';
import type { ComparisonVerdict, Report, Verdict } from './model.ts';
import { vetoed } from './speedup.ts';
import { readyMs, upMs } from './times.ts';

/**
 * A run in one to two kilobytes: the `result` output and the last line of the comment. Additive changes keep `v`.
 * Null means not known.
 */
export interface CompactRecord {
  v: 1;
  run: string;
  attempt: number;
  number: number;
  sha: string | null;
  finishedAt: string | null;
  mode: RunMode;
  verdict: Verdict;
  stage: FailureStage | null;
  cause: string | null;
  blame: Blame | null;
  target: { minSpeedup: number; expectedMaxSpeedup: number };
  speedup: { value: number; low: number; high: number; level: number } | null;
  requestsPerSecond: { one: number | null; all: number | null; serial: number | null; parallel: number | null };
  latencyMs: { p50: number; p95: number; p99: number } | null;
  successRate: number | null;
  cacheHitRate: number | null;
  scalingEfficiency: number | null;
  /** Medians of streamed answers in an open loop. */
  ttftMs: number | null;
  tpotMs: number | null;
  /** Requests per second of all replicas within the limit of the latency. */
  goodput: number | null;
  /** The slowest replica from its pod's creation until it was Ready, and the time from the lease to the ready stack. */
  readyMs: number | null;
  upMs: number | null;
  /** The comparison with the base stack; absent where none was asked for. */
  change?: { verdict: ComparisonVerdict; ratio: { value: number; low: number; high: number; level: number } | null };
  /** What was measured. Texts are shortened. */
  stack: {
    machine: string | null;
    replicas: number | null;
    model: string | null;
    /** The tag, and what the pods ran. */
    vllm: string | null;
    vllmDigest: string | null;
    vllmVersion: string | null;
    kserve: string | null;
    scorers: string | null;
  };
  costUsd: number | null;
  chipMinutes: number | null;
  nodesLeft: number | null;
  /** Results of earlier commits on the same pull request, newest first; absent where there are none. */
  earlier?: EarlierResult[];
}

export interface EarlierResult {
  sha: string;
  verdict: Verdict;
  speedup: number | null;
}

/** Earlier commits that a comment lists. */
const EARLIER_SHOWN = 5;

/** The results of earlier commits for a comment, from the record that it replaces. A rerun of one commit is not earlier. */
export function earlierResults(previous: CompactRecord | null, sha: string | null): EarlierResult[] {
  if (!previous) return [];
  const own = previous.sha
    ? [{ sha: previous.sha, verdict: previous.verdict, speedup: previous.speedup?.value ?? null }]
    : [];
  const known = new Set([sha]);
  return [...own, ...(previous.earlier ?? [])]
    .filter((each) => typeof each.sha === 'string' && !known.has(each.sha) && known.add(each.sha))
    .slice(0, EARLIER_SHOWN);
}

/** Characters of a comment's end that may be the record. */
const MOST_DATA = 16_384;
const DATA = /<!-- tpu-serving-gate:data (\{.*\}) -->\s*$/;

/** The report without its tables. A ratio that does not count is left out as not known. */
export function compactRecord(report: Report): CompactRecord {
  const { benchmark, run } = report;
  const counts = !vetoed(report);
  const latency = benchmark?.arms.all.latencyMs ?? null;
  const change = changeOf(report);
  return {
    v: 1,
    run: oneLine(run.id, 40),
    attempt: run.attempt,
    number: run.number,
    sha: run.sha === null ? null : oneLine(run.sha, 64),
    finishedAt: report.finishedAt,
    mode: report.mode,
    verdict: report.verdict,
    stage: report.failure?.stage ?? null,
    cause: causeOf(report),
    // Nobody is blamed for what nobody can explain.
    blame:
      report.diagnosis?.confidence === 'unknown' ? null : (report.diagnosis?.blame ?? report.failure?.blame ?? null),
    target: { minSpeedup: report.target.minSpeedup, expectedMaxSpeedup: report.target.expectedMaxSpeedup },
    speedup: counts ? (benchmark?.speedup ?? null) : null,
    requestsPerSecond: {
      one: benchmark?.arms.one.requestsPerSecond ?? null,
      all: benchmark?.arms.all.requestsPerSecond ?? null,
      serial: report.runbook?.serial.requestsPerSecond ?? null,
      parallel: report.runbook?.parallel.requestsPerSecond ?? null,
    },
    latencyMs: latency ? { p50: latency.p50.value, p95: latency.p95.value, p99: latency.p99.value } : null,
    successRate: successRate(report),
    cacheHitRate: report.routing?.hitRate?.measured ?? null,
    scalingEfficiency: counts ? (benchmark?.efficiency?.value ?? null) : null,
    ttftMs: counts ? (benchmark?.latency?.ttftMs?.p50.value ?? null) : null,
    tpotMs: counts ? (benchmark?.latency?.tpotMs?.p50.value ?? null) : null,
    goodput: counts ? (benchmark?.goodput?.arms.all.metPerSecond ?? null) : null,
    readyMs: readyMs(report),
    upMs: upMs(report),
    ...(change ? { change: { verdict: change.verdict, ratio: change.ratio } } : {}),
    stack: stackOf(report),
    costUsd: report.cost?.usd ?? null,
    chipMinutes: report.cost?.chipMinutes ?? null,
    nodesLeft: report.release?.nodesLeft ?? null,
  };
}

function stackOf({ environment, plan, pods }: Report): CompactRecord['stack'] {
  const name = (text: string | null | undefined) => (text == null ? null : oneLine(text, 100));
  const scorers = environment.scorers?.map((each) => `${each.name} ${each.weight}`).join(', ');
  return {
    machine: name(environment.machineType),
    replicas: plan.replicas,
    model: name(environment.modelId),
    vllm: name(environment.vllmImage),
    vllmDigest: digestOf(pods, 'replica'),
    vllmVersion: name(environment.vllmVersion),
    kserve: name(environment.kserveVersion),
    scorers: name(scorers),
  };
}

/** The rule that explains the outcome, else the failure's code. */
export function causeOf(report: Report): string | null {
  const cause = report.diagnosis?.cause ?? report.failure?.code ?? null;
  return cause === null ? null : oneLine(cause, 80);
}

/** Share of requests answered validly, the worse of the two arms: a gate must not hide one arm behind the other. */
export function successRate(report: Report): number | null {
  const arms = report.benchmark?.arms;
  return arms ? Math.min(arms.one.successRate, arms.all.successRate) : null;
}

/** The last line of a comment: the record as JSON in an HTML comment, two kilobytes, and eight with texts that are all escapes. */
export function renderData(record: CompactRecord): string {
  return `<!-- tpu-serving-gate:data ${commentJson(record)} -->`;
}

const verdict: Decoder<Verdict> = (value, path) => {
  if (!isVerdict(value)) throw mismatch(path, 'is no verdict');
  return value;
};
const v1: Decoder<1> = (value, path) => {
  if (value !== 1) throw mismatch(path, 'is of another version');
  return value;
};
/** What is read of a record; whoever may edit the comment may have changed it. */
const known = object({
  v: v1,
  verdict,
  sha: maybe(text),
  speedup: maybe(object({ value: number })),
  earlier: maybe(list(object({ sha: text, verdict, speedup: maybe(number) }))),
});

/** The record in a comment's last line; null when there is none or its version is unknown. */
export function parseData(body: string): CompactRecord | null {
  const match = DATA.exec(body.slice(-MOST_DATA));
  if (!match) return null;
  try {
    const value = fromJson(match[1] ?? '');
    known(value, '');
    return value as CompactRecord;
  } catch {
    return null;
  }
}
