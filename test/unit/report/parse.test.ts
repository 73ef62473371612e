import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/lib/failure.ts';
import { parseReport } from '../../../src/report/parse.ts';
import { CASES } from './cases.ts';

const problemOf = (text: string): string => {
  try {
    parseReport(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'result-unreadable', blame: 'config', stage: 'report' });
    const { message } = error as Failure;
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(250);
    return message.replace('The stored result cannot be read: ', '');
  }
  throw new Error('it was taken');
};

/** The passing result with one field replaced; `undefined` takes it away. */
function changed(path: string, value: unknown): string {
  const report = JSON.parse(JSON.stringify(CASES.pass!())) as Record<string, unknown>;
  const names = path.split('.');
  const last = names.pop() as string;
  const parent = names.reduce((at, name) => at[name] as Record<string, unknown>, report);
  parent[last] = value;
  return JSON.stringify(report);
}

describe('a result', () => {
  it.each(Object.keys(CASES))('is read as it was written: %s', (name) => {
    const report = JSON.parse(JSON.stringify(CASES[name]!()));
    expect(parseReport(JSON.stringify(report))).toEqual(report);
  });

  it('of an earlier version has what it lacks, and of a later one loses what nobody knows', () => {
    const { mode: _mode, preflight: _preflight, sincePass: _sincePass, ...earlier } = CASES.pass!();
    expect(parseReport(JSON.stringify({ ...earlier, newer: { html: '<b>' } }))).toEqual(
      JSON.parse(JSON.stringify(CASES.pass!())),
    );
  });
});

describe('a file that is no result', () => {
  it.each([
    ['', 'it is empty.'],
    ['{"schema":"tpu-serving-gate/report/v1","run', 'it is JSON that ends too early.'],
    ['root:x:0:0:root', 'it is not JSON.'],
    ['<html><title>Not here</title>', 'it is a page of HTML with the title "Not here".'],
    ['null', 'it is not a JSON object.'],
    ['[]', 'it is not a JSON object.'],
    ['{}', 'its schema is missing, wanted "tpu-serving-gate/report/v1".'],
    [
      '{"schema":"tpu-serving-gate/report/v9\\n::error::x"}',
      'its schema is "tpu-serving-gate/report/v9 ::error::x", wanted "tpu-serving-gate/report/v1".',
    ],
    ['{"schema":{}}', 'its schema is missing, wanted "tpu-serving-gate/report/v1".'],
    [`${'['.repeat(200_000)}`, 'it is JSON that ends too early.'],
    [
      `{"schema":"tpu-serving-gate/report/v1","run":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_001)}`,
      'tool is missing.',
    ],
    [`"${'x'.repeat(9 * 1024 * 1024)}"`, `it has ${9 * 1024 * 1024 + 2} characters.`],
  ])('is refused in one sentence: %.40s', (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });

  it.each<[string, unknown, string]>([
    ['verdict', 'maybe', 'verdict is "maybe", not "pass", "fail", "inconclusive", "invalid", "error".'],
    ['verdict', '__proto__', 'verdict is "__proto__", not "pass", "fail", "inconclusive", "invalid", "error".'],
    ['mode', 'constructor', 'mode is "constructor", not "validate", "nightly", "preflight", "deploy", "restore".'],
    ['mode', null, 'mode is null, not text.'],
    ['run', undefined, 'run is missing.'],
    ['run', [], 'run is a list, not an object.'],
    ['run.id', 7, 'run.id is a number, not text.'],
    ['run.number', 1e12, 'run.number is a number out of range.'],
    ['run.number', 1.5, 'run.number is a number, not a whole number.'],
    ['run.attempt', '1', 'run.attempt is text, not a whole number.'],
    ['startedAt', 'yesterday', 'startedAt is not a time of ISO 8601 in UTC.'],
    ['finishedAt', '../../2026-11', 'finishedAt is not a time of ISO 8601 in UTC.'],
    ['finishedAt', '2026-13-45T00:00:00Z', 'finishedAt is not a time of ISO 8601 in UTC.'],
    ['target.minSpeedup', null, 'target.minSpeedup is null, not a number.'],
    ['target.minSpeedup', 1e300, 'target.minSpeedup is a number out of range.'],
    ['reasons', {}, 'reasons is an object, not a list.'],
    ['reasons', [null], 'reasons[0] is null, not text.'],
    ['stages', [{ stage: 'x' }], 'stages[0].outcome is missing.'],
    ['checks', [7], 'checks[0] is a number, not an object.'],
    ['benchmark', {}, 'benchmark.design is missing.'],
    ['benchmark.pairs', Array(20_001).fill(null), 'benchmark.pairs has 20001 items.'],
    ['benchmark.speedup.value', 'NaN', 'benchmark.speedup.value is text, not a number.'],
    ['benchmark.arms', null, 'benchmark.arms is null, not an object.'],
    ['environment.scorers', [{ name: 'a' }], 'environment.scorers[0].weight is missing.'],
    ['plan.cluster', 'x'.repeat(1_000_001), 'plan.cluster has 1000001 characters.'],
  ])('is refused with the path of the field: %s', (path, value, problem) => {
    const message = problemOf(changed(path, value));
    expect(message).toBe(problem);
    expect(message).not.toMatch(/is not iterable|cannot read|is not a function/i);
  });

  it('with a number that JSON has and JavaScript has not is refused', () => {
    const text = changed('cost', { ...CASES.pass!().cost, usd: 12345.5 }).replace('12345.5', '1e999');
    expect(problemOf(text)).toBe('cost.usd is a number out of range.');
  });

  it('with keys of the prototype brings nothing of them', () => {
    const text = changed('environment', CASES.pass!().environment).replace(
      '"schema":',
      '"__proto__":{"polluted":true,"verdict":"fail"},"constructor":{"prototype":{"polluted":true}},"schema":',
    );
    const report = parseReport(text);
    expect(report.verdict).toBe('pass');
    expect(Object.keys(report)).not.toContain('__proto__');
    expect(Object.getPrototypeOf(report)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
