import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../serving/metrics.ts';

const STARTED = new Date('2026-02-13T14:00:00Z');

function metrics(caching = true) {
  const cacheConfig = { blockSize: 128, blocks: 20_312, caching };
  return createMetrics({ modelName: 'qwen', startedAt: STARTED, cacheConfig });
}

const IDLE = { running: 0, waiting: 0, kvUsage: 0 };
const LABELS = 'engine="0",model_name="qwen"';
const DONE = { promptTokens: 640, outputTokens: 16, queueSeconds: 0, firstTokenSeconds: 0.26, serviceSeconds: 0.6 };

describe('/metrics', () => {
  it('counts in the units of vLLM', () => {
    const recorder = metrics();
    recorder.scheduled(640, 512);
    recorder.departed({ ...DONE, reason: 'length' });
    const text = recorder.render({ running: 2, waiting: 3, kvUsage: 0.25 });
    for (const line of [
      `vllm:num_requests_running{${LABELS}} 2.0`,
      `vllm:num_requests_waiting{${LABELS}} 3.0`,
      `vllm:kv_cache_usage_perc{${LABELS}} 0.25`,
      `vllm:prefix_cache_queries_total{${LABELS}} 640.0`,
      `vllm:prefix_cache_hits_total{${LABELS}} 512.0`,
      `vllm:prompt_tokens_total{${LABELS}} 640.0`,
      `vllm:generation_tokens_total{${LABELS}} 16.0`,
      `vllm:num_preemptions_total{${LABELS}} 0.0`,
      'vllm:request_success_total{engine="0",finished_reason="length",model_name="qwen"} 1.0',
      'vllm:request_success_total{engine="0",finished_reason="stop",model_name="qwen"} 0.0',
      `vllm:request_success_created{engine="0",finished_reason="abort",model_name="qwen"} ${STARTED.getTime() / 1_000}`,
      'vllm:time_to_first_token_seconds_bucket{engine="0",le="0.25",model_name="qwen"} 0.0',
      'vllm:time_to_first_token_seconds_bucket{engine="0",le="0.5",model_name="qwen"} 1.0',
      'vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="qwen"} 1.0',
      `vllm:inter_token_latency_seconds_count{${LABELS}} 15.0`,
      `vllm:e2e_request_latency_seconds_count{${LABELS}} 1.0`,
      `vllm:e2e_request_latency_seconds_sum{${LABELS}} 0.6`,
      `process_start_time_seconds ${STARTED.getTime() / 1_000}`,
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toMatch(
      /^vllm:cache_config_info\{block_size="128",.*enable_prefix_caching="True",engine="0",.*num_gpu_blocks="20312",.*\} 1\.0$/m,
    );
  });

  it('counts an abort as a request, and its tokens only once some came out', () => {
    const recorder = metrics();
    recorder.departed({ ...DONE, reason: 'abort', outputTokens: 0, firstTokenSeconds: null });
    const text = recorder.render(IDLE);
    expect(text).toContain('finished_reason="abort",model_name="qwen"} 1.0');
    expect(text).toContain(`vllm:prompt_tokens_total{${LABELS}} 0.0`);
    expect(text).toContain(`vllm:e2e_request_latency_seconds_count{${LABELS}} 0.0`);
  });

  it('counts the tokens of requests that run beside those that have ended', () => {
    const recorder = metrics();
    recorder.departed({ ...DONE, reason: 'length' });
    const text = recorder.render({ ...IDLE, produced: { prompt: 64, generation: 7 } });
    expect(text).toContain(`vllm:prompt_tokens_total{${LABELS}} 704.0`);
    expect(text).toContain(`vllm:generation_tokens_total{${LABELS}} 23.0`);
  });

  it('has no prefix cache queries while caching is off', () => {
    const recorder = metrics(false);
    recorder.scheduled(640, 0);
    const text = recorder.render(IDLE);
    expect(text).toContain(`vllm:prefix_cache_queries_total{${LABELS}} 0.0`);
    expect(text).toContain('enable_prefix_caching="False"');
  });

  it('is well-formed exposition: every sample has a type, every line parses', () => {
    const types = new Set<string>();
    for (const line of metrics().render(IDLE).trimEnd().split('\n')) {
      const type = line.match(/^# TYPE (\S+) (?:counter|gauge|histogram)$/);
      if (type) types.add(type[1]!);
      if (line.startsWith('#')) continue;
      const sample = line.match(/^([a-z:_0-9A-Z]+)(?:\{(?:[a-z_]+="[^"]*",?)+\})? \S+$/);
      expect(sample, line).not.toBeNull();
      const name = sample![1]!;
      expect(types.has(name) || types.has(name.replace(/_(bucket|count|sum)$/, '')), line).toBe(true);
    }
  });
});
