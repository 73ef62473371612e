import { describe, expect, it } from 'vitest';
import { historyRecord } from '../../../src/history/new-record.ts';
import { nightsBefore } from '../../../src/publish/nights.ts';
import { renderComment } from '../../../src/report/comment/comment.ts';
import type { Nights, Report } from '../../../src/report/model.ts';
import { linksOf } from '../../../src/report/money.ts';
import { aBenchmark, aReport } from './fixtures.ts';

const DAY_MS = 86_400_000;
const at = (day: number) => new Date(Date.UTC(2026, 9, 1) + day * DAY_MS).toISOString();

function some(speedups: number[], page: string | null = null, series = 'default'): Nights {
  return { series, page, nights: speedups.map((speedup, day) => ({ at: at(day), speedup, verdict: 'pass' })) };
}

function line(nights: Nights | undefined): string | undefined {
  const report: Report = { ...aReport(), ...(nights ? { nights } : {}) };
  const text = renderComment(report, { id: 'x', reportLinks: linksOf(report) });
  return text
    .split('\n')
    .find((each) => each.startsWith('**Speedup, last'))
    ?.replaceAll('\u00a0', ' ');
}

describe('the nights before a run, in its comment', () => {
  it('are a sparkline from the lowest to the highest, with their range and the newest', () => {
    expect(line(some([2.5, 2.6, 2.7, 2.8, 2.65]))).toBe(
      '**Speedup, last 5 nights:** `▁▃▆█▅` 2.50–2.80×, 2.65× on 2026-10-05',
    );
    expect(line(some([2.6, 2.6], null, 'v6e'))).toBe(
      '**Speedup, last 2 nights of `v6e`:** `▄▄` 2.60–2.60×, 2.60× on 2026-10-02',
    );
  });

  it('count those that did not pass', () => {
    const { nights, ...rest } = some([2.6, 2.4]);
    expect(
      line({ ...rest, nights: nights.map((each, at) => (at === 1 ? { ...each, verdict: 'fail' } : each)) }),
    ).toMatch(/2\.40× on 2026-10-02; 1 night did not pass$/);
  });

  it('are not there without two of them', () => {
    expect(line(undefined)).toBeUndefined();
    expect(line(some([]))).toBeUndefined();
    expect(line(some([2.6]))).toBeUndefined();
  });

  it('lead to the page at this run, where its address is known', () => {
    const report = { ...aReport(), nights: some([2.6, 2.7], 'https://o.github.io/r/') };
    const text = renderComment(report, { id: 'x', reportLinks: linksOf(report) });
    expect(text).toContain('[This run on the page](https://o.github.io/r/#run=18300012345)');
    const without = { ...aReport(), nights: some([2.6, 2.7]) };
    expect(renderComment(without, { id: 'x', reportLinks: linksOf(without) })).not.toContain('on the page');
  });
});

describe('the nights of a history', () => {
  const record = (day: number, speedup: number, id = String(day)) => {
    const base = aReport({ benchmark: aBenchmark(speedup, 0.03) });
    return historyRecord({ ...base, finishedAt: at(day), run: { ...base.run, id } }, 'default');
  };

  it('are the newest thirty, without the run itself, and two runs of a night are one', () => {
    const records = [...Array.from({ length: 40 }, (_, day) => record(day, 2.6 + day / 1_000)), record(41, 1, 'own')];
    const found = nightsBefore(records, { series: 'default', page: null, run: 'own' });
    expect(found.nights).toHaveLength(30);
    expect(found.nights.at(0)).toMatchObject({ at: at(10), verdict: 'pass' });
    expect(found.nights.at(-1)?.speedup).toBeCloseTo(2.639, 6);
    const twice = nightsBefore([record(1, 2.6), { ...record(1, 2.8, 'again') }], {
      series: 'a',
      page: 'https://p',
      run: 'x',
    });
    expect(twice).toEqual({ series: 'a', page: 'https://p', nights: [{ at: at(1), speedup: 2.7, verdict: 'pass' }] });
  });

  it('are none of an empty history', () => {
    expect(nightsBefore([], { series: 'a', page: null, run: 'x' })).toEqual({ series: 'a', page: null, nights: [] });
  });
});
