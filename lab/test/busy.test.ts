import { describe, expect, it } from 'vitest';
import { type MeasuredResult, tooBusy } from '../busy.ts';

const result = (...ids: string[]): MeasuredResult => ({
  verdict: ids.length > 0 ? 'invalid' : 'pass',
  benchmark: {
    vetoes: ids.map((id) => ({ id })),
    client: { stalledShare: 0.171, sendLagP99Ms: 6.13, eventLoopUtilization: 0.5 },
  },
});

describe('a machine that was too busy to measure', () => {
  it.each<[string[], string]>([
    [['starved'], '17 % stalled'],
    [['starved', 'send-lag'], '17 % stalled, requests sent up to 6.1 ms late'],
    [['event-loop'], 'load generator 50 % busy'],
  ])('is named by the vetoes %j: %s', (ids, words) => expect(tooBusy(result(...ids))).toBe(words));

  it.each<[string, MeasuredResult]>([
    ['a run that passed', result()],
    ['a veto that is not the machine’s', result('starved', 'replica-refused')],
    ['a run that measured nothing', { verdict: 'error', benchmark: null }],
    ['an invalid run without a veto', { verdict: 'invalid', benchmark: { vetoes: [] } }],
    ['a verdict beside the veto', { ...result('starved'), verdict: 'fail' }],
  ])('is not found in %s', (_, each) => expect(tooBusy(each)).toBeNull());
});
