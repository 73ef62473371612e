import { describe, expect, it } from 'vitest';
import type { Check, CheckOutcome } from '../../../src/report/model.ts';
import { servedVerdict } from '../../../src/verdict/served.ts';

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
