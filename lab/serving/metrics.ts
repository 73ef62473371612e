import type { ServingFaults } from '../scenarios/types.ts';
import type { Departure, EngineObserver } from './engine.ts';

const TTFT_BUCKETS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
];
const TOKEN_BUCKETS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
const REQUEST_BUCKETS = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

interface Histogram {
  observe(value: number, times?: number): void;
  render(name: string, labels: string): string[];
}

function createHistogram(bounds: number[]): Histogram {
  const counts = bounds.map(() => 0);
  let sum = 0;
  let count = 0;
  return {
    observe: (value, times = 1) => {
      if (times <= 0) return;
      const bucket = bounds.findIndex((bound) => value <= bound);
      if (bucket >= 0) counts[bucket]! += times;
      sum += value * times;
      count += times;
    },
    render: (name, labels) => {
      let below = 0;
      const buckets = bounds.map((bound, index) => {
        below += counts[index]!;
        return `${name}_bucket{${labels.replace(',model_name', `,le="${float(bound)}",model_name`)}} ${float(below)}`;
      });
      return [
        ...buckets,
        `${name}_bucket{${labels.replace(',model_name', ',le="+Inf",model_name')}} ${float(count)}`,
        `${name}_count{${labels}} ${float(count)}`,
        `${name}_sum{${labels}} ${sum}`,
      ];
    },
  };
}

export interface Gauges {
  running: number;
  waiting: number;
  kvUsage: number;
  /** Tokens of requests that have not ended: vLLM counts each as it comes (v1/metrics/stats.py, IterationStats). */
  produced?: { prompt: number; generation: number };
}

export interface ReplicaMetrics extends EngineObserver {
  /** Prometheus text exposition, as vLLM's `/metrics` gives it. */
  render(gauges: Gauges): string;
}

/**
 * The metrics of one vLLM V1 process. Names, labels and units are vLLM's: prefix cache counters are tokens, a scrape
 * carries `_created` gauges beside every counter, aborts count in `request_success`. Latencies are wall seconds,
 * like everything else that a client of the rehearsal can measure.
 */
export function createMetrics(options: {
  modelName: string;
  startedAt: Date;
  cacheConfig: { blockSize: number; blocks: number; caching: boolean };
  counters?: ServingFaults['counters'];
}): ReplicaMetrics {
  const { cacheConfig, counters = 'v1' } = options;
  const labels = `engine="0",model_name="${options.modelName.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const startSeconds = options.startedAt.getTime() / 1_000;
  const counts = { queries: 0, hits: 0, prompt: 0, generation: 0, preemptions: 0, stop: 0, length: 0, abort: 0 };
  const histograms = {
    'vllm:time_to_first_token_seconds': createHistogram(TTFT_BUCKETS),
    'vllm:inter_token_latency_seconds': createHistogram(TOKEN_BUCKETS),
    'vllm:e2e_request_latency_seconds': createHistogram(REQUEST_BUCKETS),
    'vllm:request_queue_time_seconds': createHistogram(REQUEST_BUCKETS),
    'vllm:request_inference_time_seconds': createHistogram(REQUEST_BUCKETS),
    'vllm:request_prefill_time_seconds': createHistogram(REQUEST_BUCKETS),
    'vllm:request_decode_time_seconds': createHistogram(REQUEST_BUCKETS),
  };

  let departures = 0;
  const hits = () => (counters === 'flattering' ? Math.round(0.65 * counts.queries) : counts.hits);

  const served = (departure: Departure, queueSeconds: number, firstTokenSeconds: number) => {
    const decodeSeconds = departure.serviceSeconds - firstTokenSeconds;
    // A prompt is counted with the first token.
    if (departure.outputTokens > 0) counts.prompt += departure.promptTokens;
    counts.generation += departure.outputTokens;
    const gaps = departure.outputTokens - 1;
    histograms['vllm:time_to_first_token_seconds'].observe(queueSeconds + firstTokenSeconds);
    if (gaps > 0) histograms['vllm:inter_token_latency_seconds'].observe(decodeSeconds / gaps, gaps);
    if (departure.reason === 'abort') return;
    histograms['vllm:e2e_request_latency_seconds'].observe(queueSeconds + departure.serviceSeconds);
    histograms['vllm:request_queue_time_seconds'].observe(queueSeconds);
    histograms['vllm:request_inference_time_seconds'].observe(departure.serviceSeconds);
    histograms['vllm:request_prefill_time_seconds'].observe(firstTokenSeconds);
    histograms['vllm:request_decode_time_seconds'].observe(decodeSeconds);
  };

  const counter = (name: string, help: string, series: [extra: string, value: number][]): string[] => {
    const full = (extra: string) => labels.replace(',model_name', `${extra},model_name`);
    return [
      `# HELP ${name}_total ${help}`,
      `# TYPE ${name}_total counter`,
      ...series.map(([extra, value]) => `${name}_total{${full(extra)}} ${float(value)}`),
      `# HELP ${name}_created ${help}`,
      `# TYPE ${name}_created gauge`,
      ...series.map(([extra]) => `${name}_created{${full(extra)}} ${startSeconds}`),
    ];
  };
  const tokens = (name: string, help: string, value: number): string[] =>
    counters === 'no-tokens' ? [] : counter(name, help, [['', value]]);
  const gauge = (name: string, help: string, value: number): string[] => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    `${name}{${labels}} ${float(value)}`,
  ];

  return {
    scheduled: (promptTokens, cachedTokens) => {
      // vLLM keeps no prefix cache statistics while caching is off.
      if (!cacheConfig.caching) return;
      counts.queries += promptTokens;
      counts.hits += cachedTokens;
    },
    departed: (departure) => {
      counts[departure.reason]++;
      departures += 1;
      if (counters === 'reset' && departures === RESET_AFTER) for (const key of COUNTED) counts[key] = 0;
      if (departure.queueSeconds === null || departure.firstTokenSeconds === null) return;
      served(departure, departure.queueSeconds, departure.firstTokenSeconds);
    },
    render: ({ running, waiting, kvUsage, produced = { prompt: 0, generation: 0 } }) =>
      named(counters, [
        '# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.',
        '# TYPE process_start_time_seconds gauge',
        `process_start_time_seconds ${startSeconds}`,
        ...gauge('vllm:num_requests_running', 'Number of requests in model execution batches.', running),
        ...gauge('vllm:num_requests_waiting', 'Number of requests waiting to be processed.', waiting),
        ...gauge('vllm:kv_cache_usage_perc', 'KV-cache usage. 1 means 100 percent usage.', kvUsage),
        ...counter('vllm:prefix_cache_queries', 'Prefix cache queries, in terms of number of queried tokens.', [
          ['', counts.queries],
        ]),
        ...counter('vllm:prefix_cache_hits', 'Prefix cache hits, in terms of number of cached tokens.', [['', hits()]]),
        ...counter('vllm:num_preemptions', 'Cumulative number of preemption from the engine.', [
          ['', counts.preemptions],
        ]),
        ...tokens('vllm:prompt_tokens', 'Number of prefill tokens processed.', counts.prompt + produced.prompt),
        ...tokens(
          'vllm:generation_tokens',
          'Number of generation tokens processed.',
          counts.generation + produced.generation,
        ),
        ...counter('vllm:request_success', 'Count of successfully processed requests.', [
          ...(['stop', 'length', 'abort'] as const).map((reason): [string, number] => [
            `,finished_reason="${reason}"`,
            counts[reason],
          ]),
          ...['error', 'repetition'].map((reason): [string, number] => [`,finished_reason="${reason}"`, 0]),
        ]),
        ...Object.entries(histograms).flatMap(([name, histogram]) => [
          `# HELP ${name} Histogram of ${name.slice(5).replaceAll('_', ' ')}.`,
          `# TYPE ${name} histogram`,
          ...histogram.render(name, labels),
        ]),
        '# HELP vllm:cache_config_info Information of the LLMEngine CacheConfig',
        '# TYPE vllm:cache_config_info gauge',
        `vllm:cache_config_info{${cacheConfigLabels(cacheConfig)}} 1.0`,
        '',
      ]).join('\n'),
  };
}

const COUNTED = ['queries', 'hits', 'prompt', 'generation', 'stop', 'length', 'abort'] as const;
/** In the benchmark, whatever came before it. */
const RESET_AFTER = 400;

/** The V0 engine counted the cache of the GPU and that of the CPU apart, and named both (vLLM `v1/metrics/loggers.py`). */
function named(counters: ServingFaults['counters'], lines: string[]): string[] {
  if (counters !== 'v0') return lines;
  return lines.map((line) =>
    line
      .replaceAll('vllm:prefix_cache_', 'vllm:gpu_prefix_cache_')
      .replaceAll('vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'),
  );
}

function cacheConfigLabels({ blockSize, blocks, caching }: { blockSize: number; blocks: number; caching: boolean }) {
  return Object.entries({
    block_size: String(blockSize),
    cache_dtype: 'auto',
    enable_prefix_caching: caching ? 'True' : 'False',
    engine: '0',
    gpu_memory_utilization: '0.9',
    is_attention_free: 'False',
    num_cpu_blocks: 'None',
    num_gpu_blocks: String(blocks),
    num_gpu_blocks_override: 'None',
    prefix_caching_hash_algo: 'sha256',
    sliding_window: 'None',
  })
    .map(([key, value]) => `${key}="${value}"`)
    .join(',');
}

/** Python's way to print a float: whole numbers end in `.0`. */
function float(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
