import { describe, expect, it } from 'vitest';
import { spreadOf, standingOut } from '../../../src/verdict/spread.ts';

const WOBBLE = [0.01, -0.012, 0.004, -0.008, 0.011, -0.005];

/** Two rounds over three pods whose speeds are given, with noise of about one per cent. */
function pairsOf(speeds: readonly number[], rounds = 2) {
  return Array.from({ length: 3 * rounds }, (_, index) => ({
    baseline: `pod-${index % 3}`,
    oneRequestsPerSecond: 10 * speeds[index % 3]! * (1 + WOBBLE[index % 6]!),
    allRequestsPerSecond: 26,
  }));
}

describe('replicas, each alone', () => {
  it('are listed with what they do beside their mean', () => {
    const spread = spreadOf(pairsOf([0.85, 1, 1]));
    expect(spread?.spread).toBeCloseTo(1 / 0.85 - 1, 1);
    expect(spread?.perReplica.map(({ pod, pairs }) => [pod, pairs])).toEqual([
      ...[
        ['pod-0', 2],
        ['pod-1', 2],
        ['pod-2', 2],
      ],
    ]);
    expect(spread?.perReplica[0]?.relative).toBeCloseTo(0.85 / 0.95, 1);
    expect(spread?.perReplica[0]?.requestsPerSecond).toBeCloseTo(8.5, 0);
  });

  it.each([
    [[0.85, 1, 1], 'speed: pod-0 is 10% slower than the replicas are on average. Each'],
    [[1, 1.12, 1], 'speed: pod-1 is 8% faster than the replicas are on average. Each'],
  ])('are named when one stands out: %j', (speeds, name) => {
    expect(standingOut(spreadOf(pairsOf(speeds)))).toContain(name);
  });

  it('are not named for noise, nor for a difference that matters to nobody', () => {
    expect(standingOut(spreadOf(pairsOf([1, 1, 1])))).toBeNull();
    expect(standingOut(spreadOf(pairsOf([0.98, 1, 1], 5)))).toBeNull();
    // A single noisy round shows no deviation within replicas.
    expect(standingOut(spreadOf(pairsOf([0.5, 1, 1], 1)))).toBeNull();
  });

  it('have no spread where one alone was the baseline, or it is not known', () => {
    expect(spreadOf(pairsOf([1, 1, 1]).map((pair) => ({ ...pair, baseline: 'pod-0' })))).toBeNull();
    expect(spreadOf(pairsOf([1, 1, 1]).map((pair) => ({ ...pair, baseline: null })))).toBeNull();
    expect(standingOut(null)).toBeNull();
  });
});
