import { describe, expect, it } from 'vitest';
import { parseClusters } from '../../../../src/clients/serving/envoy.ts';
import { parseMetrics, sumOf } from '../../../../src/clients/serving/metrics.ts';
import { stackRecording } from '../../../fixtures/stack.ts';

describe('what a real endpoint picker exports', () => {
  const text = stackRecording('picker-metrics.txt');
  const samples = parseMetrics(text);

  it('is read line by line', () => {
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(samples).toHaveLength(lines.length);
    for (const [index, { name, labels }] of samples.entries()) {
      const line = lines[index] as string;
      expect(line.startsWith(name)).toBe(true);
      expect(Object.keys(labels)).toHaveLength(line.split('="').length - 1);
      for (const [label, value] of Object.entries(labels)) expect(line).toContain(`${label}="${value}"`);
    }
  });

  it('has the values that stand there', () => {
    expect(sumOf(samples, 'inference_pool_ready_pods')).toBe(3);
    expect(sumOf(samples, 'inference_objective_request_total')).toBeGreaterThan(0);
    const bucket = samples.find(({ name }) => name === 'inference_extension_scheduler_e2e_duration_seconds_bucket');
    expect(bucket?.labels).toEqual({ le: '+Inf' });
  });
});

describe('the clusters of a real Envoy', () => {
  const hosts = parseClusters(stackRecording('envoy-clusters.json'));
  const of = (port: number) => hosts.filter(({ cluster }) => cluster.startsWith(`outbound|${port}||`));

  it('are the picker and two ways to three replicas', () => {
    expect([of(9002).length, of(54_321).length, of(8000).length]).toEqual([1, 3, 3]);
    expect(of(9002)[0]?.host).toMatch(/^10\.244\.\d+\.\d+:9002$/);
    expect(new Set(of(54_321).map(({ host }) => host))).toEqual(new Set(of(8000).map(({ host }) => host)));
  });

  it('count requests without an error', () => {
    const sum = (port: number) => of(port).reduce((all, { requests }) => all + requests, 0);
    expect(sum(9002)).toBeGreaterThan(0);
    expect(sum(54_321)).toBe(sum(9002));
    for (const { errors, connectFailures } of hosts) expect([errors, connectFailures]).toEqual([0, 0]);
  });
});
