import { describe, expect, it } from 'vitest';
import { conditionOf, findCondition, isTrue, listOf } from '../../../src/stack/conditions.ts';

const READY = { type: 'Ready', status: 'False', reason: 'Waits' };

describe('a condition', () => {
  it('is found by its type; an absent one is not a False one', () => {
    expect(findCondition([READY], 'Ready')).toBe(READY);
    expect(findCondition([READY], 'Accepted')).toBeUndefined();
    expect(findCondition(undefined, 'Ready')).toBeUndefined();
  });

  it.each([
    ['True', true],
    ['False', false],
    ['Unknown', false],
    ['true', false],
  ])('with status %s is True: %s', (status, holds) => {
    expect(isTrue([{ type: 'Ready', status }], 'Ready')).toBe(holds);
  });

  it('of an object has every field, also where the controller left some out', () => {
    expect(conditionOf({ status: { conditions: [READY] } }, 'Ready')).toEqual({
      status: 'False',
      reason: 'Waits',
      message: '',
    });
    expect(conditionOf({ status: { conditions: [{ type: 'Ready' } as never] } }, 'Ready')).toEqual({
      status: 'Unknown',
      reason: '',
      message: '',
    });
    expect(conditionOf({}, 'Ready')).toBeUndefined();
    expect(conditionOf(null, 'Ready')).toBeUndefined();
  });

  it.each([undefined, null, 'Ready', { type: 'Ready' }, 7])('is in no list that is none: %j', (conditions) => {
    expect(listOf(conditions)).toEqual([]);
  });
});
