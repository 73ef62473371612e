import { describe, expect, it } from 'vitest';
import type { Check, CheckOutcome } from '../../../src/report/model.ts';
import { disprovedVerdict, servedVerdict } from '../../../src/verdict/served.ts';

const check = (outcome: CheckOutcome): Check => ({ id: 'health', title: 'Health', expected: 'a', seen: 'b', outcome });

describe('the verdict over a stack that is to stay', () => {
  it.each<[CheckOutcome[], string, string]>([
    [['pass', 'pass'], 'pass', 'All 2 checks of the service passed.'],
    [['pass', 'not-observable'], 'inconclusive', 'Health: could not be observed (expected a, seen b).'],
    [['inconclusive'], 'inconclusive', 'Health: was not decided (expected a, seen b).'],
    [['not-observable', 'fail'], 'fail', 'Health: failed (expected a, seen b).'],
    [[], 'inconclusive', 'No check of the service was made.'],
  ])('of checks %j is %s', (outcomes, verdict, reason) => {
    expect(servedVerdict(outcomes.map(check))).toEqual({ verdict, reasons: [reason] });
  });
});

describe('checks before a measurement', () => {
  it.each<[CheckOutcome[]]>([[['pass', 'warning', 'inconclusive', 'not-observable']], [[]]])(
    'that have not failed (%j) leave the verdict to it',
    (outcomes) => {
      expect(disprovedVerdict(outcomes.map(check))).toBeNull();
    },
  );

  it('that have failed decide the verdict, and the reasons say why nothing was measured', () => {
    expect(disprovedVerdict((['pass', 'fail', 'inconclusive'] as const).map(check))).toEqual({
      verdict: 'fail',
      reasons: [
        'Health: failed (expected a, seen b).',
        'The speedup was not measured, because a check of the service failed, and no speedup changes that.',
      ],
    });
  });
});
