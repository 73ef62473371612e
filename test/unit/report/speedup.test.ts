import { describe, expect, it } from 'vitest';
import { alertSteps } from '../../../src/history/alerts.ts';
import { historyRecord } from '../../../src/history/new-record.ts';
import { descriptionOf } from '../../../src/history/page/charts.ts';
import { pageModel } from '../../../src/history/page/model.ts';
import { speedupText } from '../../../src/history/speedup.ts';
import { watch } from '../../../src/history/watch.ts';
import { watchSentences } from '../../../src/history/watch-text.ts';
import { renderComment } from '../../../src/report/comment/comment.ts';
import { renderRunningComment } from '../../../src/report/comment/running.ts';
import { renderSummary } from '../../../src/report/comment/summary.ts';
import { comparisonLines } from '../../../src/report/compare.ts';
import { benchmarkEntries } from '../../../src/report/formats/benchmark-action.ts';
import { junit } from '../../../src/report/formats/junit.ts';
import { renderVerdictText } from '../../../src/report/formats/text.ts';
import type { Report } from '../../../src/report/model.ts';
import { compactRecord } from '../../../src/report/record.ts';
import { roundText } from '../../../src/stages/benchmark/text.ts';
import { compareReports } from '../../../src/verdict/compare.ts';
import { DEFAULT_DECISION } from '../../../src/verdict/decide.ts';
import { overallVerdict } from '../../../src/verdict/overall.ts';
import { aBenchmark, aReport } from './fixtures.ts';

/** A target of 2.5, and an interval that begins just below it. */
function justBelow(value = 2.55): Report {
  const speedup = { value, low: 2.4996, high: 2.61, level: 0.95 };
  const looks = { done: 10, planned: 10, stopped: 'budget' as const };
  const report = aReport({ verdict: 'inconclusive', benchmark: aBenchmark(2.55, 0.02, { speedup, looks }) });
  const { verdict, reasons } = overallVerdict(report.checks, report.benchmark!, report.target);
  return { ...report, verdict, reasons };
}

/** Nights of that report, a day apart. */
function nights(count: number, value?: number) {
  return Array.from({ length: count }, (_, index) => {
    const record = historyRecord(justBelow(value), 'nightly');
    return { ...record, key: `${index}/1/nightly`, ts: new Date(Date.UTC(2026, 0, 1 + index)).toISOString() };
  });
}

const ids = { id: 'x', reportLinks: {} };
const noLink = () => null;

describe('a lower limit of 2.4996 against a target of 2.5', () => {
  const page = () => {
    const model = pageModel('nightly', nights(1));
    return [model.heading, ...model.nights.flatMap(({ figures }) => figures[0] ?? [])].join('\n');
  };
  const look = { estimate: { value: 2.55, low: 2.4996, high: 2.61 }, decision: null };
  it.each<[string, () => string]>([
    ['the comment', () => renderComment(justBelow(), ids)],
    ['the summary', () => renderSummary(justBelow(), { reportLinks: {} })],
    ['the closing lines', () => renderVerdictText(justBelow()).join('\n')],
    ['JUnit', () => junit(justBelow())],
    ['the benchmark entries', () => JSON.stringify(benchmarkEntries(justBelow()))],
    ['the reasons', () => justBelow().reasons.join('\n')],
    ['a line of the history', () => speedupText(nights(1)[0]!)],
    ['the page', page],
    ['the table of an issue', () => stepBody()],
  ])('is not printed as the target in %s', (_, render) => {
    const shown = render();
    expect(shown).toContain('2.4996');
    expect(shown).not.toMatch(/2\.50{1,2}(?!\d)/);
  });

  it('is not printed as the target in the line of a pair', () => {
    const [pair] = justBelow().benchmark!.pairs;
    expect(roundText(pair!, look as never, { ...DEFAULT_DECISION, minSpeedup: 2.5 })).toContain('(2.4996–2.6100)');
  });

  function stepBody(): string {
    const bad = nights(22).map((record, index) =>
      index < 20 ? { ...record, m: { ...record.m, speedup: [3, 2.9, 3.1] as const } } : record,
    );
    return alertSteps('nightly', bad, [], noLink)[0]!.body;
  }
});

describe('a speedup of 2.4996 against a target of 2.5', () => {
  it.each<[string, () => string]>([
    ['the level of a history', () => watchSentences(watch(nights(20, 2.4996)), [2.5, 2.8]).join(' ')],
    ['the sentences of the page', () => pageModel('nightly', nights(20, 2.4996)).sentences.join('\n')],
    ['the tile of the page', () => pageModel('nightly', nights(3, 2.4996)).tiles[0]!.value],
    ['the chart of the page', () => chartText(nights(3, 2.4996))],
    ['the comparison', () => comparisonLines(compareReports(justBelow(2.4996), justBelow())).join('\n')],
    ['the previous result', () => running(justBelow(2.4996))],
    ['the earlier commits', () => earlier(2.4996)],
  ])('is not printed as the target in %s', (_, render) => {
    const shown = render().replace(/<!--.*?-->/gs, '');
    expect(shown).toContain('2.4996');
    expect(shown).not.toMatch(/2\.50|\s2\.5\s/);
  });

  it('has the usual two decimals where no target was recorded', () => {
    const { target: _, ...record } = nights(1)[0]!;
    expect(speedupText(record)).toBe('2.55× (2.50–2.61)');
  });

  function chartText(records: ReturnType<typeof nights>): string {
    return descriptionOf(pageModel('nightly', records).charts[0]!, records);
  }

  function running(before: Report): string {
    const options = { ...ids, at: '2026-11-22T14:41:00Z', previous: compactRecord(before) };
    return renderRunningComment(aReport(), options);
  }

  function earlier(speedup: number): string {
    return renderComment(aReport(), { ...ids, earlier: [{ sha: 'c0ffee0', verdict: 'inconclusive', speedup }] });
  }
});

describe('a comparison of two speedups', () => {
  it('does not print a limit as 1 that is not 1', () => {
    const comparison = { ...compareReports(aReport(), aReport()), speedup: { ratio: 1.02, low: 1.0002, high: 1.04 } };
    expect(comparisonLines(comparison).at(-1)).toBe(
      'The second speedup is 1.0200 of the first (95 % limits 1.0002 to 1.0400): better.',
    );
  });
});
