import { describe, expect, it } from 'vitest';
import type { SloLimit } from '../../../../src/lib/slo.ts';
import { gapCounter } from '../../../../src/load/gaps.ts';
import { createHistogram } from '../../../../src/load/histogram.ts';
import type { LatencyFigures } from '../../../../src/report/model.ts';
import { latencySamples } from '../../../../src/stages/benchmark/latency-samples.ts';

const LIMITS: readonly SloLimit[] = [
  { name: 'itl-p95', relation: '<', limit: 40 },
  { name: 'ttft-p95', relation: '<', limit: 500 },
  { name: 'itl-p50', relation: '<=', limit: 20 },
];

const figures = { ratePerSecond: 8, buffered: false, client: { stalledShare: 0.01 } } as LatencyFigures;

describe('what limits of latency are judged by', () => {
  it('is each valid answer, and an infinite one for each that failed', () => {
    const result = {
      ...{ errors: 1, e2eMs: [260, 260], ttftMs: [100, 100], tpotMs: [10], streams: [] },
      gaps: createHistogram(),
    };
    expect(latencySamples(figures, { result, limits: [], tokens: 16 })).toEqual({
      ...{ ratePerSecond: 8, buffered: false, stalledShare: 0.01 },
      e2eMs: [260, 260, Number.POSITIVE_INFINITY],
      ttftMs: [100, 100, Number.POSITIVE_INFINITY],
      tpotMs: [10, Number.POSITIVE_INFINITY],
      itl: [],
    });
  });

  it('is the gaps of each stream apart, against each limit of a gap', () => {
    const counter = gapCounter(LIMITS);
    const gaps = createHistogram();
    for (const stream of [[10, 20, 40], [10, 39.9, 41, 50], []]) {
      const take = counter.ofStream();
      for (const ms of stream) {
        take(ms);
        gaps.add(ms);
      }
    }
    const result = { errors: 1, e2eMs: [], ttftMs: [], tpotMs: [], streams: counter.streams, gaps };
    const { itl } = latencySamples(figures, { result, limits: LIMITS, tokens: 16 });
    expect(itl.map(({ limit, streams }) => [limit.name, streams.map(({ gaps: n, over }) => [n, over])])).toEqual([
      [
        'itl-p95',
        [
          [3, 1],
          [4, 2],
          [0, 0],
          [15, 15],
        ],
      ],
      [
        'itl-p50',
        [
          [3, 1],
          [4, 3],
          [0, 0],
          [15, 15],
        ],
      ],
    ]);
    expect(itl[1]?.valueMs).toBeCloseTo(40, 0);
  });
});
