import type { Benchmark, Report } from '../report/model.ts';
import { readyMs, upMs } from '../report/times.ts';
import type { HistoryRecord } from './record.ts';
import { short } from './short.ts';

/** Pods that a record names. */
const MOST_APART = 8;

/** The figures of a run. Those of a benchmark that a veto stands against are null, but for the share of answers. */
export function figuresOf(report: Report): HistoryRecord['m'] {
  const { benchmark, routing } = report;
  const valid = benchmark !== null && benchmark.vetoes.length === 0 ? benchmark : null;
  const { all = null, one = null } = valid?.arms ?? {};
  const { speedup = null } = valid ?? {};
  const loaded = benchmark?.arms;
  return {
    speedup: speedup && [speedup.value, speedup.low, speedup.high],
    all: all?.requestsPerSecond ?? null,
    one: one?.requestsPerSecond ?? null,
    tokens: all?.outputTokensPerSecond ?? null,
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
    readyMs: readyMs(report),
    upMs: upMs(report),
    quality: scoreOf(report),
  };
}

function apartOf({ spread }: Benchmark): string[] {
  const names = spread?.perReplica.filter(({ standsOut }) => standsOut).map(({ pod }) => short(pod, 100)) ?? [];
  return names.slice(0, MOST_APART);
}

/** Share of the tasks that the stack under test answered right, 0..1; null where no answers were compared. */
function scoreOf({ comparisons }: Report): number | null {
  const pairs = comparisons?.find(({ name }) => name === 'change')?.quality?.figures?.pairs;
  if (!pairs) return null;
  const { bothRight, onlyHead, onlyBase, bothWrong } = pairs;
  return (bothRight + onlyHead) / (bothRight + onlyHead + onlyBase + bothWrong);
}
