import { describe, expect, it } from 'vitest';
import { orderedOf, tokensOf } from '../../../../src/load/tokens.ts';
import { changedReplicas } from '../../../../src/stages/benchmark/evidence.ts';
import type { Snapshot } from '../../../../src/stages/verify/counters.ts';

const answer = (promptTokens: number) => ({ valid: true, promptTokens, completionTokens: 50 });

describe('the tokens that a block was ordered', () => {
  it('are those of its answers', () => {
    const ordered = orderedOf(tokensOf([answer(740), answer(744)], 50));
    expect(ordered).toEqual({
      least: { prompt: 1_484, generation: 100 },
      most: { prompt: 1_484, generation: 100 },
    });
  });

  it('have a range where requests failed, which may have cost nothing or all', () => {
    const refused = { valid: false, promptTokens: null, completionTokens: null };
    const short = { valid: false, promptTokens: 742, completionTokens: 30 };
    expect(orderedOf(tokensOf([answer(740), refused, short], 50))).toEqual({
      least: { prompt: 740, generation: 50 },
      most: { prompt: 740 + 742 + 742, generation: 150 },
    });
    expect(orderedOf(tokensOf([refused], 50)).most).toEqual({ prompt: Number.POSITIVE_INFINITY, generation: 50 });
  });
});

describe('the replicas of a block', () => {
  const at = (...pods: [name: string, uid: string][]): Snapshot => ({
    ready: pods.length,
    problems: [],
    pods: pods.map(([pod, uid]) => ({ pod, uid, counters: null, restarts: 0 })),
  });
  const replica = (name: string, uid: string) => ({ metadata: { name, uid, namespace: 'ns' } }) as never;
  const verified = [replica('a', '1'), replica('b', '2')];

  it('are those that were verified', () => {
    const edge = at(['a', '1'], ['b', '2']);
    expect(changedReplicas(edge, edge, { verified, wanted: 2 })).toEqual({ added: [], gone: [] });
  });

  it.each([
    ['another came', at(['a', '1'], ['b', '2'], ['c', '3']), { added: ['c'], gone: [] }],
    ['one went away', at(['a', '1']), { added: [], gone: ['b'] }],
    ['one was made anew under its name', at(['a', '1'], ['b', '9']), { added: ['b'], gone: ['b'] }],
  ])('have changed when %s', (_, after, changed) => {
    expect(changedReplicas(at(['a', '1'], ['b', '2']), after, { verified, wanted: 2 })).toEqual(changed);
  });

  it('may be fewer from the start, after a scale-in', () => {
    const edge = at(['b', '2']);
    expect(changedReplicas(edge, edge, { verified, wanted: 1 })).toEqual({ added: [], gone: [] });
  });

  it.each([
    ['nobody came in its place', at(['a', '1']), { added: [], gone: ['b'] }],
    ['another waits for its place', at(['a', '1'], ['c', '3']), { added: ['c'], gone: ['b'] }],
  ])('have changed when one went between two blocks and %s', (_, edge, changed) => {
    expect(changedReplicas(edge, edge, { verified, wanted: 2 })).toEqual(changed);
  });
});
