import { describe, expect, it } from 'vitest';
import { besideLimits } from '../../../src/lib/number.ts';
import { renderComment } from '../../../src/report/comment/comment.ts';
import { milliseconds, percent, requestsPerSecond, usd } from '../../../src/report/format.ts';
import { renderVerdictText } from '../../../src/report/formats/text.ts';
import type { Benchmark, Report } from '../../../src/report/model.ts';
import { outputsOf } from '../../../src/report/outputs.ts';
import { CASES } from './cases.ts';
import { aBenchmark, aReport } from './fixtures.ts';
import { outsideCode } from './scan.ts';

const render = (report: Report) => renderComment(report, { id: 'x', reportLinks: {} });

/** Every number that a report holds, also those inside its sentences and times. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (typeof value === 'string') {
    const plain = (value.match(/\d+(?:[.,]\d+)*/g) ?? []).map((text) => Number(text.replaceAll(',', '')));
    return [...plain, ...(value.match(/\d+/g) ?? []).map(Number)];
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(numbersIn);
}

/** What a reader may derive without a second source: counts of list items, durations, shares of the target. */
function derived(report: Report): number[] {
  const { benchmark, target, plan } = report;
  const replicas = benchmark?.replicas ?? plan.replicas ?? 1;
  const outcomes = report.checks.map(({ outcome }) => outcome);
  const ready = report.pods.filter((pod) => pod.readyContainers === pod.totalContainers).length;
  const counts = [report.checks, report.pods, report.stages, benchmark?.pairs ?? [], benchmark?.vetoes ?? []].map(
    (list) => list.length,
  );
  const upTo = Array.from({ length: Math.max(...counts, outcomes.length) + 1 }, (_, n) => n);
  const wall = Date.parse(report.finishedAt!) - Date.parse(report.startedAt);
  return [
    ...upTo,
    ready,
    wall / 60_000,
    (target.minSpeedup / replicas) * 100,
    (target.expectedMaxSpeedup / replicas) * 100,
    (benchmark?.concurrencyPerReplica ?? 0) * replicas,
    ...rightShares(report),
  ];
}

/** Shares of tasks that were answered right, by the base and by the stack under test. */
function rightShares({ comparisons = [] }: Report): number[] {
  return comparisons.flatMap(({ quality }) => {
    if (!quality?.figures) return [];
    const { bothRight, onlyBase, onlyHead, bothWrong } = quality.figures.pairs;
    return [onlyBase, onlyHead].map((only) => (bothRight + only) / (bothRight + onlyBase + onlyHead + bothWrong));
  });
}

/** Scales in which a figure may be shown: as it is, percent, seconds, minutes and the seconds beside the minutes. */
const SCALES = [1, 100, 1 / 1_000, 1 / 60_000];

/** Numbers in a text that no field of the report explains. */
function orphans(text: string, report: Report): string[] {
  const known = [...numbersIn(report), ...derived(report)];
  const times = [...report.stages.map(({ durationMs }) => durationMs ?? 0), report.release?.durationMs ?? 0];
  const clocks = times.flatMap((ms) => [Math.floor(ms / 1_000) % 60, Math.floor(ms / 60_000)]);
  const visible = outsideCode(text)
    .replace(/<!--.*?-->/gs, '')
    .replace(/\]\([^)]*\)/g, ']')
    .replace(/&#\d+;|&\w+;/g, ' ')
    .replace(/p50|p95|p99|v6e/g, '');
  return (visible.match(/\d+(?:,\d{3})*(?:\.\d+)?/g) ?? []).filter((token) => {
    const shown = Number(token.replaceAll(',', ''));
    const half = 0.5 * 10 ** -(token.split('.')[1]?.length ?? 0) + 1e-9;
    const near = known.some((figure) => SCALES.some((scale) => Math.abs(Math.abs(figure) * scale - shown) <= half));
    return !near && !clocks.includes(shown);
  });
}

describe('every figure', () => {
  it.each(Object.keys(CASES))('of %s stems from a field of the report', (name) => {
    const report = CASES[name]!();
    expect(orphans(render(report), report)).toEqual([]);
  });

  it('would be found if it did not', () => {
    const stray = '13.22× serial, 447% efficiency, $208.20, 21.0 req/s';
    expect(orphans(`${render(aReport())} ${stray}`, aReport())).toEqual(['13.22', '447', '208.20', '21.0']);
  });
});

describe('the same figure everywhere', () => {
  it('in comment, log and outputs', () => {
    const report = aReport();
    expect(render(report)).toContain('**2.68×** (2.61–2.75)');
    expect(renderVerdictText(report).join('\n')).toContain('2.68× (95% confidence limits 2.61–2.75×;');
    expect(outputsOf(report)).toMatchObject({ speedup: '2.68', 'speedup-low': '2.61032', 'speedup-high': '2.74968' });
  });

  it('follows the field it shows', () => {
    const changed = render(aReport({ benchmark: aBenchmark(2.74, 0.01) }));
    expect(changed).toContain('**2.74×** (2.71–2.77)');
    expect(changed).not.toContain('2.68');
  });
});

describe('nothing is rounded into a pass', () => {
  const withInterval = (low: number, value: number, high: number): Report => {
    const benchmark: Benchmark = { ...aBenchmark(value, 0), speedup: { value, low, high, level: 0.95 } };
    return aReport({ verdict: low > 2.5 ? 'pass' : high < 2.5 ? 'fail' : 'inconclusive', benchmark });
  };

  it.each([
    [2.4996, 2.56, 2.62, '**2.5600×** (2.4996–2.6200)', 'undecided'],
    [2.5, 2.56, 2.62, '**2.56×** (2.50–2.62)', 'undecided'],
    [2.5004, 2.56, 2.62, '**2.5600×** (2.5004–2.6200)', 'pass'],
    [2.40001, 2.45, 2.49999, '**2.45000×** (2.40001–2.49999)', 'fail'],
    [2.499999999, 2.56, 2.62, '(2.499999–2.620000)', 'undecided'],
    [2.500000001, 2.56, 2.62, '(2.500001–2.620000)', 'pass'],
  ])('an interval from %d prints its true relation to 2.5', (low, value, high, shown, result) => {
    const row = render(withInterval(low, value, high))
      .split('\n')
      .find((line) => line.includes('| **Speedup**'));
    expect(row).toContain(shown);
    expect(row).toContain(result);
  });

  it('tells a success rate just below all from all', () => {
    const arms = aBenchmark(2.68, 0.026).arms;
    const benchmark = aBenchmark(2.68, 0.026, {
      arms: { ...arms, all: { ...arms.all, successRate: 0.99996, errors: 1 } },
    });
    const row = render(aReport({ verdict: 'fail', benchmark }))
      .split('\n')
      .find((line) => line.includes('| Requests answered'));
    expect(row).toContain('❌\u00a0**fail** | Requests answered: 99.996%, 100.000% on one replica, needs 100%');
  });
});

describe('formats', () => {
  it('are the same on every machine, with unbreakable spaces before units', () => {
    expect(requestsPerSecond(1234.5)).toBe('1,235\u00a0req/s');
    expect(requestsPerSecond(20.05)).toBe('20.1\u00a0req/s');
    expect(requestsPerSecond(7.456)).toBe('7.46\u00a0req/s');
    expect(requestsPerSecond(9.996)).toBe('10.0\u00a0req/s');
    expect(milliseconds(1_012.4)).toBe('1,012');
    expect(milliseconds(0.73)).toBe('0.7');
    expect(usd(6.314)).toBe('$6.31');
    expect(usd(0.001)).toBe('<\u00a0$0.01');
    expect(usd(217.4)).toBe('$217');
    expect(usd(0)).toBe('$0.00');
  });

  it('never print a part as the whole or something as nothing', () => {
    expect(percent(0.9996)).toBe('99.96%');
    expect(percent(1)).toBe('100%');
    expect(percent(0.0004)).toBe('0.04%');
    expect(percent(0)).toBe('0%');
  });

  it('use a true minus', () => {
    expect(besideLimits([-0.123], [])(-0.123)).toBe('−0.12');
  });
});
