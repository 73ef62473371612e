import { describe, expect, it } from 'vitest';
import type { BlockEvidence } from '../../../src/verdict/evidence.ts';
import { lostBy, type SoFar, vetoesOfPart } from '../../../src/verdict/lost.ts';

const COUNTERS = {
  ...{ finished: 0, promptTokens: 0, generationTokens: 0, running: 0, waiting: 0, preemptions: 0 },
  ...{ processStartSeconds: 1, restarts: 0 },
};

/** A block of a hundred requests that a replica served. */
function block(change: Partial<BlockEvidence> = {}): BlockEvidence {
  const tokens = { prompt: 1_000, generation: 1_600 };
  const after = { ...COUNTERS, finished: 100, promptTokens: tokens.prompt, generationTokens: tokens.generation };
  return {
    ...{
      arm: 'one',
      baseline: 'pod-0',
      pair: 0,
      sent: 100,
      unanswered: 0,
      readyWanted: 1,
      readyBefore: 1,
      readyAfter: 1,
    },
    ordered: { least: tokens, most: tokens },
    changed: { added: [], gone: [] },
    pods: [{ pod: 'pod-0', before: COUNTERS, after }],
    gateway: { problem: null, pods: [] },
    ...change,
  };
}

const arm = (errors: number, unreadable = 0) => ({ requests: 1_000, errors, unreadable });

function soFar(change: Partial<SoFar>): SoFar {
  return { arms: { one: arm(0), all: arm(0) }, blocks: [block(), block()], pairs: 1, maxPairs: 6, ...change };
}

describe('a measurement goes on', () => {
  it('while nothing speaks against it', () => {
    expect(lostBy(soFar({}))).toBeNull();
    expect(lostBy(soFar({ arms: {}, blocks: [], pairs: 0 }))).toBeNull();
  });

  // At most 1,000 + 5 pairs × 2 × 1,000 requests, of which 55 may fail.
  it.each([
    [55, 1, 6],
    [15, 2, 4],
    [5, 6, 6],
  ])('with %d errors of 1,000 after pair %d of %d', (errors, pairs, maxPairs) => {
    expect(lostBy(soFar({ arms: { one: arm(0), all: arm(errors) }, pairs, maxPairs }))).toBeNull();
  });

  it('where a block has a warning alone', () => {
    const blind = block({ gateway: { problem: 'no counters', pods: [] } });
    expect(lostBy(soFar({ blocks: [block(), blind] }))).toBeNull();
  });
});

describe('a measurement ends', () => {
  it.each([
    [56, 1, 6],
    [16, 2, 4],
    [6, 6, 6],
  ])('with %d errors of 1,000 after pair %d of %d', (errors, pairs, maxPairs) => {
    expect(lostBy(soFar({ arms: { one: arm(0), all: arm(errors) }, pairs, maxPairs }))).toBe(
      `${errors} of 1000 requests failed in the all-replicas arm, more than 0.5% of all that it can have.`,
    );
  });

  it('with one answer that something else than the model gave', () => {
    expect(lostBy(soFar({ arms: { head: arm(1, 1) } }))).toBe('Answers of the arm under test could not be read: 1.');
  });

  it.each<[string, Partial<BlockEvidence>, RegExp]>([
    ['a restart', { pods: [{ pod: 'p', before: COUNTERS, after: { ...COUNTERS, restarts: 1 } }] }, /p restarted/],
    ['a request of somebody else', { sent: 99 }, /1 came from someone else/],
    ['a new replica', { changed: { added: ['pod-9'], gone: [] } }, /pod-9 came/],
    [
      'a refused connection',
      { gateway: { problem: null, pods: [{ pod: 'p', requests: 9, errors: 1, connectFailures: 1 }] } },
      /p refused/,
    ],
  ])('with %s', (_, change, words) => {
    expect(lostBy(soFar({ blocks: [block(), block(change)] }))).toMatch(words);
  });
});

it('what was not sent any more is a reason only where there is no other', () => {
  const few = { id: 'too-few-requests', message: 'Only 5 requests.' };
  const errors = { id: 'error-rate', message: 'Many errors.' };
  expect(vetoesOfPart([errors, few])).toEqual([errors]);
  expect(vetoesOfPart([few])).toEqual([few]);
  expect(vetoesOfPart([])).toEqual([]);
});
