import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resultFiles } from '../../src/report/formats/registry.ts';
import type { Report } from '../../src/report/model.ts';
import { parseReport } from '../../src/report/parse.ts';
import { root } from '../checks/root.ts';
import { aComparedReport } from '../unit/report/fixtures.ts';

/** What a script of scripts/ prints; null, and a loud line, where it cannot get its program. */
function programOf(script: string, what: string): string | null {
  const { status, stdout } = spawnSync(join(root, 'scripts', script), { encoding: 'utf8' });
  if (status === 0) return stdout.trim();
  console.error(`NOT RUN: ${what}. scripts/${script} says why.`);
  return null;
}

const promtool = programOf('promtool', 'promtool on metrics.txt');
const python = programOf('report-readers', "llm-d's models on its benchmark reports");
const folder = mkdtempSync(join(tmpdir(), 'readers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const files = Object.fromEntries(resultFiles(aComparedReport(), { commentId: 'x' }));
const report: Report = parseReport(files['result.json'] as string);
const { benchmark } = report;
const metrics = files['metrics.txt'] as string;

describe.skipIf(promtool === null)('promtool', { timeout: 120_000 }, () => {
  const run = (args: string[], input = '') => execFileSync(promtool ?? '', args, { input, encoding: 'utf8' });

  it('reads metrics.txt as the text format of a Pushgateway and a textfile collector, and finds no fault', () => {
    expect(run(['check', 'metrics'], metrics)).toBe('');
  });

  it('reads metrics.txt as OpenMetrics, with the numbers and labels of result.json', () => {
    const file = join(folder, 'metrics.txt');
    // Only samples with a time can be stored.
    writeFileSync(file, metrics.replace(/^(?!#)(.+)$/gm, '$1 1764000000'));
    run(['tsdb', 'create-blocks-from', 'openmetrics', file, join(folder, 'tsdb')]);
    // The dump looks for a write-ahead log, which blocks do not have.
    mkdirSync(join(folder, 'tsdb', 'wal'));
    const dumped = run(['tsdb', 'dump', join(folder, 'tsdb')]);
    const sampleOf = (name: string, labels = '') => {
      const series = `{__name__="${name}"${labels}} `;
      const line = dumped.split('\n').find((each) => each.startsWith(series));
      return line === undefined ? undefined : Number(line.slice(series.length).split(' ')[0]);
    };
    expect(sampleOf('llm_bench_verdict', ', llm_bench_verdict="pass"')).toBe(1);
    expect(sampleOf('llm_bench_verdict', ', llm_bench_verdict="fail"')).toBe(0);
    expect(sampleOf('llm_bench_speedup_ratio')).toBe(benchmark!.speedup!.value);
    for (const arm of ['one', 'all'] as const) {
      const rate = sampleOf('llm_bench_request_throughput_requests_per_second', `, arm="${arm}"`);
      expect(rate).toBe(benchmark!.arms[arm].requestsPerSecond);
    }
    const ttft = sampleOf('llm_bench_time_to_first_token_seconds', ', percentile="95"');
    expect(ttft).toBe(benchmark!.latency!.ttftMs!.p95.value / 1_000);
  });
});

const READ = `
import json, sys
from llmd_benchmark_report import load_benchmark_report
print(json.dumps([load_benchmark_report(each).dump() for each in json.load(sys.stdin)]))
`;

describe.skipIf(python === null)("llm-d's own models", { timeout: 120_000 }, () => {
  const names = Object.keys(files).filter((name) => name.startsWith('llm-d-'));
  const read = (given: unknown[]) =>
    JSON.parse(execFileSync(python ?? '', ['-c', READ], { input: JSON.stringify(given), encoding: 'utf8' })) as {
      run: { description: string; time: { start: string; duration: string } };
      scenario: { stack: { standardized: { replicas: number; accelerator: { count: number } } }[] };
    }[];

  it('read every document and lose nothing of it', () => {
    const given = names.map((name) => JSON.parse(files[name] as string) as object);
    const documents = read(given);
    expect(documents).toHaveLength(11);
    for (const [index, document] of documents.entries()) {
      expect(document).toMatchObject({ ...given[index], run: { description: document.run.description } });
      const { replicas, accelerator } = document.scenario.stack[0]!.standardized;
      expect(accelerator.count).toBe(replicas * report.environment.chipsPerNode!);
    }
  });

  it('refuse a field that they do not know', () => {
    const document = { ...(JSON.parse(files['llm-d-all.json'] as string) as object), speedup: 2.68 };
    expect(() => read([document])).toThrow(/Extra inputs are not permitted/);
  });
});
