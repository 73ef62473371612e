import { describe, expect, it } from 'vitest';
import { countersOf } from '../../../../src/clients/serving/client.ts';
import { parseMetrics, sumOf } from '../../../../src/clients/serving/metrics.ts';

const VLLM = `# HELP vllm:request_success_total Count of successfully processed requests.
# TYPE vllm:request_success_total counter
vllm:request_success_total{engine="0",finished_reason="stop",model_name="Qwen/Qwen2.5-3B-Instruct"} 7.0
vllm:request_success_total{engine="0",finished_reason="length",model_name="Qwen/Qwen2.5-3B-Instruct"} 3.0
vllm:prefix_cache_queries_total{engine="0"} 10240.0
vllm:prefix_cache_hits_total{engine="0"} 9.088e+03
vllm:num_requests_waiting{engine="0"} 0.0
vllm:num_requests_running{engine="0"} 2.0
vllm:num_preemptions_total{engine="0"} 0.0
vllm:cache_config_info{block_size="128",enable_prefix_caching="True",engine="0",num_gpu_blocks="8192"} 1.0
process_start_time_seconds 1.7638e+09
`;

describe('the text format', () => {
  it.each<[string, string, unknown]>([
    ['a bare sample', 'up 1', { name: 'up', labels: {}, value: 1 }],
    ['a timestamp', 'up 1 1700000000000', { name: 'up', labels: {}, value: 1 }],
    ['infinity', 'b{le="+Inf"} +Inf', { name: 'b', labels: { le: '+Inf' }, value: Number.POSITIVE_INFINITY }],
    ['an escaped label', 'x{a="q\\"\\\\\\n}",b="2"} 1', { name: 'x', labels: { a: 'q"\\\n}', b: '2' }, value: 1 }],
    ['a brace and a space in a label', 'x{a="} 5"} 1', { name: 'x', labels: { a: '} 5' }, value: 1 }],
    ['Windows line ends', 'up 1\r', { name: 'up', labels: {}, value: 1 }],
    ['not a number', 'x NaN', { name: 'x', labels: {}, value: Number.NaN }],
  ])('%s', (_, text, sample) => {
    expect(parseMetrics(text)).toEqual([sample]);
  });

  it('skips what does not parse', () => {
    expect(parseMetrics('# a comment\n\n<html>\nx{a="1" 2\ny abc\nup 1\n')).toEqual([
      { name: 'up', labels: {}, value: 1 },
    ]);
  });

  it('adds up, and tells none from zero', () => {
    const samples = parseMetrics('a{x="1"} 1\na{x="2"} 2\nb 0');
    expect([sumOf(samples, 'a'), sumOf(samples, 'a', 'b'), sumOf(samples, 'b'), sumOf(samples, 'c')]).toEqual([
      3,
      3,
      0,
      null,
    ]);
  });
});

describe('the counters of a replica', () => {
  it('are read from vLLM', () => {
    expect(countersOf('p', parseMetrics(VLLM))).toEqual({
      pod: 'p',
      requests: 10,
      promptTokens: null,
      generationTokens: null,
      prefixQueries: 10_240,
      prefixHits: 9_088,
      waiting: 0,
      running: 2,
      preemptions: 0,
      processStartSeconds: 1.7638e9,
      blockSizeTokens: 128,
      kvCacheTokens: 128 * 8192,
      prefixCaching: true,
    });
  });

  it('are read by their older names', () => {
    const older = VLLM.replaceAll('vllm:prefix_cache', 'vllm:gpu_prefix_cache');
    expect(countersOf('p', parseMetrics(older))).toMatchObject({ prefixQueries: 10_240, prefixHits: 9_088 });
  });

  it('are null, never zero, when they are not exported', () => {
    expect(countersOf('p', parseMetrics('up 1'))).toEqual({
      pod: 'p',
      requests: 0,
      promptTokens: null,
      generationTokens: null,
      prefixQueries: null,
      prefixHits: null,
      waiting: null,
      running: null,
      preemptions: null,
      processStartSeconds: null,
      blockSizeTokens: null,
      kvCacheTokens: null,
      prefixCaching: null,
    });
  });

  it.each([
    ['False', '16', { prefixCaching: false, blockSizeTokens: 16 }],
    ['1', 'None', { prefixCaching: true, blockSizeTokens: null }],
  ])('with caching %s and block size %s', (caching, size, counters) => {
    const text = VLLM.replace('"True"', `"${caching}"`).replace('"128"', `"${size}"`);
    expect(countersOf('p', parseMetrics(text))).toMatchObject(counters);
  });
});
