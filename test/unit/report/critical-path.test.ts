import { describe, expect, it } from 'vitest';
import { timeline } from '../../../src/report/comment/sections/timeline.ts';
import { criticalPath } from '../../../src/report/critical-path.ts';
import { fold } from '../../../src/report/fold.ts';
import { renderVerdictText } from '../../../src/report/formats/text.ts';
import type { PodSummary, Report, StageName, StageResult } from '../../../src/report/model.ts';
import { aReport } from './fixtures.ts';

const at = (seconds: number) => new Date(Date.parse('2026-11-22T14:00:00Z') + 1_000 * seconds).toISOString();

/** A stage that ran from one second of the run to another. */
function stage(name: StageName, from: number, to: number | null): StageResult {
  const durationMs = to === null ? null : 1_000 * (to - from);
  return { stage: name, outcome: to === null ? 'pending' : 'done', startedAt: at(from), durationMs, summary: '' };
}

function replica(scheduled: number, started: number, ready: number): PodSummary {
  const [pod] = aReport().pods;
  const times = { scheduledAt: at(scheduled), startedAt: at(started), readyAt: at(ready) };
  return { ...(pod as PodSummary), role: 'replica', times };
}

const STAGES = [
  stage('preflight', 1, 4),
  stage('lease', 4, 151),
  stage('deploy', 5, 20),
  stage('ready', 151, 285),
  stage('verify', 285, 335),
  stage('benchmark', 335, 600),
];
const PODS = [replica(120, 165, 255), replica(145, 190, 281), replica(130, 170, 262)];

function pathOf(change: Partial<Report> = {}) {
  return criticalPath({ startedAt: at(0), finishedAt: at(601), stages: STAGES, pods: PODS, ...change });
}

const stepsOf = (change?: Partial<Report>) =>
  pathOf(change)?.steps.map(({ step, stage: name, durationMs }) => [step, name, durationMs / 1_000]);

describe('the critical path', () => {
  it('follows the replica that was Ready last, and counts what no step accounts for as slack', () => {
    expect(stepsOf()).toEqual([
      ['preflight', 'preflight', 3],
      ['nodes', 'lease', 141],
      ['images', 'ready', 45],
      ['start', 'ready', 91],
      ['verify', 'verify', 50],
      ['benchmark', 'benchmark', 265],
    ]);
    // One second before preflight, four until the gate saw the last replica, one after the benchmark.
    expect(pathOf()).toMatchObject({ pathMs: 595_000, wallMs: 601_000, slackMs: 6_000 });
    expect(pathOf()?.ratio).toBeCloseTo(601 / 595, 9);
  });

  it.each<[string, PodSummary[]]>([
    ['a replica without times', [replica(120, 165, 255), { ...replica(145, 190, 281), times: undefined as never }]],
    ['times of another day', [replica(-90_000, -80_000, -70_000)]],
    ['times after the stage', [replica(700, 800, 900)]],
    ['no replica', []],
  ])('has whole stages with %s', (_, pods) => {
    expect(stepsOf({ pods })).toEqual([
      ['preflight', 'preflight', 3],
      ['lease', 'lease', 147],
      ['ready', 'ready', 134],
      ['verify', 'verify', 50],
      ['benchmark', 'benchmark', 265],
    ]);
  });

  it('has of two stages side by side what the one adds to the other', () => {
    const stages = [stage('lease', 0, 50), stage('deploy', 10, 80)];
    expect(stepsOf({ stages, pods: [], finishedAt: at(80) })).toEqual([
      ['lease', 'lease', 50],
      ['deploy', 'deploy', 30],
    ]);
  });

  it('is not longer than the run, whatever the clocks are', () => {
    const stages = [stage('preflight', -5, 4), stage('lease', 2, 90)];
    expect(pathOf({ stages, pods: [], finishedAt: at(60) })).toMatchObject({ pathMs: 60_000, slackMs: 0, ratio: 1 });
  });

  it('does not count the release, which follows the verdict', () => {
    expect(pathOf({ stages: [...STAGES, stage('release', 600, null)] })?.pathMs).toBe(595_000);
  });

  it.each<[string, Partial<Report>]>([
    ['a run without a verdict', { finishedAt: null }],
    ['a run that was killed in a stage', { stages: [stage('preflight', 1, 4), stage('lease', 4, null)] }],
  ])('is not known of %s', (_, change) => {
    expect(pathOf(change)).toBeNull();
  });

  it('has no ratio without a step', () => {
    expect(pathOf({ stages: [] })).toEqual({ steps: [], pathMs: 0, wallMs: 601_000, slackMs: 601_000, ratio: null });
  });
});

describe('a report with a verdict', () => {
  const open = { ...aReport({ startedAt: at(0), finishedAt: null, stages: STAGES, pods: PODS }) };
  const report = fold(open, { type: 'ended', verdict: 'pass', reasons: ['It passed.'], finishedAt: at(601) });

  it('has its critical path', () => {
    expect(report.criticalPath).toEqual(pathOf());
  });

  it('states it in the comment, with its stages in bold', () => {
    const body = timeline(report)?.body ?? '';
    expect(body).toContain('| 2:14 | **ready** |');
    expect(body).toContain('| 0:15 | deploy |');
    expect(body.replaceAll('\u00a0', ' ')).toContain(
      '10:01 to the verdict, 1.010× the critical path of 9:55; 6 s of slack. The path, its stages in bold: ' +
        'preflight 0:03, nodes 2:21, images and model files 0:45, loading and compilation 1:31, verify 0:50, benchmark 4:25.',
    );
  });

  it('states it in the log', () => {
    const lines = renderVerdictText(report).map((line) => line.replaceAll('\u00a0', ' '));
    expect(lines.find((line) => line.startsWith('time '))).toMatch(
      /^time +10:01 to the verdict, 1\.010× the critical path of 9:55; 6 s of slack$/,
    );
    expect(lines.find((line) => line.startsWith('path '))).toMatch(/^path +preflight 0:03, nodes 2:21, images and/);
  });
});
