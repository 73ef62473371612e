import { createHash } from 'node:crypto';
/** The record of a finished run. A measurement that a veto stands against has no figures: they would draw a line. */
export function historyRecord(report, series) {
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
      successRate: all && one ? Math.min(all.successRate, one.successRate) : null,
    },
    cost: { usd: report.cost?.usd ?? null, chipMinutes: report.cost?.chipMinutes ?? null },
    stages: report.stages
      .filter(({ durationMs }) => durationMs !== null)
      .map(({ stage, durationMs, outcome }) => [stage, Math.round((durationMs ?? 0) / 1000), outcome]),
  };
}
function fingerprint(parts) {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8);
}
