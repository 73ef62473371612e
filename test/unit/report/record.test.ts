import { describe, expect, it } from 'vitest';
import { openMetrics } from '../../../src/report/formats/openmetrics.ts';
import type { ArmComparison } from '../../../src/report/model.ts';
import { compactRecord, parseData, renderData } from '../../../src/report/record.ts';
import { aBenchmark, anEnvironment, aReport } from './fixtures.ts';

const ratio = { value: 0.81, low: 0.8, high: 0.82, level: 0.978 };
const change: ArmComparison = {
  ...{ name: 'change', verdict: 'regressed', reasons: ['Slower.'], ratio, limit: 0.97 },
  ...{ arms: [], pairs: 18, change: null },
};
const digest = `sha256:${'a'.repeat(64)}`;
const base = aReport();
const pods = base.pods.map((pod) => ({ ...pod, imageId: `docker.io/vllm/vllm-tpu@${digest}` }));

describe('the record of a comment', () => {
  it('has the figures, the comparison with the base stack, and what ran', () => {
    const environment = anEnvironment({ vllmVersion: '0.11.1', kserveVersion: 'llmisvc-controller:v0.20.0' });
    const record = compactRecord({ ...base, environment, pods, comparisons: [change] });
    expect(parseData(renderData(record))).toEqual(record);
    expect(record).toMatchObject({
      ...{ ttftMs: 204, tpotMs: 20.5, goodput: 18.2, readyMs: 818_000, upMs: 1_514_000 },
      change: { verdict: 'regressed', ratio },
      stack: { vllmDigest: digest, vllmVersion: '0.11.1', kserve: 'llmisvc-controller:v0.20.0', replicas: 3 },
    });
  });

  it('has no figure of a measurement that a veto stands against', () => {
    const benchmark = aBenchmark(2.68, 0.03, { vetoes: [{ id: 'restart', message: '' }] });
    expect(compactRecord({ ...base, benchmark })).toMatchObject({ ttftMs: null, tpotMs: null, goodput: null });
  });

  it('is read back whatever the names are, and stays bounded', () => {
    const long = '<--">'.repeat(1_000);
    const environment = {
      ...anEnvironment({ machineType: long, modelId: long, vllmImage: long, vllmVersion: long, kserveVersion: long }),
      scorers: [{ name: long, weight: 1 }],
    };
    const record = compactRecord({ ...base, environment });
    const line = renderData(record);
    expect(line.length).toBeLessThan(8_192);
    expect(line.indexOf('-->')).toBe(line.length - 3);
    expect(parseData(`text\n${line}`)).toEqual(record);
  });

  it('from before it had all of this is read', () => {
    const { ttftMs, tpotMs, goodput, readyMs, upMs, stack, ...old } = compactRecord(base);
    expect(parseData(renderData(old as ReturnType<typeof compactRecord>))).toEqual(old);
  });
});

describe('OpenMetrics', () => {
  const text = openMetrics({ ...base, comparisons: [change] });

  it.each([
    'llm_bench_time_per_output_token_seconds{percentile="50"} 0.0205',
    'llm_bench_change_ratio 0.81',
    'llm_bench_change_ratio_lower 0.8',
    'llm_bench_pod_ready_seconds 818',
    'llm_bench_lease_to_ready_seconds 1514',
  ])('has %s', (line) => {
    expect(text.split('\n')).toContain(line);
  });

  it('has no ratio of a change where none was measured', () => {
    expect(openMetrics(base)).not.toContain('llm_bench_change_ratio');
  });
});
