import { describe, expect, it } from 'vitest';
import { parseMarker } from '../../../src/lib/marker.ts';
import { renderComment } from '../../../src/report/comment/comment.ts';
import { renderRunningComment } from '../../../src/report/comment/running.ts';
import { emptyReport, fold } from '../../../src/report/fold.ts';
import { parseData } from '../../../src/report/record.ts';
import { CASES } from './cases.ts';
import { aReport, stages } from './fixtures.ts';
import { linkedBits, structureProblems, tables } from './scan.ts';

const LINKS = { run: 'https://github.com/o/r/actions/runs/18300012345' };

describe('the comment while running', () => {
  const { run, startedAt, target, plan } = aReport();
  const report = {
    ...emptyReport({ version: '0.1.0', run, startedAt, target, plan }),
    stages: stages({
      preflight: [41, '9 checks passed'],
      lease: [612, '3 nodes, 12 chips'],
      deploy: [38, '9 objects applied'],
      ready: [0, '1 of 3 replicas ready', 'pending'],
    }),
  };
  const previous = parseData(renderComment(CASES['fail-throughput']!(), { id: 'x', reportLinks: {} }));
  const text = renderRunningComment(report, {
    id: 'gate/pattern3',
    at: '2026-11-22T14:22:00Z',
    reportLinks: LINKS,
    previous,
  });

  it('reads as recorded', async () => {
    await expect(`${text}\n`).toMatchFileSnapshot('golden/running.md');
    expect(structureProblems(text)).toEqual([]);
    expect(linkedBits(text)).toEqual([]);
  });

  it('says where it is and since when, and decides nothing', () => {
    expect(text).toContain('### ⏳ Running — ready (stage 4 of 7), 15\u00a0min so far');
    expect(text).not.toContain('Pass');
    expect(parseMarker(text)).toMatchObject({ id: 'gate/pattern3', state: 'running', number: 412 });
    expect(tables(text)[0]!.length - 2).toBeLessThanOrEqual(7);
  });

  it('says how long it may take, and that it takes longer, never a negative time', () => {
    const at = (time: string) => renderRunningComment(report, { id: 'x', at: time, reportLinks: {} });
    expect(text).toContain('About 19\u00a0min to the verdict.');
    expect(at('2026-11-22T15:22:00Z')).toContain('About 7\u00a0min to the verdict, if what is late ends now.');
    const last = {
      ...report,
      stages: stages({
        preflight: [41, ''],
        lease: [1, ''],
        ready: [1, ''],
        verify: [1, ''],
        benchmark: [0, '', 'pending'],
      }),
    };
    expect(renderRunningComment(last, { id: 'x', at: '2026-11-22T16:22:00Z', reportLinks: {} })).toContain(
      'It takes longer than usual.',
    );
  });

  it('keeps the previous result until there is a new one', () => {
    expect(text).toContain('Previous result, commit 4f1c2ab: ❌\u00a0Fail, 2.17×');
    expect(parseData(text)).toEqual(previous);
  });

  it('needs no previous result', () => {
    const first = renderRunningComment(report, { id: 'x', at: '2026-11-22T14:22:00Z', reportLinks: {} });
    expect(first).not.toContain('Previous');
    expect(parseData(first)).toBeNull();
  });
});

describe('an unfinished report', () => {
  const { run, startedAt, target, plan } = aReport();
  const empty = emptyReport({ version: '0.1.0', run, startedAt, target, plan });

  it('claims nothing', () => {
    const text = renderComment(empty, { id: 'x', reportLinks: {} });
    expect(text).toContain('❌\u00a0Error — The run ended before it had a result');
    expect(text).toContain('**Speedup: not measured.**');
    expect(text).not.toContain('✅');
  });

  it('is finished with a verdict; stages that never began are skipped, the release is left to post', () => {
    const done = fold(
      {
        ...empty,
        stages: empty.stages.map((stage) =>
          stage.stage === 'preflight' ? { ...stage, outcome: 'failed' as const } : stage,
        ),
      },
      { type: 'ended', verdict: 'error', reasons: ['No quota.'], finishedAt: '2026-11-22T14:10:00Z' },
    );
    expect(done.stages.map(({ outcome }) => outcome)).toEqual([
      'failed',
      ...Array.from({ length: 5 }, () => 'skipped'),
      'pending',
    ]);
    expect(done.finishedAt).toBe('2026-11-22T14:10:00Z');
  });
});
