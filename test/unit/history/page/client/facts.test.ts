import { describe, expect, it } from 'vitest';
import { comparisonOf, factsOf } from '../../../../../src/history/page/client/facts.ts';
import { aNight } from '../../records.ts';
import { someNights } from '../nights.ts';

describe('the comparison of two nights', () => {
  const [before, after] = [someNights(60)[0]!, someNights(60)[59]!];
  const rows = new Map(comparisonOf(before, after).map((row) => [row.name, row]));

  it('has every figure of either, and no name twice', () => {
    expect(rows.size).toBe(factsOf(after).length);
    for (const name of ['speedup', 'latency p99', 'goodput', 'quality score', 'cost of a million tokens', 'gate']) {
      expect(rows.has(name)).toBe(true);
    }
  });

  it('has the difference of what is a number, with its unit and its share', () => {
    expect(rows.get('throughput, one replica')?.difference).toMatch(/^−0\.\d\d req\/s \(−1\d\.\d%\)$/);
    expect(rows.get('queue time for nodes')?.difference).toMatch(/^[+−]\d+\.\d min \([+−]\d+\.\d%\)$/);
    expect(rows.get('cache hit rate')?.difference).toMatch(/^[+−]\d\.\d points$/);
    expect(rows.get('latency p95')).toMatchObject({ from: '612 ms', to: '612 ms', difference: 'same', same: true });
  });

  it('has words for the rest, and for what one of the nights lacks', () => {
    expect(rows.get('vLLM image')).toMatchObject({ from: 'vllm:v1', to: 'vllm:v2', difference: 'differs' });
    const dead = comparisonOf(before, aNight(3, null));
    expect(dead.find(({ name }) => name === 'latency p95')).toMatchObject({ to: '–', difference: 'only in one' });
    expect(dead.find(({ name }) => name === 'stage lease')).toMatchObject({ to: '–', difference: 'only in one' });
  });
});
