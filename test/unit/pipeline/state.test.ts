import { describe, expect, it } from 'vitest';
import { readState, runnerState } from '../../../src/pipeline/state.ts';
import { LEASE } from '../stages/fakes.ts';

function stateOf(saved: Record<string, string>) {
  return readState({ getState: (name) => saved[name] ?? '' });
}

describe('the state between the steps', () => {
  const saved: Record<string, string> = {};
  const save = runnerState({
    saveState: (name, value) => {
      saved[name] = value;
    },
  });

  it('is read as it was saved', () => {
    save({ lease: null, outputDir: '/results', commentId: 'leg' });
    expect(stateOf(saved)).toMatchObject({ lease: null, lost: false, outputDir: '/results', commentId: 'leg' });
    save({ lease: LEASE });
    expect(stateOf(saved)).toMatchObject({ lease: LEASE, lost: false });
  });

  it.each([
    ['cut', JSON.stringify(LEASE).slice(0, -2)],
    ['null', 'null'],
    ['empty, and the rest is there', ''],
    ['a list', '[]'],
    ['empty JSON', '{}'],
    ['a lease without its pool', JSON.stringify({ ...LEASE, nodePool: undefined })],
    ['a lease of an odd pool', JSON.stringify({ ...LEASE, nodePool: 'v6e; rm -rf /' })],
  ])('is lost when the lease is %s', (_, lease) => {
    expect(stateOf({ ...saved, lease })).toMatchObject({ lease: null, lost: true });
  });

  it('is lost when there is none at all', () => {
    expect(stateOf({})).toMatchObject({ lease: null, lost: true });
  });
});
