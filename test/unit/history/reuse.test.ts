import { describe, expect, it } from 'vitest';
import type { HistoryRecord } from '../../../src/history/record.ts';
import { reusableVerdict } from '../../../src/history/reuse.ts';
import { aNight } from './records.ts';

const HASH = 'a'.repeat(64);
const NOW = Date.parse('2026-03-01T00:00:00Z');
const DAY = 86_400_000;

/** A night so many days ago that measured the stack. */
function night(daysAgo: number, change: Partial<HistoryRecord> = {}): HistoryRecord {
  const made = aNight(1, 2.68, { basis: HASH, ts: new Date(NOW - daysAgo * DAY).toISOString(), ...change });
  const url = `https://github.com/o/r/actions/runs/${100 + daysAgo}`;
  return { ...made, run: { ...made.run, id: String(100 + daysAgo), number: 100 + daysAgo, url, ...change.run } };
}

const of = (...records: HistoryRecord[]) => reusableVerdict(records, { hash: HASH, nowMs: NOW });
const from = (event: string | null) => ({ run: { ...night(2).run, event } });

describe('the verdict of an earlier run', () => {
  it('is the newest one of the same basis', () => {
    expect(of(night(9), night(2), night(5))).toMatchObject({ record: { run: { number: 102 }, verdict: 'pass' } });
  });

  it('may be a fail', () => {
    expect(of(night(2, { verdict: 'fail' }))).toMatchObject({ record: { verdict: 'fail' } });
  });

  it('is not undone by a night that leased nothing', () => {
    const failed = night(1, { verdict: 'error', m: aNight(1, null).m });
    expect(of(night(2), failed)).toMatchObject({ record: { run: { number: 102 } } });
  });

  it.each<[string, HistoryRecord[], RegExp]>([
    ['of another basis', [night(2, { basis: 'b'.repeat(64) })], /no verdict of this stack/],
    ['without a basis', [(({ basis: _, ...rest }) => rest)(night(2))], /no verdict of this stack/],
    ['of 31 days ago', [night(31)], /not measured in the last 30 days/],
    ['of tomorrow', [night(-1)], /not measured in the last 30 days/],
    ['of no time', [night(2, { ts: 'never' })], /not measured in the last 30 days/],
    ['of a pull request', [night(2, from('pull_request'))], /No run of the repository itself/],
    ['of a fork', [night(2, from('pull_request_target'))], /No run of the repository itself/],
    ['of a workflow that a pull request ends in', [night(2, from('workflow_run'))], /No run of the repository itself/],
    ['of a command line', [night(2, from(null))], /No run of the repository itself/],
    ['undecided', [night(2, { verdict: 'inconclusive' })], /newest measurement of this stack is inconclusive/],
    ['invalid', [night(2, { verdict: 'invalid' })], /newest measurement of this stack is invalid/],
    ['followed by one that is undecided', [night(3), night(2, { verdict: 'inconclusive' })], /is inconclusive/],
    ['without its figures', [night(2, { m: aNight(1, null).m })], /newest measurement of this stack is pass/],
    ['contradicted', [night(3, { verdict: 'fail' }), night(2)], /Runs 103 and 102 of this stack contradict/],
  ])('is not taken: one %s', (_, records, reason) => {
    expect(of(...records)).toEqual({ reason: expect.stringMatching(reason) });
  });
});
