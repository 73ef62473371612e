import { describe, expect, it } from 'vitest';
import { comparisonLines } from '../../../src/report/compare.ts';
import { benchmarkEntries } from '../../../src/report/formats/benchmark-action.ts';
import { junit } from '../../../src/report/formats/junit.ts';
import { llmDReport } from '../../../src/report/formats/llm-d.ts';
import { openMetrics } from '../../../src/report/formats/openmetrics.ts';
import { FORMATS, resultFiles } from '../../../src/report/formats/registry.ts';
import type { Report } from '../../../src/report/model.ts';
import { compareReports } from '../../../src/verdict/compare.ts';
import { aComparedReport, aReport } from './fixtures.ts';
import { someLimits } from './slo.ts';

const broken = (): Report => ({ ...aReport({ verdict: 'error', benchmark: null, routing: null, checks: [] }) });
const vetoed = (): Report => {
  const report = aReport({ verdict: 'invalid' });
  report.benchmark!.vetoes = [{ id: 'starved', message: 'the machine <b>kept</b> it & "stopped"\u0000' }];
  return report;
};

describe('the registry', () => {
  const filesOf = (report: Report) => resultFiles(report, { commentId: 'x' }).map(([file]) => file);

  it('has one name and one file for each format', () => {
    const files = FORMATS.flatMap(({ file, parts }) => file ?? parts?.(aComparedReport()).map(([name]) => name) ?? []);
    expect(new Set(FORMATS.map(({ name }) => name)).size).toBe(FORMATS.length);
    expect(new Set(files).size).toBe(files.length);
    expect(filesOf(aComparedReport())).toEqual(files);
  });

  it('leaves out the files of figures where nothing was measured', () => {
    expect(filesOf(broken())).toEqual(['comment.md', 'summary.md', 'result.json', 'metrics.txt', 'junit.xml']);
  });

  it.each(FORMATS.map((format) => [format.name, format] as const))('renders %s as whole lines', (_, format) => {
    expect(format.render(aReport(), { commentId: 'x' })).toMatch(/[^\n]\n$/);
  });
});

describe('the llm-d benchmark report', () => {
  it('is one document for each load, all of one experiment', () => {
    const [one, all] = (['one', 'all'] as const).map((arm) => llmDReport(aReport(), arm)!);
    expect(one!.version).toBe('0.2.1');
    expect(one!.run.eid).toBe(all!.run.eid);
    expect(one!.run.uid).not.toBe(all!.run.uid);
    expect(all!.scenario).toMatchObject({
      stack: [{ standardized: { kind: 'inference_engine', replicas: 3, role: 'replica' } }],
      load: { standardized: { source: 'random' }, native: { config: { verdict: 'pass', vetoes: [] } } },
    });
  });

  it('is none where nothing was measured', () => {
    expect(llmDReport(broken(), 'all')).toBeNull();
  });
});

describe('the entries for github-action-benchmark', () => {
  it('have stable names, and ranges where there are limits', () => {
    const entries = benchmarkEntries(aReport());
    expect(entries.map(({ name, unit }) => `${name} (${unit})`)).toEqual([
      'speedup (x)',
      'scaling efficiency (fraction)',
      'throughput, all replicas (req/s)',
      'throughput, one replica (req/s)',
      'output, all replicas (tokens/s)',
    ]);
    expect(entries[0]?.range).toMatch(/^2\.\d{3}-2\.\d{3}$/);
  });

  it('are none for a measurement that does not count', () => {
    expect(benchmarkEntries(vetoed())).toEqual([]);
    expect(benchmarkEntries(broken())).toEqual([]);
  });
});

describe('OpenMetrics', () => {
  it('says the verdict as one of its states, base units, and its end', () => {
    const text = openMetrics(aReport());
    expect(text).toContain('llm_bench_verdict{llm_bench_verdict="pass"} 1\n');
    expect(text).toContain('llm_bench_verdict{llm_bench_verdict="invalid"} 0\n');
    expect(text).toContain('llm_bench_time_to_first_token_seconds{percentile="50"} 0.204\n');
    expect(text).toMatch(/\n# EOF\n$/);
    // Each family is declared once, and each sample belongs to the family before it.
    let family = '';
    for (const line of text.split('\n').filter((each) => each !== '' && each !== '# EOF')) {
      if (line.startsWith('# TYPE ')) family = line.split(' ')[2] as string;
      else if (!line.startsWith('# HELP '))
        expect(line).toMatch(new RegExp(`^${family}(\\{[a-z_]+="[^"]+"\\})? [\\d.e-]+$`));
    }
    expect(text.match(/^# TYPE /gm)?.length).toBe(new Set(text.match(/^# TYPE \S+/gm)).size);
  });

  it('has the limits that are decided', () => {
    const slo = someLimits('met', 'missed', 'inconclusive', 'not-measured');
    const lines = openMetrics(aReport({ slo })).match(/^llm_bench_limit_met.*$/gm);
    expect(lines).toEqual(['llm_bench_limit_met{limit="throughput"} 1', 'llm_bench_limit_met{limit="ttft-p95"} 0']);
  });

  it('has no sample for what is not known', () => {
    expect(openMetrics(broken())).not.toContain('speedup');
  });
});

describe('JUnit XML', () => {
  it('passes where the gate passes', () => {
    expect(junit(aReport())).toContain('failures="0" errors="0"');
  });

  it('has a case for each limit, and none that skips', () => {
    const text = junit(aReport({ verdict: 'fail', slo: someLimits('met', 'missed', 'inconclusive', 'not-measured') }));
    const cases = text.split('\n').filter((line) => line.includes('classname="tpu-serving-gate.limits"'));
    expect(cases.map((line) => /<(failure|error) /.exec(line)?.[1] ?? 'met')).toEqual([
      'met',
      'failure',
      'error',
      'error',
    ]);
    expect(cases[1]).toContain('name="ttft-p95 &lt; 500\u00a0ms"');
    expect(cases[1]).toContain('61 of 203 requests took longer');
  });

  it('has an error for each veto, with hostile text made harmless', () => {
    const text = junit(vetoed());
    expect(text).toContain('the machine &lt;b&gt;kept&lt;/b&gt; it &amp; &quot;stopped&quot;\ufffd');
    expect(text).not.toContain('\u0000');
    expect(text).toMatch(/errors="2"/);
  });
});

describe('two runs side by side', () => {
  const scaled = (factor: number): Report => {
    const report = structuredClone(aReport());
    for (const pair of report.benchmark!.pairs) pair.ratio *= factor;
    report.benchmark!.speedup!.value *= factor;
    return report;
  };

  it('differ when the limits say so', () => {
    const { speedup } = compareReports(aReport(), scaled(0.9));
    expect(speedup!.ratio).toBeCloseTo(0.9, 6);
    expect(speedup!.high).toBeLessThan(1);
    expect(comparisonLines(compareReports(aReport(), scaled(0.9))).at(-1)).toContain(': worse.');
    expect(comparisonLines(compareReports(aReport(), aReport())).at(-1)).toContain(': no difference is shown.');
  });

  it('are not compared where one does not count, and what changed is named', () => {
    const other = vetoed();
    other.environment.vllmImage = 'quay.io/vllm:new';
    const compared = compareReports(aReport(), other);
    expect(compared.speedup).toBeNull();
    const text = comparisonLines(compared).join('\n');
    expect(text).toContain('vLLM image: ');
    expect(text).toContain('cannot be compared: a veto stands against the second run.');
  });
});
