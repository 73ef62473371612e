import { ratioText } from '../../lib/speedup.ts';
import type { Interval, Report } from '../model.ts';
import { targetLimits, vetoed } from '../speedup.ts';
import { type Format, jsonText } from './format.ts';

/** For github-action-benchmark, which a file without entries fails. */
export const benchmarkActionFormat: Format = {
  name: 'benchmark-action',
  file: 'benchmark.json',
  applies: (report) => benchmarkEntries(report).length > 0,
  render: (report) => jsonText(benchmarkEntries(report)),
};

export interface BenchmarkEntry {
  name: string;
  unit: string;
  value: number;
  range?: string;
  extra?: string;
}

/**
 * Figures for github-action-benchmark's `customBiggerIsBetter`. Names are stable, since its history goes by them. A
 * measurement that does not count has none: a chart would keep what the verdict threw away.
 */
export function benchmarkEntries(report: Report): BenchmarkEntry[] {
  const { benchmark } = report;
  if (!benchmark || vetoed(report)) return [];
  const extra = `${report.verdict}${report.run.url ? `, ${report.run.url}` : ''}`;
  const { speedup, efficiency, arms } = benchmark;
  const interval = (ratio: Interval, limits: readonly number[] = []) => {
    const { low, high } = ratioText(ratio, limits, 3);
    return `${low}-${high}`;
  };
  const range = speedup && interval(speedup, targetLimits(report.target));
  return [
    ...(speedup && range ? [{ name: 'speedup', unit: 'x', value: speedup.value, range, extra }] : []),
    ...(efficiency
      ? [{ name: 'scaling efficiency', unit: 'fraction', value: efficiency.value, range: interval(efficiency), extra }]
      : []),
    { name: 'throughput, all replicas', unit: 'req/s', value: arms.all.requestsPerSecond, extra },
    { name: 'throughput, one replica', unit: 'req/s', value: arms.one.requestsPerSecond, extra },
    { name: 'output, all replicas', unit: 'tokens/s', value: arms.all.outputTokensPerSecond, extra },
  ];
}
