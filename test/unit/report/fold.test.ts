import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/lib/failure.ts';
import { renderComment } from '../../../src/report/comment/comment.ts';
import type { Fact } from '../../../src/report/facts.ts';
import { emptyReport, fold, foldAll } from '../../../src/report/fold.ts';
import type { Check, Report } from '../../../src/report/model.ts';
import { parseReport } from '../../../src/report/parse.ts';
import { aReport } from './fixtures.ts';

const START = '2026-11-22T14:07:07.000Z';
const { run, target, plan } = aReport();
const empty = emptyReport({ version: '0.1.0', run, startedAt: START, target, plan });
const check = (id: Check['id'], outcome: Check['outcome'] = 'pass'): Check => ({
  id,
  title: id,
  expected: '3',
  seen: '3',
  outcome,
});

/** All that a run notes on its way to a pass, in order. */
const whole = aReport();
const facts: Fact[] = [
  { type: 'stage-started', stage: 'preflight', at: START },
  { type: 'preflight', lines: whole.preflight },
  { type: 'planned', plan: { nodePool: 'v6e', nodes: 3 } },
  { type: 'discovered', environment: { machineType: 'ct6e-standard-4t' } },
  { type: 'stage-ended', stage: 'preflight', outcome: 'done', summary: 'fine', durationMs: 5 },
  { type: 'stage-started', stage: 'lease', at: START },
  { type: 'stage-started', stage: 'deploy', at: START },
  { type: 'stage-ended', stage: 'deploy', outcome: 'done', summary: '3 objects applied', durationMs: 5 },
  { type: 'stage-ended', stage: 'lease', outcome: 'done', summary: '3 nodes', durationMs: 5 },
  { type: 'stage-started', stage: 'ready', at: START },
  { type: 'pods', pods: whole.pods },
  { type: 'stage-ended', stage: 'ready', outcome: 'done', summary: 'ready', durationMs: 5 },
  { type: 'stage-started', stage: 'verify', at: START },
  ...whole.checks.map((each): Fact => ({ type: 'check', check: each })),
  { type: 'routing', routing: whole.routing! },
  { type: 'stage-ended', stage: 'verify', outcome: 'done', summary: '9 of 9 checks passed', durationMs: 5 },
  { type: 'stage-started', stage: 'benchmark', at: START },
  { type: 'stage-ended', stage: 'benchmark', outcome: 'done', summary: '2.68×', durationMs: 5 },
  { type: 'measured', benchmark: whole.benchmark!, runbook: null },
  { type: 'judged', verdict: 'pass' },
];

describe('a run that ends after any of its facts', () => {
  it.each(facts.map((fact, index) => [index, fact.type]))('leaves a report that claims no result (%i, %s)', (index) => {
    const partial = foldAll(empty, facts.slice(0, Number(index) + 1));
    const read = parseReport(JSON.stringify(partial));
    expect(read.finishedAt).toBeNull();
    // The verdict comes with the last fact alone.
    if (Number(index) < facts.length - 1) {
      expect(read.verdict).toBe('error');
      expect(renderComment(read, { id: 'x', reportLinks: {} })).toContain('❌\u00a0Error');
    }
  });
});

describe('folding a fact', () => {
  it('leaves the report that it was given as it was', () => {
    const before = JSON.stringify(empty);
    foldAll(empty, facts);
    expect(JSON.stringify(empty)).toBe(before);
  });

  it('adds to plan and environment, and keeps what was known', () => {
    const { plan: planned, environment } = foldAll(empty, [
      { type: 'planned', plan: { nodes: 3 } },
      { type: 'planned', plan: { service: 'qwen' } },
      { type: 'discovered', environment: { modelId: 'a' } },
      { type: 'discovered', environment: { blockSizeTokens: 128 } },
    ]);
    expect(planned).toMatchObject({ nodes: 3, service: 'qwen', cluster: plan.cluster });
    expect(environment).toMatchObject({ modelId: 'a', blockSizeTokens: 128, vllmImage: null });
  });

  it('keeps the lines of preflight as they were when they were noted', () => {
    const rest = { id: 'pool', title: 'Node pool', outcome: 'pass', remedy: null, code: null, blame: null } as const;
    const line = { ...rest, seen: '3 nodes' };
    const report = fold(empty, { type: 'preflight', lines: [line] });
    line.seen = 'changed later';
    expect(report.preflight).toEqual([{ ...rest, seen: '3 nodes' }]);
  });

  it.each<[string, number, Partial<Report>, number, Check['outcome']]>([
    ['a larger sample', 91, {}, 91, 'fail'],
    ['a sample of the same size', 90, {}, 90, 'pass'],
    ['any sample without a routing check', 91, { routing: null }, -1, 'pass'],
  ])('replaces the spread of unique prompts by %s only where it is larger', (_, sent, change, expected, outcome) => {
    const routing = { ...whole.routing!, unique: { sent: 90, perPod: [] } };
    const before = { ...empty, routing, checks: [check('health'), check('unique-spread')], ...change };
    const unique = { sent, perPod: [{ pod: 'a', requests: sent }] };
    const after = fold(before, { type: 'unique-spread', unique, check: check('unique-spread', 'fail') });
    expect(after.routing?.unique.sent ?? -1).toBe(expected);
    expect(after.checks.map((each) => each.outcome)).toEqual(['pass', outcome]);
  });

  it('ends with the failure and its places; stages that never began are skipped, the release may follow', () => {
    const locations = [{ file: 'a.yaml', line: 3, message: 'no' }];
    const failure = new Failure({ stage: 'preflight', code: 'x', message: 'No.', evidence: { locations } });
    const report = foldAll(empty, [
      { type: 'stage-started', stage: 'preflight', at: START },
      { type: 'ended', verdict: 'error', reasons: ['No.'], finishedAt: START, failure },
    ]);
    expect(report.failure).toMatchObject({ code: 'x', locations });
    expect(report.stages.map(({ outcome }) => outcome)).toEqual([
      'pending',
      ...Array.from({ length: 5 }, () => 'skipped'),
      'pending',
    ]);
  });

  it('dates the release back by its duration, and says whether it failed', () => {
    const release = { ...whole.release!, outcome: 'failed' as const, durationMs: 5_000, message: 'no answer' };
    const report = fold(empty, { type: 'released', release, at: '2026-11-22T15:00:05.000Z' });
    expect(report.stages.at(-1)).toMatchObject({
      outcome: 'failed',
      startedAt: '2026-11-22T15:00:00.000Z',
      summary: 'no answer',
    });
    expect(report.release).toEqual(release);
  });
});
