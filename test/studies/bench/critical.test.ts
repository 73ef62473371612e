import { describe, expect, it } from 'vitest';
import { criticalNote, ratiosAtRealTime } from './critical.ts';

describe('the time of a run in the lab, taken to real time', () => {
  // 36 s and 40 s of the lab, eight times as fast as in reality.
  const found = ratiosAtRealTime({ wallMs: 82_000, clusterMs: 36_000, loadMs: 40_000, runbookRequestsMs: 2_000 });

  it('stretches what the lab does, and keeps what the gate waits for nothing', () => {
    expect(found).toMatchObject({ slackMs: 6_000, pathMs: 608_000, wallMs: 614_000 });
    expect(found.wallOverPath).toBeCloseTo(614 / 608, 9);
  });

  it('compares with the steps of the runbook one after another, on the same nodes', () => {
    // Twenty minutes by hand, of which its list has twelve; then nodes, replicas and requests.
    expect(found.runbookMs).toBe(20 * 60_000 + 8 * 38_000);
    expect(found.wallOverRunbook).toBeCloseTo(614 / 1_504, 9);
    expect(found.wallOverListed).toBeCloseTo(614 / 1_024, 9);
  });

  it('states what the ratios are of', () => {
    expect(criticalNote(found)).toBe(
      "at real time: 10.2 min, critical path 10.1 min, slack 6.0 s; the runbook's way 25.1 min on these nodes, of whose listed steps alone it is 0.60",
    );
  });
});
