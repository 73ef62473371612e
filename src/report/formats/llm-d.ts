import { createHash } from 'node:crypto';
import { machineOf } from '../../tpu/machines.ts';
import type { LoadWindow, Percentiles, Report } from '../model.ts';
import { vetoed } from '../speedup.ts';
import { type Format, jsonText } from './format.ts';
import { type LoadKind, loadsOf, type MeasuredLoad } from './llm-d-loads.ts';

/** One replica in a closed loop, as llm-d's results store reads it. */
export const llmDOneFormat = formatOf('one');
/** All replicas in a closed loop. */
export const llmDAllFormat = formatOf('all');
/** The stack under test beside the base stack, in a closed loop. */
export const llmDHeadFormat = formatOf('head');
/** The base stack, in a closed loop. */
export const llmDBaseFormat = formatOf('base');
/** All replicas in the open loop of the latencies. */
export const llmDOpenFormat = formatOf('open');

/** Each rate of the search for goodput: a file of its own, and printed as one array. */
export const llmDGoodputFormat: Format = {
  name: 'llm-d-goodput',
  file: null,
  applies: (report) => documentsOf(report, 'goodput').length > 0,
  render: (report) => jsonText(documentsOf(report, 'goodput').map(([, document]) => document)),
  parts: (report) => documentsOf(report, 'goodput').map(([id, document]) => [`llm-d-${id}.json`, jsonText(document)]),
};

/** Fields of llm-d-benchmark's report that this gate fills; its schema forbids others. */
export interface LlmDReport {
  version: '0.2.1';
  run: Record<string, unknown>;
  scenario: Record<string, unknown>;
  results: Record<string, unknown>;
}

/**
 * A load as an llm-d benchmark report 0.2.1 (`llmd_benchmark_report/schema_v0_2.py`), for its results store; null for a load
 * that the run did not have. All documents of a run carry the same `eid`. The schema has no place for a comparison of arms:
 * the verdict stands in the load's native configuration.
 */
export function llmDReport(report: Report, kind: Exclude<LoadKind, 'goodput'>): LlmDReport | null {
  const [found] = documentsOf(report, kind);
  return found ? found[1] : null;
}

/** The documents of one kind, each with the id of its load. */
export function documentsOf(report: Report, kind: LoadKind): [id: string, document: LlmDReport][] {
  return loadsOf(report).flatMap((load, stage) =>
    load.kind === kind ? [[load.id, documentOf(report, load, stage)] as [string, LlmDReport]] : [],
  );
}

function formatOf(kind: Exclude<LoadKind, 'goodput'>): Format {
  return {
    name: `llm-d-${kind}`,
    file: `llm-d-${kind}.json`,
    applies: (report) => llmDReport(report, kind) !== null,
    render: (report) => jsonText(llmDReport(report, kind)),
  };
}

function documentOf(report: Report, load: MeasuredLoad, stage: number): LlmDReport {
  const { run, benchmark } = report;
  const id = `${run.id}-${run.attempt}`;
  const { window } = load;
  return {
    version: '0.2.1',
    run: {
      uid: `${id}-${load.id}`,
      eid: id,
      ...(window ? { time: timeOf(window) } : {}),
      // A results store plots whatever it is given.
      description: counts(report, load) ? load.label : `does not count: ${load.label}`,
      keywords: [report.verdict],
    },
    scenario: {
      stack: [componentOf(report, load)],
      ...(benchmark ? { load: scenarioLoad(report, benchmark, load, stage) } : {}),
    },
    results: { request_performance: { aggregate: aggregate(load, benchmark?.workload.promptTokens ?? null) } },
  };
}

function counts(report: Report, { kind, vetoes }: MeasuredLoad): boolean {
  return vetoes.length === 0 && (kind === 'head' || kind === 'base' || !vetoed(report));
}

function timeOf({ startedAt, endedAt }: LoadWindow) {
  const seconds = Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)) / 1_000;
  return { start: startedAt, end: endedAt, duration: `PT${seconds}S` };
}

/** `generic` where the chips are not known: of an engine the schema wants their number. */
function componentOf({ environment }: Report, { service, replicas, image, args }: MeasuredLoad) {
  const { chipsPerNode, machineType, modelId } = environment;
  const known = {
    tool: 'vllm',
    tool_version: image ?? 'unknown',
    role: 'replica',
    replicas,
    model: { name: modelId ?? 'Unknown' },
  };
  const standardized =
    chipsPerNode === null
      ? { kind: 'generic', ...known }
      : {
          kind: 'inference_engine',
          ...known,
          accelerator: {
            model: machineOf(machineType)?.accelerator ?? machineType ?? 'Unknown',
            count: chipsPerNode * replicas,
            parallelism: { tp: tensorParallel(args) ?? chipsPerNode },
          },
        };
  const configuration = createHash('sha256').update(JSON.stringify([standardized, args]));
  return {
    metadata: { label: service, cfg_id: configuration.digest('hex').slice(0, 16) },
    standardized,
    native: {},
  };
}

/** Of vLLM's command line. Null where it does not state it. */
function tensorParallel(args: string | null): number | null {
  const [, size] = /(?:^|\s)(?:--tensor-parallel-size|-tp)[\s=](\d+)(?=\s|$)/.exec(args ?? '') ?? [];
  return size === undefined ? null : Number(size);
}

function scenarioLoad(
  report: Report,
  { workload, speedup }: NonNullable<Report['benchmark']>,
  load: MeasuredLoad,
  stage: number,
) {
  return {
    metadata: { description: workload.description },
    standardized: {
      tool: report.tool.name,
      tool_version: report.tool.version,
      source: 'random',
      stage,
      input_seq_len: { distribution: 'other', value: workload.promptTokens },
      output_seq_len: { distribution: 'fixed', value: workload.maxTokens },
      ...load.shape,
    },
    native: {
      config: { load: load.id, ...load.own, verdict: report.verdict, speedup, vetoes: load.vetoes },
    },
  };
}

function aggregate(load: MeasuredLoad, promptTokens: number | null) {
  const { rates } = load;
  const times = {
    time_to_first_token: seconds(load.ttftMs, 's'),
    time_per_output_token: seconds(load.tpotMs, 's/token'),
    inter_token_latency: seconds(load.itlMs, 's/token'),
    request_latency: seconds(load.e2eMs, 's'),
  };
  const counted = (mean: number | null) => (mean === null ? undefined : { units: 'count', mean });
  return {
    requests: {
      total: load.requests,
      failures: load.errors,
      input_length: counted(promptTokens),
      output_length: counted(load.outputTokens),
    },
    latency: Object.fromEntries(Object.entries(times).filter(([, value]) => value)),
    ...(rates && {
      throughput: {
        request_rate: { units: 'queries/s', mean: rates.requestsPerSecond },
        output_token_rate: { units: 'tokens/s', mean: rates.outputTokensPerSecond },
      },
    }),
  };
}

function seconds(figuresMs: Percentiles | null, units: string) {
  return (
    figuresMs && {
      units,
      mean: figuresMs.mean / 1_000,
      p50: figuresMs.p50.value / 1_000,
      p95: figuresMs.p95.value / 1_000,
      p99: figuresMs.p99.value / 1_000,
    }
  );
}
