import { describe, expect, it } from 'vitest';
import {
  DEFAULT_VIEW,
  formatView,
  parseView,
  rangeOf,
  spanOf,
  spanWith,
} from '../../../../../src/history/page/client/state.ts';

const DAY = 86_400;
const TIMES = Array.from({ length: 10 }, (_, index) => Date.parse('2026-01-01T02:10:33Z') / 1_000 + index * DAY);

describe('the view in the fragment of an address', () => {
  it('comes back as it was', () => {
    const view = {
      ...{ series: 'v6e nightly & more', range: '2026-01-03T02:10..2026-01-05T02:10', metric: 'hit-rate' },
      ...{ verdict: 'fail', run: '30/1/v6e nightly & more', from: '1/1/a', to: '2/1/b' },
    };
    expect(parseView(`#${formatView(view)}`)).toEqual(view);
  });

  it('has only what differs from the default', () => {
    expect(formatView(DEFAULT_VIEW)).toBe('');
    expect(formatView({ ...DEFAULT_VIEW, metric: 'latency' })).toBe('metric=latency');
    expect(parseView('')).toEqual(DEFAULT_VIEW);
    expect(parseView('#run=7')).toEqual({ ...DEFAULT_VIEW, run: '7' });
  });

  it('is not in the anchor of a heading', () => {
    expect(parseView('#s0-nights')).toBeNull();
  });
});

describe('a range', () => {
  it.each([
    ['3', [7, 9]],
    ['90', [0, 9]],
    ['all', [0, 9]],
    ['2026-01-03T02:10..2026-01-05T02:10', [2, 4]],
    ['2026-01-03T02:11..2026-01-05T02:09', [3, 3]],
    ['2026-01-05T02:10..2026-01-03T02:10', [0, 9]],
    ['2027-01-01T00:00..2027-02-01T00:00', [0, 9]],
    ['0', [0, 9]],
    ['<script>', [0, 9]],
    ['..', [0, 9]],
  ])('%s is the runs %j', (range, span) => {
    expect(spanOf(range, TIMES)).toEqual(span);
  });

  it('of two runs has both of them', () => {
    expect(spanOf(rangeOf(TIMES[4]!, TIMES[6]!), TIMES)).toEqual([4, 6]);
  });

  it('of no run is empty, and one with the selected run holds it', () => {
    expect(spanOf('30', [])).toEqual([0, 0]);
    expect(spanWith([7, 9], 2)).toEqual([2, 9]);
    expect(spanWith([7, 9], null)).toEqual([7, 9]);
  });
});
