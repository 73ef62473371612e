import type { BenchmarkPair, PodCount, Report } from '../../../../src/report/model.ts';
import { aReport } from '../../../unit/report/fixtures.ts';

/** The report of a run with so many replicas: each has its pod, its counts and its turn as the baseline of a pair. */
export function reportOf(replicas: number): Report {
  const report = aReport();
  const names = Array.from(
    { length: replicas },
    (_, index) => `qwen2-3b-pattern3-kserve-7c9d8b6f5-${index.toString(36).padStart(5, 'x')}`,
  );
  const counts = (requests: number): PodCount[] => names.map((pod) => ({ pod, requests }));
  const [first] = report.pods;
  const { benchmark, routing } = report;
  if (!first || !benchmark || !routing) throw new Error('the report of the fixtures has no pods, benchmark or routing');
  const [pair] = benchmark.pairs;
  if (!pair) throw new Error('the benchmark of the fixtures has no pairs');
  const pairs = Array.from({ length: Math.max(12, replicas) }, (_, index): BenchmarkPair => {
    return { ...pair, index: index + 1, baseline: names[index % replicas] ?? null, perPod: counts(74) };
  });
  const perReplica = names.map((pod) => ({ pod, pairs: 1, requestsPerSecond: 7.46, relative: 1, standsOut: false }));
  return {
    ...report,
    plan: { ...report.plan, replicas, nodes: replicas },
    pods: names.map((name, index) => ({ ...first, name, node: `gke-llmd-tpu-v6e-pool-${index}` })),
    routing: {
      ...routing,
      sharedPrefix: {
        sent: 72,
        perPod: counts(72 / replicas),
        groups: Array.from({ length: 12 }, (_, group) =>
          names.map((pod, at) => ({ pod, requests: at === group % replicas ? 6 : 0 })),
        ),
      },
      unique: { sent: 100 * replicas, perPod: counts(100) },
      gateway: routing.gateway && { ...routing.gateway, perPod: counts(124) },
    },
    benchmark: { ...benchmark, replicas, pairs, spread: { spread: 0.01, perReplica } },
  };
}
