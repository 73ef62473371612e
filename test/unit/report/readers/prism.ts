/**
 * What Prism (github.com/llm-d/llm-d-prism), the viewer of llm-d's results store, takes from one benchmark report: the rules of
 * `src/utils/benchmarkReportV02Parser.js` and of `normalizeHardware` in `src/utils/dataParser.js`, as of 2026-08.
 */
export interface PrismStage {
  label: string;
  uid: string | null;
  experiment: string | null;
  timestamp: string | null;
  stage: number;
  model: string;
  hardware: string;
  acceleratorCount: number;
  tensorParallel: number;
  inputTokens: number | null;
  outputTokens: number | null;
  rateQps: number | null;
  concurrency: number | null;
  requestRate: number | null;
  outputTokenRate: number | null;
  /** Milliseconds. */
  e2eMs: PrismTimes;
  ttftMs: PrismTimes;
  tpotMs: PrismTimes;
  itlMs: PrismTimes;
  total: number | null;
  failures: number | null;
  hasObservability: boolean;
}

export interface PrismTimes {
  mean: number | null;
  p50: number | null;
  p99: number | null;
}

type Loose = Readonly<Record<string, unknown>>;

/** Null for what Prism does not take for a report of its version. */
export function readByPrism(document: unknown): PrismStage | null {
  const version = text(at(document, 'version')).replace(/^v/, '');
  if (version !== '0.2' && !version.startsWith('0.2.')) return null;
  const run = at(document, 'run');
  const stack = at(document, 'scenario', 'stack');
  const engine = at(primary(Array.isArray(stack) ? stack : []), 'standardized');
  const load = at(document, 'scenario', 'load', 'standardized');
  const performance = at(document, 'results', 'request_performance', 'aggregate');
  const model = text(at(engine, 'model', 'name'));
  const times = (name: string): PrismTimes => {
    const ms = (key: string) => {
      const value = number(at(performance, 'latency', name, key));
      return value === null ? null : value * 1_000;
    };
    return { mean: ms('mean'), p50: ms('p50'), p99: ms('p99') };
  };
  return {
    label: text(at(run, 'description')),
    uid: text(at(run, 'uid')) || null,
    experiment: text(at(run, 'eid')) || null,
    timestamp: text(at(run, 'time', 'start')) || null,
    stage: number(at(load, 'stage')) ?? 0,
    model: ['Unknown', 'Unknown Model'].includes(model) ? '' : model,
    hardware: hardwareOf(text(at(engine, 'accelerator', 'model'))),
    acceleratorCount: number(at(engine, 'accelerator', 'count')) || 1,
    tensorParallel: number(at(engine, 'accelerator', 'parallelism', 'tp')) || 1,
    inputTokens: number(at(load, 'input_seq_len', 'value')),
    outputTokens: number(at(load, 'output_seq_len', 'value')),
    rateQps: number(at(load, 'rate_qps')),
    concurrency: number(at(load, 'concurrency')),
    requestRate: number(at(performance, 'throughput', 'request_rate', 'mean')),
    outputTokenRate: number(at(performance, 'throughput', 'output_token_rate', 'mean')),
    e2eMs: times('request_latency'),
    ttftMs: times('time_to_first_token'),
    tpotMs: times('time_per_output_token'),
    itlMs: times('inter_token_latency'),
    total: number(at(performance, 'requests', 'total')),
    failures: number(at(performance, 'requests', 'failures')),
    hasObservability: at(document, 'results', 'observability') !== undefined,
  };
}

/** The component that its figures are of. */
function primary(stack: readonly unknown[]): unknown {
  const having = (key: string, value: string) => stack.find((each) => at(each, 'standardized', key) === value);
  return having('role', 'aggregate') ?? having('role', 'decode') ?? having('kind', 'inference_engine') ?? stack[0];
}

/** GKE's label of a TPU loses its end, and what is left becomes upper case. */
function hardwareOf(model: string): string {
  if (['', 'Unknown', 'Unknown Hardware', 'unknown'].includes(model)) return '';
  const lower = model.toLowerCase();
  const known = ['gb200', 'b200', 'h200', 'h100', 'a100', 'l4', 't4', 'mi300x', 'mi325x', 'mi355x'];
  const found = known.find((each) => lower.includes(each));
  return (found ?? lower.replace(/^nvidia-/, '').replace(/-(?:pod)?slice/, '')).toUpperCase();
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((each, key) => (isObject(each) ? each[key] : undefined), value);
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null;
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');

function number(value: unknown): number | null {
  const read = typeof value === 'number' ? value : Number.parseFloat(String(value));
  return Number.isNaN(read) ? null : read;
}
