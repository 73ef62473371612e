import { changeOf } from '../change.ts';
import type { ArmName, GoodputArm, Interval, LatencyFigures, Percentile, Report } from '../model.ts';
import { vetoed } from '../speedup.ts';
import { type Format, jsonText } from './format.ts';

/** For Bencher: `bencher run --adapter json --file bencher.json`. A file without a benchmark would fail it. */
export const bmfFormat: Format = {
  name: 'bencher',
  file: 'bencher.json',
  applies: (report) => Object.keys(bencherMetrics(report)).length > 0,
  render: (report) => jsonText(bencherMetrics(report)),
};

/** One metric of Bencher; the limits are left out where there are none. */
export interface BencherMetric {
  value: number;
  lower_value?: number;
  upper_value?: number;
}

/** Measures by the name of their benchmark. */
export type BencherMetrics = Record<string, Record<string, BencherMetric>>;

/**
 * The figures in the Bencher Metric Format (https://bencher.dev/docs/reference/bencher-metric-format): benchmark, measure,
 * value. `latency` and `throughput` are Bencher's own measures, in nanoseconds and in operations per second. Names are
 * stable and short: Bencher makes a slug of each. A measurement that does not count has none.
 */
export function bencherMetrics(report: Report): BencherMetrics {
  const { benchmark } = report;
  if (!benchmark || vetoed(report)) return {};
  const { speedup, efficiency, latency, goodput } = benchmark;
  const ratio = changeOf(report)?.ratio ?? null;
  const all: Record<string, Record<string, BencherMetric | null>> = {
    scaling: { speedup: limited(speedup), efficiency: limited(efficiency) },
    change: { 'throughput-ratio': limited(ratio) },
    'one-replica': armMetrics(report, 'one'),
    'all-replicas': armMetrics(report, 'all'),
    'open-loop-p50': percentileMetrics(latency, 'p50'),
    'open-loop-p95': percentileMetrics(latency, 'p95'),
    'open-loop-p99': percentileMetrics(latency, 'p99'),
    'goodput-one-replica': { throughput: goodput && rangeOf(goodput.arms.one) },
    'goodput-all-replicas': { throughput: goodput && rangeOf(goodput.arms.all) },
    cost: { 'usd-per-million-output-tokens': plainMetric(report.cost?.usdPerMillionOutputTokens ?? null) },
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, measures]) => {
      const known = Object.entries(measures).filter((entry): entry is [string, BencherMetric] => entry[1] !== null);
      return known.length > 0 ? [[name, Object.fromEntries(known)]] : [];
    }),
  );
}

/** None of an arm that an earlier run recorded: a chart would have it twice. */
function armMetrics({ benchmark }: Report, arm: ArmName): Record<string, BencherMetric | null> {
  if (!benchmark || (arm === 'one' && benchmark.design === 'recorded')) return {};
  const { requestsPerSecond, outputTokensPerSecond, successRate, latencyMs } = benchmark.arms[arm];
  return {
    throughput: plainMetric(requestsPerSecond),
    'output-tokens-per-second': plainMetric(outputTokensPerSecond),
    'success-rate': plainMetric(successRate),
    latency: latencyMs && nanoseconds(latencyMs.p50),
  };
}

function percentileMetrics(
  latency: LatencyFigures | null,
  share: 'p50' | 'p95' | 'p99',
): Record<string, BencherMetric | null> {
  const { e2eMs = null, ttftMs = null, tpotMs = null, itlMs = null } = latency ?? {};
  return {
    latency: e2eMs && nanoseconds(e2eMs[share]),
    'time-to-first-token': ttftMs && nanoseconds(ttftMs[share]),
    'time-per-output-token': tpotMs && nanoseconds(tpotMs[share]),
    'inter-token-latency': itlMs && nanoseconds(itlMs[share]),
  };
}

function plainMetric(value: number | null): BencherMetric | null {
  return value === null ? null : { value };
}

function limited(interval: Interval | null): BencherMetric | null {
  return interval && { value: interval.value, lower_value: interval.low, upper_value: interval.high };
}

/** The highest rate that was met, and the lowest above it that was not. */
function rangeOf({ metPerSecond: met, missedPerSecond: missed }: GoodputArm): BencherMetric | null {
  if (met === null) return null;
  return { value: met, lower_value: met, ...(missed === null ? {} : { upper_value: missed }) };
}

function nanoseconds({ value, low, high }: Percentile): BencherMetric {
  const ns = (ms: number) => ms * 1e6;
  return {
    value: ns(value),
    ...(low === null ? {} : { lower_value: ns(low) }),
    ...(high === null ? {} : { upper_value: ns(high) }),
  };
}
