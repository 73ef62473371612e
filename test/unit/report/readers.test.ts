import { describe, expect, it } from 'vitest';
import { documentsOf } from '../../../src/report/formats/llm-d.ts';
import { FORMATS, resultFiles } from '../../../src/report/formats/registry.ts';
import type { Report } from '../../../src/report/model.ts';
import { parseReport } from '../../../src/report/parse.ts';
import { CASES } from './cases.ts';
import { aComparedReport, aReport } from './fixtures.ts';
import { readByBencher } from './readers/bencher.ts';
import { readByBenchmarkAction } from './readers/benchmark-action.ts';
import { readByPrism } from './readers/prism.ts';

/** A run's files, and its report as read from result.json. */
function filesOf(given: Report): { report: Report; files: Record<string, string> } {
  const files = Object.fromEntries(resultFiles(given, { commentId: 'x' }));
  return { report: parseReport(files['result.json'] as string), files };
}

const prismOf = (files: Record<string, string>, name: string) =>
  readByPrism(JSON.parse(files[`llm-d-${name}.json`] ?? 'null'))!;

describe('Prism reads', () => {
  const { report, files } = filesOf(aReport());
  const benchmark = report.benchmark!;

  it.each([
    ['one', 1],
    ['all', 3],
  ] as const)('the closed loop of %s', (arm, replicas) => {
    const figures = benchmark.arms[arm];
    expect(prismOf(files, arm)).toMatchObject({
      label: replicas === 1 ? '1 replica, closed loop' : '3 replicas, closed loop',
      uid: `18300012345-1-${arm}`,
      experiment: '18300012345-1',
      timestamp: figures.window!.startedAt,
      model: report.environment.modelId,
      hardware: 'TPU-V6E',
      acceleratorCount: 4 * replicas,
      tensorParallel: 4,
      inputTokens: benchmark.workload.promptTokens,
      outputTokens: benchmark.workload.maxTokens,
      concurrency: 10 * replicas,
      rateQps: null,
      requestRate: figures.requestsPerSecond,
      outputTokenRate: figures.outputTokensPerSecond,
      total: figures.requests,
      failures: figures.errors,
      e2eMs: {
        mean: expect.closeTo(figures.latencyMs!.mean),
        p50: expect.closeTo(figures.latencyMs!.p50.value),
        p99: expect.closeTo(figures.latencyMs!.p99.value),
      },
      ttftMs: { mean: null },
    });
  });

  it('the open loop of the latencies', () => {
    const latency = benchmark.latency!;
    expect(prismOf(files, 'open')).toMatchObject({
      label: '3 replicas, 10.1 req/s',
      timestamp: latency.window!.startedAt,
      acceleratorCount: 12,
      concurrency: null,
      rateQps: latency.ratePerSecond,
      requestRate: expect.closeTo(latency.requests / latency.window!.seconds),
      e2eMs: { p50: expect.closeTo(latency.e2eMs!.p50.value) },
      ttftMs: { mean: expect.closeTo(latency.ttftMs!.mean), p99: expect.closeTo(latency.ttftMs!.p99.value) },
      tpotMs: { p50: expect.closeTo(latency.tpotMs!.p50.value) },
      itlMs: { p50: expect.closeTo(latency.itlMs!.p50.value) },
    });
  });

  it.each([
    ['one', 1],
    ['all', 3],
  ] as const)('each rate of the search for goodput on %s', (arm, replicas) => {
    const { probes } = benchmark.goodput!.arms[arm];
    expect(probes).toHaveLength(3);
    for (const [index, { ratePerSecond, requests, withinShare, load }] of probes.entries()) {
      const isLost = withinShare < 0.95;
      expect(prismOf(files, `goodput-${arm}-${index + 1}`)).toMatchObject({
        label: expect.stringMatching(/^(?:1 replica|3 replicas), goodput, [\d.]+ req\/s$/),
        timestamp: load!.window!.startedAt,
        acceleratorCount: 4 * replicas,
        rateQps: ratePerSecond,
        total: requests,
        failures: load!.errors,
        // A rate that was left early has only its fast answers.
        requestRate: isLost ? null : expect.closeTo((requests - load!.errors) / load!.window!.seconds),
        e2eMs: { p50: isLost ? null : expect.closeTo(load!.e2eMs!.p50.value) },
      });
    }
  });

  it('both sides of a change', () => {
    const compared = filesOf(aComparedReport());
    const { change } = compared.report.comparisons!.find(({ name }) => name === 'change')!;
    for (const side of ['head', 'base'] as const) {
      expect(prismOf(compared.files, side)).toMatchObject({
        label: `${side}, 1 replica, closed loop`,
        acceleratorCount: 4,
        concurrency: 10,
        requestRate: change![side].load.requestsPerSecond,
        timestamp: change![side].load.window!.startedAt,
      });
    }
  });

  it('no hit rate, which is that of the routing check', () => {
    const stages = Object.keys(files).flatMap((file) =>
      file.startsWith('llm-d-') ? prismOf(files, file.slice(6, -5)) : [],
    );
    expect(stages).toHaveLength(9);
    expect(stages.filter(({ hasObservability }) => hasObservability)).toEqual([]);
  });

  it('short labels and one place for each load', () => {
    const stages = Object.keys(files).flatMap((file) =>
      file.startsWith('llm-d-') ? prismOf(files, file.slice(6, -5)) : [],
    );
    expect(new Set(stages.map(({ label }) => label)).size).toBe(stages.length);
    expect(new Set(stages.map(({ uid }) => uid)).size).toBe(stages.length);
    expect(stages.map(({ stage }) => stage).sort()).toEqual([...stages.keys()]);
    for (const { label } of stages) expect(label.length).toBeLessThanOrEqual(40);
  });

  it('what a measurement that does not count is worth', () => {
    const { files: invalid } = filesOf(CASES.invalid!());
    expect(prismOf(invalid, 'all').label).toBe('does not count: 3 replicas, closed loop');
  });
});

describe('a report of llm-d', () => {
  it('has the times of its own window, which differ', () => {
    const times = (['one', 'all', 'open'] as const).flatMap((kind) =>
      documentsOf(aReport(), kind).map(([, { run }]) => run.time as { start: string; end: string; duration: string }),
    );
    expect(new Set(times.map(({ start }) => start)).size).toBe(3);
    for (const { start, end, duration } of times) {
      expect(duration).toBe(`PT${(Date.parse(end) - Date.parse(start)) / 1_000}S`);
      expect(start).not.toBe(aReport().startedAt);
    }
  });

  it('has none where they are not known, as in an older report', () => {
    const older = aReport();
    delete older.benchmark!.arms.all.window;
    expect(documentsOf(older, 'all')[0]?.[1].run).not.toHaveProperty('time');
  });

  it('is none for an arm that an earlier run recorded', () => {
    expect(Object.keys(filesOf(CASES.recorded!()).files)).not.toContain('llm-d-one.json');
  });

  it('does not make up the number of chips', () => {
    const report = aReport();
    report.environment.chipsPerNode = null;
    const { stack } = documentsOf(report, 'all')[0]![1].scenario;
    expect(stack).toMatchObject([{ standardized: { kind: 'generic', replicas: 3 } }]);
    expect(JSON.stringify(stack)).not.toContain('accelerator');
  });
});

describe('github-action-benchmark reads', () => {
  it('the numbers of result.json, each under its name', () => {
    const { report, files } = filesOf(aReport());
    const { speedup, efficiency, arms } = report.benchmark!;
    const entries = readByBenchmarkAction(files['benchmark.json'] as string);
    expect(entries.map(({ name, unit, value }) => [name, unit, value])).toEqual([
      ['speedup', 'x', speedup!.value],
      ['scaling efficiency', 'fraction', efficiency!.value],
      ['throughput, all replicas', 'req/s', arms.all.requestsPerSecond],
      ['throughput, one replica', 'req/s', arms.one.requestsPerSecond],
      ['output, all replicas', 'tokens/s', arms.all.outputTokensPerSecond],
    ]);
    const [low, high] = (entries[0]?.range ?? '').split('-').map(Number);
    expect([low, high]).toEqual([expect.closeTo(speedup!.low, 2), expect.closeTo(speedup!.high, 2)]);
  });

  it('no file of a run whose figures do not count: an empty one fails its workflow', () => {
    expect(() => readByBenchmarkAction('[]')).toThrow('No benchmark result');
    expect(Object.keys(filesOf(CASES.invalid!()).files)).not.toContain('benchmark.json');
  });
});

describe('Bencher reads', () => {
  const { report, files } = filesOf(aComparedReport());
  const metrics = readByBencher(files['bencher.json'] as string);
  const metric = (benchmark: string, measure: string) =>
    metrics.find((each) => each.benchmark === benchmark && each.measure === measure);

  it('the numbers of result.json with their limits', () => {
    const { speedup, arms, latency, goodput } = report.benchmark!;
    const ratio = report.comparisons!.find(({ name }) => name === 'change')!.ratio!;
    const { value, low, high } = speedup!;
    expect(metric('scaling', 'speedup')).toMatchObject({ value, lower: low, upper: high });
    expect(metric('change', 'throughput-ratio')).toMatchObject({ value: ratio.value, lower: ratio.low });
    expect(metric('all-replicas', 'throughput')).toMatchObject({ value: arms.all.requestsPerSecond, lower: null });
    expect(metric('one-replica', 'output-tokens-per-second')?.value).toBe(arms.one.outputTokensPerSecond);
    // Bencher's own measure is in nanoseconds.
    expect(metric('open-loop-p95', 'latency')).toMatchObject({
      value: 1e6 * latency!.e2eMs!.p95.value,
      lower: 1e6 * latency!.e2eMs!.p95.low!,
      upper: 1e6 * latency!.e2eMs!.p95.high!,
    });
    expect(metric('open-loop-p99', 'time-to-first-token')).toMatchObject({ upper: null });
    expect(metric('goodput-all-replicas', 'throughput')).toMatchObject({
      value: goodput!.arms.all.metPerSecond,
      upper: goodput!.arms.all.missedPerSecond,
    });
  });

  it('limits on the right sides of every value', () => {
    for (const { value, lower, upper } of metrics) {
      expect(lower ?? value).toBeLessThanOrEqual(value);
      expect(upper ?? value).toBeGreaterThanOrEqual(value);
    }
  });

  it.each(Object.keys(CASES))('a file, or none, of a run that ended as %s', (name) => {
    const file = filesOf(CASES[name]!()).files['bencher.json'];
    if (file === undefined)
      expect(FORMATS.find((each) => each.name === 'bencher')?.applies(CASES[name]!())).toBe(false);
    else expect(readByBencher(file).length).toBeGreaterThan(0);
  });
});
