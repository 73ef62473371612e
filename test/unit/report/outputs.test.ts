import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { compareOrder, parseMarker, renderMarker } from '../../../src/lib/marker.ts';
import { annotationOf } from '../../../src/report/annotation.ts';
import { renderVerdictText } from '../../../src/report/formats/text.ts';
import { OUTPUT_NAMES, outputsOf } from '../../../src/report/outputs.ts';
import { parseReport } from '../../../src/report/parse.ts';
import { parseData, renderData } from '../../../src/report/record.ts';
import { CASES } from './cases.ts';
import { aReport } from './fixtures.ts';
import { someLimits } from './slo.ts';

describe('outputs', () => {
  it.each(Object.keys(CASES))('are all set when a run ends as %s', (name) => {
    const outputs = outputsOf(CASES[name]!());
    expect(Object.keys(outputs)).toEqual([...OUTPUT_NAMES]);
    const {
      mode,
      verdict,
      passed,
      stage,
      cause,
      blame,
      result,
      endpoint,
      'kept-until': keptUntil,
      changed,
      limits,
      change,
      quality,
      reused,
      'reused-run': reusedRun,
      ...numbers
    } = outputs;
    expect([passed, changed]).toEqual([String(verdict === 'pass'), 'false']);
    for (const value of Object.values(numbers)) expect(value).toMatch(/^(-?\d+(\.\d+)?)?$/);
    expect(['', 'met', 'missed', 'inconclusive', 'not-measured']).toContain(limits);
    expect(JSON.parse(result)).toMatchObject({ v: 1, verdict });
    expect(['validate', 'preflight', 'deploy', 'restore']).toContain(mode);
    expect([endpoint !== '', keptUntil !== '']).toEqual(new Array(2).fill(mode === 'deploy' || mode === 'restore'));
    expect([reused, reusedRun !== '']).toEqual([String(name === 'reused'), name === 'reused']);
    expect([stage, cause, blame, change]).not.toContain('null');
  });

  it('have the worst outcome of the limits that were set', () => {
    expect(outputsOf(aReport()).limits).toBe('');
    expect(outputsOf(aReport({ slo: someLimits('met') })).limits).toBe('met');
    expect(outputsOf(aReport({ slo: someLimits('met', 'not-measured', 'inconclusive') })).limits).toBe('inconclusive');
    expect(outputsOf(CASES['fail-limits']!()).limits).toBe('missed');
  });

  it('give plain figures', () => {
    expect(outputsOf(aReport(), { commentUrl: 'https://x/1', resultPath: '/w/result.json' })).toMatchObject({
      verdict: 'pass',
      passed: 'true',
      'throughput-one': '7.46',
      'success-rate': '1',
      'cache-hit-rate': '0.7389',
      'cost-usd': '14.65',
      'comment-url': 'https://x/1',
      'result-path': '/w/result.json',
    });
  });

  it('are empty where nothing is known, and where a ratio does not count', () => {
    expect(outputsOf(CASES['image-pull']!())).toMatchObject({
      stage: 'ready',
      cause: 'image.not-found',
      blame: 'change',
      speedup: '',
      'latency-p95': '',
      'comment-url': '',
    });
    expect(outputsOf(CASES.invalid!())).toMatchObject({ verdict: 'invalid', speedup: '', 'scaling-efficiency': '' });
  });

  it('are those of action.yml', () => {
    const action = parse(readFileSync(new URL('../../../action.yml', import.meta.url), 'utf8'));
    expect(Object.keys(action.outputs).toSorted()).toEqual([...OUTPUT_NAMES].toSorted());
  });
});

describe('annotation', () => {
  it.each([
    ['pass', 'notice', 'pass: 2.68× the throughput of one replica (target 2.5–2.8×)'],
    ['fail-routing', 'error', 'fail: requests are not routed by prefix cache, despite 2.68× throughput'],
    ['inconclusive', 'warning', 'inconclusive: 2.54× (2.46–2.62), too close to 2.5× to decide'],
    ['stockout', 'error', 'error: The zone europe-west4-a has no TPU v6e capacity, nothing was measured'],
    [
      'release-failed',
      'error',
      'TPU nodes are still running; verdict pass: 2.68× the throughput of one replica (target 2.5–2.8×)',
    ],
  ])('of %s', (name, level, title) => {
    expect(annotationOf(CASES[name]!())).toMatchObject({ level, title });
  });

  it('carries cause and remedy on one line', () => {
    const { message } = annotationOf(CASES['image-pull']!());
    expect(message).toBe(
      'The vLLM image does not exist. Correct the tag in `manifests/pattern3/llminferenceservice.yaml`.',
    );
  });
});

describe('closing lines', () => {
  it('say all that a pass needs', () => {
    expect(renderVerdictText(aReport()).map((line) => line.replaceAll('\u00a0', ' '))).toEqual([
      'verdict     pass: 2.68× the throughput of one replica (target 2.5–2.8×)',
      'speedup     2.68× (95% confidence limits 2.61–2.75×; the lower limit must exceed 2.5×)',
      'throughput  20.0 req/s on 3 replicas, 7.46 req/s on one',
      'latency     p50 / p95 / p99 1,471 / 1,966 / 2,281 ms',
      'service     5 of 5 passed',
      'routing     4 of 4 passed',
      'time        34:02 to the verdict, 1.000× the critical path of 34:02; 0 ms of slack',
      'path        preflight 0:41, lease 10:12, deploy 0:38, ready 14:24, verify 0:48, benchmark 7:19',
      'cost        296 chip-minutes, about $14.65',
      'serving     $35.64 an hour, $25,661 a month, $495 per million requests, $30.90 per million output tokens, at $11.88 an hour for one replica',
      'TPU nodes   The node pool is back at its resting size of 0 nodes. (4 min)',
    ]);
  });

  it('name cause, remedy and who acts', () => {
    const text = renderVerdictText(CASES['image-pull']!()).join('\n');
    expect(text).toMatch(/speedup +not measured/);
    expect(text).toMatch(/cause +image\.not-found: The vLLM image does not exist\. The registry/);
    expect(text).toMatch(/to fix +Correct the tag/);
    expect(text).toMatch(/who acts +the author of this change/);
  });

  it('give the command for nodes that are left', () => {
    const text = renderVerdictText(CASES['release-failed']!()).join('\n');
    expect(text).toMatch(/TPU nodes +NOT GIVEN BACK: /);
    expect(text).toMatch(/by hand +gcloud container clusters resize .* --num-nodes 0/);
  });

  it('list what a check saw when it did not pass', () => {
    const text = renderVerdictText(CASES['fail-routing']!()).join('\n');
    expect(text).toContain('fail: Prefix-cache hits: expected nearer to 74.1% than to 48.3%, seen 47.9%');
  });
});

describe('marker', () => {
  it('survives any id', () => {
    for (const id of ['gate/pattern3', 'a b', 'x --> y', '日本', '--', '%41']) {
      const marker = { id, run: '9', attempt: 2, number: 7, state: 'final' as const };
      const line = renderMarker(marker);
      expect(line.slice(4, -3)).not.toContain('--');
      expect(parseMarker(`${line}\nbody`)).toEqual(marker);
    }
  });

  it('counts in the first line only', () => {
    const line = renderMarker({ id: 'x', run: '9', attempt: 1, number: 7, state: 'final' });
    expect(parseMarker(`> ${line}`)).toBeNull();
    expect(parseMarker(`hello\n${line}`)).toBeNull();
    expect(parseMarker(`${line}\r\nbody`)).not.toBeNull();
  });

  it('orders by run number, then attempt', () => {
    expect(compareOrder({ number: 7, attempt: 2 }, { number: 8, attempt: 1 })).toBeLessThan(0);
    expect(compareOrder({ number: 7, attempt: 2 }, { number: 7, attempt: 1 })).toBeGreaterThan(0);
    expect(compareOrder({ number: 7, attempt: 1 }, { number: 7, attempt: 1 })).toBe(0);
  });
});

describe('reading back', () => {
  it('returns the report that was written', () => {
    const report = aReport();
    expect(parseReport(JSON.stringify(report))).toEqual(report);
  });

  it.each([
    ['{', 'it is not JSON'],
    ['[]', 'not a JSON object'],
    ['{"schema":"v0"}', 'its schema is "v0"'],
    ['{"schema":"tpu-serving-gate/report/v1","verdict":"maybe"}', 'tool is missing'],
    ['{"schema":"tpu-serving-gate/report/v1","verdict":"pass"}', 'tool is missing'],
  ])('refuses %s', (text, why) => {
    expect(() => parseReport(text)).toThrow(why);
  });

  it('ignores a data line of another version or none', () => {
    const line = renderData(JSON.parse(outputsOf(aReport()).result));
    expect(parseData(`body\n${line}`)?.verdict).toBe('pass');
    expect(parseData(`body\n${line.replace('"v":1', '"v":2')}`)).toBeNull();
    expect(parseData('body')).toBeNull();
    expect(parseData('<!-- tpu-serving-gate:data {broken} -->')).toBeNull();
  });
});
