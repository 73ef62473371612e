import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { ReplicaCounters } from '../../../../src/clients/serving/client.ts';
import type { ReadyStack } from '../../../../src/stages/ready/ready.ts';
import {
  cacheBetween,
  type Snapshot,
  servedBetween,
  settled,
  snapshot,
} from '../../../../src/stages/verify/counters.ts';
import { fakeClock } from '../../lib/fake-clock.ts';
import { fakeKube, prepared, stageContext } from '../fakes.ts';

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

/** One replica whose counter shows 10 requests `lagMs` after they were answered. */
function replica(interval: string, lagMs: number) {
  const clock = fakeClock();
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'ns' }, status: {} };
  const { kube } = fakeKube({ Pod: () => [pod] });
  const body = () => `vllm:request_success_total{finished_reason="stop"} ${clock.now() >= lagMs ? 10 : 0}\n`;
  const answer = async () => ({ status: 200, body: body() });
  const client = { ...kube, podProxy: answer, portForward: answer } as KubeClient;
  const { context } = stageContext({ kube: client }, { 'poll-interval': interval });
  return { clock, context: { ...context, clock } };
}

const stack = { scheme: 'http', port: 8000 } as ReadyStack;

it.each(['50ms', '250ms', '5s', '30s'])('counters have four seconds to show what was sent, at %s', async (interval) => {
  const late = replica(interval, 3_500);
  const before = await snapshot(late.context, prepared(), stack);
  const after = await settled(late.context, prepared(), stack, before, 10);
  expect(after.pods.map(({ counters }) => counters?.requests)).toEqual([10]);

  const never = replica(interval, Number.POSITIVE_INFINITY);
  const zero = await settled(never.context, prepared(), stack, await snapshot(never.context, prepared(), stack), 10);
  expect(zero.pods.map(({ counters }) => counters?.requests)).toEqual([0]);
  expect(never.clock.now()).toBeLessThan(5_001);
});
