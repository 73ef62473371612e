import type { Benchmark, Report, StageName, StageResult } from '../report/model.ts';
import type { HistoryRecord } from './record.ts';
import { short } from './short.ts';

/** Pods that a record names. */
const MOST_APART = 8;

/** The figures of a run. Those of a benchmark that a veto stands against are null, but for the share of answers. */
export function figuresOf(report: Report): HistoryRecord['m'] {
  const { benchmark, routing, pods, stages } = report;
  const valid = benchmark !== null && benchmark.vetoes.length === 0 ? benchmark : null;
  const { all = null, one = null } = valid?.arms ?? {};
  const { speedup = null } = valid ?? {};
  const loaded = benchmark?.arms;
  const ready = pods.flatMap(({ role, readyAfterMs }) => (role === 'replica' ? (readyAfterMs ?? []) : []));
  return {
    speedup: speedup && [speedup.value, speedup.low, speedup.high],
    all: all?.requestsPerSecond ?? null,
    one: one?.requestsPerSecond ?? null,
    p95Ms: all?.latencyMs?.p95.value ?? null,
    p50Ms: all?.latencyMs?.p50.value ?? null,
    p99Ms: all?.latencyMs?.p99.value ?? null,
    ttftP50Ms: valid?.latency?.ttftMs?.p50.value ?? null,
    hitRate: routing?.hitRate?.measured ?? null,
    spread: valid?.spread?.spread ?? null,
    apart: valid ? apartOf(valid) : [],
    successRate: loaded ? Math.min(loaded.all.successRate, loaded.one.successRate) : null,
    tpotP50Ms: valid?.latency?.tpotMs?.p50.value ?? null,
    goodput: valid?.goodput?.arms.all.metPerSecond ?? null,
    readyMs: ready.length > 0 ? Math.max(...ready) : null,
    upMs: upMs(stages),
    quality: null,
  };
}

function apartOf({ spread }: Benchmark): string[] {
  const names = spread?.perReplica.filter(({ standsOut }) => standsOut).map(({ pod }) => short(pod, 100)) ?? [];
  return names.slice(0, MOST_APART);
}

/** From the start of the lease to the end of the ready stage; null where one of them was not completed. */
function upMs(stages: readonly StageResult[]): number | null {
  const done = (name: StageName) => stages.find(({ stage, outcome }) => stage === name && outcome === 'done');
  const [lease, ready] = [done('lease'), done('ready')];
  if (!lease?.startedAt || !ready?.startedAt || ready.durationMs === null) return null;
  const ms = Date.parse(ready.startedAt) + ready.durationMs - Date.parse(lease.startedAt);
  return Number.isFinite(ms) && ms >= 0 ? ms : null;
}
