import { describe, expect, it } from 'vitest';
import type { Benchmark, Check, Verdict } from '../../../src/report/model.ts';
import { overallVerdict } from '../../../src/verdict/overall.ts';
import { aBenchmark, checks } from '../report/fixtures.ts';

const TARGET = { minSpeedup: 2.5, expectedMaxSpeedup: 2.8, successRate: 1 };

function benchmark(
  stopped: Benchmark['looks']['stopped'],
  change: Partial<Benchmark> & { successRate?: { one?: number; all?: number } } = {},
): Benchmark {
  const { successRate = {}, ...rest } = change;
  const base = aBenchmark(2.68, 0.026, { looks: { done: 7, planned: 10, stopped }, ...rest });
  for (const arm of ['one', 'all'] as const) {
    base.arms[arm] = { ...base.arms[arm], successRate: successRate[arm] ?? 1, errors: successRate[arm] ? 2 : 0 };
  }
  return base;
}

const errorRate = { id: 'error-rate', message: 'Two answers were not valid.' };
const unreadable = { id: 'counters-unreadable', message: 'The counters could not be read in 3 blocks.' };
const veto = { id: 'client-saturated', message: 'The client was the bottleneck.' };
const failedCheck = checks({ 'prefix-affinity': { outcome: 'fail', seen: '4 of 10 on one replica' } });
const open = checks({ 'cache-hits': { outcome: 'not-observable', seen: 'no counters' } });
const undecided = checks({ 'cache-hits': { outcome: 'inconclusive', seen: '60%' } });
const lost = { successRate: { all: 0.998 } };

/** Each row holds everything that a later row holds alone: what stands higher wins. */
const CASES: [what: string, checks: Check[], benchmark: Benchmark, verdict: Verdict, reasons: RegExp[]][] = [
  [
    'a failed check beats everything',
    failedCheck,
    benchmark('pass', { vetoes: [veto], ...lost }),
    'fail',
    [/^Requests with one prefix .*: failed \(expected each group on one replica, seen 4 of 10 on one replica\)\.$/],
  ],
  [
    'a veto beats lost answers and the ratio',
    open,
    benchmark('fail', { vetoes: [veto], ...lost }),
    'invalid',
    [/^The client was the bottleneck\.$/],
  ],
  [
    'lost answers of all replicas are a failure although they are a veto',
    open,
    benchmark('fail', { vetoes: [errorRate], ...lost }),
    'fail',
    [/^2 of 2352 requests to all replicas failed/],
  ],
  [
    'lost answers of all replicas in a measurement that was disturbed too are no failure',
    checks(),
    benchmark('pass', { vetoes: [errorRate, veto], ...lost }),
    'invalid',
    [/^Two answers were not valid\.$/, /^The client was the bottleneck\.$/],
  ],
  [
    'lost answers of one replica alone spoil the ratio',
    checks(),
    benchmark('pass', { vetoes: [errorRate], successRate: { one: 0.9985 } }),
    'invalid',
    [/^Two answers were not valid\.$/],
  ],
  [
    'lost answers beat the ratio',
    open,
    benchmark('pass', lost),
    'fail',
    [/^2 of 2352 requests to all replicas failed: 99\.80% success, 100% wanted\.$/],
  ],
  [
    'lost answers of both arms are both told',
    checks(),
    benchmark('pass', { successRate: { all: 0.998, one: 0.9985 } }),
    'fail',
    [/to all replicas failed/, /^2 of 1361 requests to one replica failed: 99\.85% success/],
  ],
  [
    'a ratio below the target beats missing evidence',
    open,
    benchmark('fail', { speedup: { value: 2.2, low: 2.1, high: 2.3, level: 0.95 } }),
    'fail',
    [/^The speedup is 2\.20× \(2\.10–2\.30×\): wholly below 2\.5×\.$/],
  ],
  [
    'a spent budget is no decision',
    checks(),
    benchmark('budget', { speedup: { value: 2.52, low: 2.4, high: 2.64, level: 0.95 } }),
    'inconclusive',
    [/^The speedup is 2\.52× \(2\.40–2\.64×\), on both sides of 2\.5× when the budget of 12 pairs was spent\.$/],
  ],
  [
    'a spent budget comes with all that is open',
    open,
    benchmark('budget', { speedup: { value: 2.52, low: 2.4, high: 2.64, level: 0.95 } }),
    'inconclusive',
    [/on both sides/, /^Prefix-cache hits: could not be observed \(expected .*, seen no counters\)\.$/],
  ],
  [
    'a measurement that was cut short says so',
    checks(),
    benchmark('aborted', { speedup: { value: 2.6, low: 2.3, high: 2.9, level: 0.95 } }),
    'inconclusive',
    [/^The speedup is 2\.60× \(2\.30–2\.90×\) so far: the measurement stopped after 12 pairs without a decision\.$/],
  ],
  [
    'a run without time for another pair says so, wherever its interval lies',
    checks(),
    benchmark('time', { speedup: { value: 2.7, low: 2.6, high: 2.8, level: 0.95 } }),
    'inconclusive',
    [/ so far, undecided against 2\.5× after 12 pairs: the run had no time or money left for another\.$/],
  ],
  [
    'no interval is no pass',
    checks(),
    benchmark('pass', { speedup: null, pairs: [] }),
    'inconclusive',
    [/^The speedup has no interval after 0 pairs\.$/],
  ],
  [
    'no interval is no failure either',
    checks(),
    benchmark('fail', { speedup: null, pairs: [] }),
    'inconclusive',
    [/^The speedup has no interval after 0 pairs\.$/],
  ],
  ['missing evidence is no pass', open, benchmark('pass'), 'inconclusive', [/could not be observed/]],
  ['undecided evidence is no pass', undecided, benchmark('pass'), 'inconclusive', [/was not decided/]],
  [
    'counters that could not be read are no pass',
    checks(),
    benchmark('pass', { warnings: [unreadable] }),
    'inconclusive',
    [/^The counters could not be read in 3 blocks\.$/],
  ],
  ...['work-uncounted', 'load-unobserved'].map((id): (typeof CASES)[number] => [
    `work that is not proven (${id}) is no pass`,
    checks(),
    benchmark('pass', { warnings: [{ id, message: 'pod-0 exports no such counter.' }] }),
    'inconclusive',
    [/^pod-0 exports no such counter\.$/],
  ]),
  [
    'counters that could not be read change no failure',
    checks(),
    benchmark('fail', { warnings: [unreadable], speedup: { value: 2.2, low: 2.1, high: 2.3, level: 0.95 } }),
    'fail',
    [/wholly below 2\.5×/],
  ],
  [
    'any other warning is no obstacle',
    checks(),
    benchmark('pass', { warnings: [{ id: 'drift', message: 'The second half was slower.' }] }),
    'pass',
    [/exceeds 2\.5×/],
  ],
  [
    'everything good passes',
    checks(),
    benchmark('pass'),
    'pass',
    [/^The speedup is 2\.68× \(2\.61–2\.75×\): its lower limit exceeds 2\.5×\.$/],
  ],
  [
    'a ratio above the expected range passes with a note',
    checks(),
    benchmark('pass', { speedup: { value: 2.9, low: 2.86, high: 2.94, level: 0.95 } }),
    'pass',
    [/exceeds 2\.5×/, /^It is above the expected range, which ends at 2\.8×\.$/],
  ],
];

describe('the verdict', () => {
  it.each(CASES)('%s', (_, seen, measured, verdict, reasons) => {
    const overall = overallVerdict(seen, measured, TARGET);
    expect(overall.verdict).toBe(verdict);
    expect(overall.reasons).toHaveLength(reasons.length);
    for (const [index, reason] of reasons.entries()) expect(overall.reasons[index]).toMatch(reason);
  });

  it('accepts lost answers up to the target', () => {
    const measured = benchmark('pass', { successRate: { all: 0.995 } });
    expect(overallVerdict(checks(), measured, { ...TARGET, successRate: 0.995 }).verdict).toBe('pass');
  });

  it('never shows a limit on the wrong side of the target', () => {
    const measured = benchmark('budget', { speedup: { value: 2.55, low: 2.4996, high: 2.61, level: 0.95 } });
    expect(overallVerdict(checks(), measured, TARGET).reasons[0]).toContain('(2.4996–2.6100×)');
  });

  it('never rounds a lost answer away', () => {
    const measured = benchmark('pass', { successRate: { all: 0.99999 } });
    expect(overallVerdict(checks(), measured, TARGET).reasons[0]).toContain('99.999% success, 100% wanted');
  });

  it('refuses a pass when a check was never made', () => {
    expect(overallVerdict([], benchmark('pass'), TARGET).verdict).toBe('inconclusive');
  });
});
