import { describe, expect, it } from 'vitest';
import { checkPicker } from '../../../src/verdict/routing.ts';
import { stackRecording } from '../../fixtures/stack.ts';

interface Recorded {
  completions: {
    client: { status: number | 'nothing'; headers: Record<string, string>; times: number }[];
    counters: { picker: { rq_total: number; rq_error: number; cx_connect_fail: number } };
  };
}

const STATES = JSON.parse(stackRecording('envoy.json')) as Record<string, Recorded>;

/** The check on what a real gateway counted and a client of it saw. */
function outcomeOf(state: string): string {
  const { client, counters } = STATES[state]!.completions;
  const count = (fits: (one: Recorded['completions']['client'][number]) => boolean) =>
    client.filter(fits).reduce((sum, { times }) => sum + times, 0);
  const { rq_total: requests, rq_error: errors, cx_connect_fail: connectFailures } = counters.picker;
  return checkPicker(
    {
      seen: count(({ headers }) => headers['x-went-into-resp-headers'] === 'true'),
      answers: count(({ status }) => status === 200),
    },
    { problem: null, proxies: 1, picker: { requests, errors, connectFailures }, perPod: [] },
    count(() => true),
  ).outcome;
}

describe('picker-engaged on the counters of a real Envoy', () => {
  it('passes on a healthy stack', () => {
    expect(outcomeOf('healthy')).toBe('pass');
  });

  it.each(['picker-killed', 'picker-stopped', 'picker-unready', 'no-rule-picker'])('does not pass, %s', (state) => {
    expect(outcomeOf(state)).not.toBe('pass');
  });

  it.each(['picker-killed', 'no-rule-picker'])('fails where each request failed, %s', (state) => {
    expect(outcomeOf(state)).toBe('fail');
  });
});
