import { describe, expect, it } from 'vitest';
import type { ArmComparison, ComparisonVerdict, Verdict } from '../../../src/report/model.ts';
import { scalingComparison, unmeasuredChange, withChange } from '../../../src/verdict/comparisons.ts';
import { aBenchmark } from '../report/fixtures.ts';

const change = (verdict: ComparisonVerdict): ArmComparison => ({
  ...unmeasuredChange('not-measured', `change ${verdict}`, 0.97),
  verdict,
});
const TARGET = { minSpeedup: 2.5, expectedMaxSpeedup: 2.8, successRate: 1 };

describe('the verdict over both comparisons', () => {
  it.each<[scaling: Verdict, change: ComparisonVerdict, verdict: Verdict]>([
    ['pass', 'no-worse', 'pass'],
    ['pass', 'same', 'pass'],
    ['pass', 'regressed', 'fail'],
    ['pass', 'inconclusive', 'inconclusive'],
    ['pass', 'invalid', 'invalid'],
    ['pass', 'not-measured', 'inconclusive'],
    ['inconclusive', 'no-worse', 'inconclusive'],
    ['inconclusive', 'regressed', 'fail'],
    ['inconclusive', 'invalid', 'invalid'],
    ['invalid', 'regressed', 'fail'],
    ['invalid', 'no-worse', 'invalid'],
    ['fail', 'no-worse', 'fail'],
    ['fail', 'not-measured', 'fail'],
    ['fail', 'regressed', 'fail'],
    ['error', 'regressed', 'error'],
  ])('scaling %s and change %s are %s', (scaling, of, verdict) => {
    expect(withChange({ verdict: scaling, reasons: ['scaling'] }, change(of)).verdict).toBe(verdict);
  });

  it('gives the reasons of the heavier one first, and names what was not measured', () => {
    const scaling = { verdict: 'pass' as const, reasons: ['scaling'] };
    expect(withChange(scaling, change('regressed')).reasons).toEqual(['change regressed', 'scaling']);
    expect(withChange(scaling, change('no-worse')).reasons).toEqual(['scaling', 'change no-worse']);
    expect(withChange(scaling, change('not-measured')).reasons).toEqual([
      'The change was not compared with its base: change not-measured',
      'scaling',
    ]);
    expect(withChange(scaling, undefined)).toEqual(scaling);
  });
});

describe('the scaling as a comparison', () => {
  const of = (stopped: 'pass' | 'fail' | 'budget', vetoes: { id: string; message: string }[] = []) =>
    scalingComparison(aBenchmark(2.68, 0.026, { looks: { done: 7, planned: 10, stopped }, vetoes }), TARGET, 'qwen');

  it('has two arms at equal load per replica, and a verdict of its own', () => {
    expect(of('pass')).toMatchObject({
      name: 'scaling',
      verdict: 'pass',
      limit: 2.5,
      ratio: { value: 2.68 },
      arms: [
        { name: 'all', service: 'qwen', replicas: 3, concurrency: 30 },
        { name: 'one', service: 'qwen', replicas: 1, concurrency: 10 },
      ],
    });
    expect(of('fail').verdict).toBe('fail');
    expect(of('budget').verdict).toBe('inconclusive');
    expect(of('pass', [{ id: 'x', message: 'It was disturbed.' }])).toMatchObject({
      verdict: 'invalid',
      ratio: null,
      reasons: ['It was disturbed.'],
    });
  });
});
