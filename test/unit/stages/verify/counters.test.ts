import { describe, expect, it } from 'vitest';
import type { ReplicaCounters } from '../../../../src/clients/serving/client.ts';
import { cacheBetween, type Snapshot, servedBetween } from '../../../../src/stages/verify/counters.ts';

const of = (...replicas: Partial<ReplicaCounters>[]): Snapshot => ({
  ready: replicas.length,
  problems: [],
  pods: replicas.map((counters, index) => ({
    pod: `pod-${index}`,
    restarts: 0,
    counters: { processStartSeconds: 1_700_000_000, ...counters } as ReplicaCounters,
  })),
});
const counted = (requests: number, prefixQueries: number, prefixHits: number, more: Partial<ReplicaCounters> = {}) => ({
  ...{ requests, prefixQueries, prefixHits },
  ...more,
});

describe('the counters of the replicas between two moments', () => {
  it('are differences, pod by pod', () => {
    const [before, after] = [of(counted(10, 100, 40), counted(0, 0, 0)), of(counted(16, 160, 80), counted(4, 40, 0))];
    expect(servedBetween(before, after)).toEqual([
      { pod: 'pod-0', requests: 6 },
      { pod: 'pod-1', requests: 4 },
    ]);
    expect(cacheBetween(before, after)).toEqual({ queries: 100, hits: 40 });
  });

  it.each([
    ['a counter that fell', counted(900, 9_000, 100), counted(6, 60, 10)],
    [
      'another process that has counted more',
      counted(2, 20, 1),
      counted(6, 60, 10, { processStartSeconds: 1_700_000_050 }),
    ],
    [
      'no start of the process',
      counted(9, 90, 1, { processStartSeconds: null }),
      counted(6, 60, 10, { processStartSeconds: null }),
    ],
  ])('are unknown with %s, not below 0', (_, before, after) => {
    expect(servedBetween(of(before), of(after))).toBeNull();
    expect(cacheBetween(of(before), of(after))).toBeNull();
  });
});
