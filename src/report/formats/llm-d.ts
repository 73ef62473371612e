import type { ArmFigures, ArmName, LatencyFigures, Percentiles, Report } from '../model.ts';
import { type Format, jsonText, whenMeasured } from './format.ts';

/** One replica as llm-d's results store reads it. */
export const llmDOneFormat: Format = {
  name: 'llm-d-one',
  file: 'llm-d-one.json',
  applies: whenMeasured,
  render: (report) => jsonText(llmDReport(report, 'one')),
};

/** All replicas as llm-d's results store reads them. */
export const llmDAllFormat: Format = {
  name: 'llm-d-all',
  file: 'llm-d-all.json',
  applies: whenMeasured,
  render: (report) => jsonText(llmDReport(report, 'all')),
};

/** Fields of llm-d-benchmark's report that this gate fills; its schema forbids others. */
export interface LlmDReport {
  version: '0.2.1';
  run: Record<string, unknown>;
  scenario: Record<string, unknown>;
  results: Record<string, unknown>;
}

/**
 * One arm as an llm-d benchmark report 0.2.1 (`benchmark_report/schema_v0_2_1.py`), for its results store; null when
 * nothing was measured. Both arms of a run carry the same `eid`. The schema has no place for a comparison of arms: the
 * verdict stands in the load's native configuration.
 */
export function llmDReport(report: Report, arm: ArmName): LlmDReport | null {
  const { benchmark, run, environment } = report;
  if (!benchmark) return null;
  const figures = benchmark.arms[arm];
  const replicas = arm === 'one' ? 1 : benchmark.replicas;
  const { workload } = benchmark;
  const id = `${run.id}-${run.attempt}`;
  return {
    version: '0.2.1',
    run: {
      uid: `${id}-${arm}`,
      eid: id,
      time: {
        start: report.startedAt,
        ...(report.finishedAt
          ? {
              end: report.finishedAt,
              duration: isoDuration(Date.parse(report.finishedAt) - Date.parse(report.startedAt)),
            }
          : {}),
      },
      description: `${benchmark.method}; ${arm === 'one' ? benchmark.oneReplicaArm : `all ${replicas} replicas`}`,
    },
    scenario: {
      stack: [
        {
          metadata: { label: report.plan.service ?? 'service', cfg_id: `${report.plan.service ?? 'service'}-${arm}` },
          standardized: {
            kind: 'inference_engine',
            tool: 'vllm',
            tool_version: environment.vllmImage ?? 'unknown',
            role: 'replica',
            replicas,
            model: { name: environment.modelId ?? 'unknown' },
            accelerator: {
              model: environment.machineType ?? 'unknown',
              count: environment.chipsPerNode ?? 1,
              parallelism: { tp: environment.chipsPerNode ?? 1 },
            },
          },
          native: {},
        },
      ],
      load: {
        metadata: { description: workload.description },
        standardized: {
          tool: report.tool.name,
          tool_version: report.tool.version,
          source: 'random',
          input_seq_len: { distribution: 'other', value: workload.promptTokens },
          output_seq_len: { distribution: 'fixed', value: workload.maxTokens },
          concurrency: benchmark.concurrencyPerReplica * replicas,
        },
        native: {
          config: {
            arm,
            verdict: report.verdict,
            speedup: benchmark.speedup,
            vetoes: benchmark.vetoes.map(({ id: veto }) => veto),
          },
        },
      },
    },
    results: {
      request_performance: {
        aggregate: aggregate(figures, workload.promptTokens, arm === 'all' ? benchmark.latency : null),
      },
      ...cacheHits(report, arm),
    },
  };
}

function aggregate(figures: ArmFigures, promptTokens: number, latency: LatencyFigures | null) {
  const { latencyMs } = figures;
  const seconds = (figuresMs: Percentiles | null | undefined, units: string) =>
    figuresMs && {
      units,
      mean: figuresMs.mean / 1_000,
      p50: figuresMs.p50.value / 1_000,
      p95: figuresMs.p95.value / 1_000,
      p99: figuresMs.p99.value / 1_000,
    };
  const streamed = {
    time_to_first_token: seconds(latency?.ttftMs, 's'),
    time_per_output_token: seconds(latency?.tpotMs, 's/token'),
    inter_token_latency: seconds(latency?.itlMs, 's/token'),
  };
  return {
    requests: {
      total: figures.requests,
      failures: figures.errors,
      input_length: { units: 'count', mean: promptTokens },
      output_length: { units: 'count', mean: figures.meanOutputTokens },
    },
    latency: {
      ...Object.fromEntries(Object.entries(streamed).filter(([, value]) => value)),
      ...(latencyMs ? { request_latency: seconds(latencyMs, 's') } : {}),
    },
    throughput: {
      request_rate: { units: 'queries/s', mean: figures.requestsPerSecond },
      output_token_rate: { units: 'tokens/s', mean: figures.outputTokensPerSecond },
    },
  };
}

/** Over the shared-prefix requests of the routing proof, which all replicas served. */
function cacheHits(report: Report, arm: ArmName) {
  const measured = report.routing?.hitRate?.measured;
  if (arm !== 'all' || measured === undefined || measured === null) return {};
  const component = {
    component_label: report.plan.service ?? 'service',
    aggregate: { cache_hit_rate: { units: 'fraction', mean: measured } },
  };
  return { observability: { components: [component] } };
}

function isoDuration(ms: number): string {
  return `PT${Math.max(0, Math.round(ms / 1_000))}S`;
}
