import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { ReplicaCounters } from '../../../../src/clients/serving/client.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import type { ReadyStack } from '../../../../src/stages/ready/ready.ts';
import {
  atRest,
  cacheBetween,
  type Snapshot,
  servedBetween,
  settled,
  snapshot,
  tokensBetween,
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

describe('the counters of a block', () => {
  const MET = { prompt: 1_000, generation: 500 };
  /** One replica by its reading at a time, milliseconds. */
  function by(reading: (ms: number) => { requests: number; tokens: number; running?: number }) {
    const made = replica('50ms', 0);
    const answer = async () => {
      const { requests, tokens, running = 0 } = reading(made.clock.now());
      const body = [
        `vllm:request_success_total ${requests}`,
        `vllm:prompt_tokens_total ${2 * tokens}`,
        `vllm:generation_tokens_total ${tokens}`,
        `vllm:num_requests_running ${running}`,
        'vllm:num_requests_waiting 0',
      ].join('\n');
      return { status: 200, body: `${body}\n` };
    };
    Object.assign(made.context.kube, { podProxy: answer, portForward: answer });
    return made;
  }

  it('wait for tokens that come after the requests', async () => {
    const { context } = by((ms) => ({ requests: ms > 0 ? 10 : 0, tokens: ms > 2_000 ? 500 : ms > 0 ? 400 : 0 }));
    const before = await snapshot(context, prepared(), stack);
    await context.clock.sleep(1, context.signal);
    const after = await settled(context, prepared(), stack, before, 10, MET);
    expect(tokensBetween(before, after)).toEqual(MET);
  });

  it('are taken after four seconds where tokens never come', async () => {
    const { context, clock } = by((ms) => ({ requests: ms > 0 ? 10 : 0, tokens: ms > 0 ? 410 : 0 }));
    const before = await snapshot(context, prepared(), stack);
    await context.clock.sleep(1, context.signal);
    const after = await settled(context, prepared(), stack, before, 10, MET);
    expect(tokensBetween(before, after)).toEqual({ prompt: 820, generation: 410 });
    expect(clock.now()).toBeGreaterThan(3_900);
    expect(clock.now()).toBeLessThan(5_001);
  });

  it('wait once for requests that somebody else keeps running', async () => {
    const { context, clock } = by((ms) => ({ requests: ms > 0 ? 10 : 0, tokens: ms > 0 ? 500 : 0, running: 1 }));
    const busy = await atRest(context, prepared(), stack);
    expect(clock.now()).toBeGreaterThan(3_900);
    const began = clock.now();
    await settled(context, prepared(), stack, busy, 0, { prompt: 0, generation: 0 });
    expect(clock.now()).toBe(began);
  });

  it('begin when nothing of the warm-up is still to be counted', async () => {
    const { context, clock } = by((ms) => ({ requests: Math.min(10, Math.floor(ms / 40)), tokens: 0 }));
    const first = await atRest(context, prepared(), stack);
    expect(first.pods[0]?.counters?.requests).toBe(10);
    expect(clock.now()).toBeLessThan(2_000);
  });

  it('have no tokens where a replica does not export them', async () => {
    const { context } = replica('50ms', 0);
    const before = await snapshot(context, prepared(), stack);
    expect(tokensBetween(before, before)).toBeNull();
  });

  it('are not waited for where a replica cannot be read, since its node is lost', async () => {
    const { clock, context } = replica('50ms', 0);
    const before = await snapshot(context, prepared(), stack);
    const lost = new Failure({ stage: 'benchmark', code: 'node-lost', message: 'A leased node went away.' });
    const watched = { ...context, refuseLostNodes: () => Promise.reject(lost) };
    const silent = () => Promise.reject(new Error('no route to host'));
    const kube = { ...context.kube, portForward: silent, podProxy: silent };
    await expect(settled({ ...watched, kube }, prepared(), stack, before, 10)).rejects.toBe(lost);
    expect(clock.now()).toBe(0);
    expect((await settled(watched, prepared(), stack, before, 0)).problems).toEqual([]);
  });

  it('are those of pods that live: one that was evicted stays listed', async () => {
    const { context } = by(() => ({ requests: 0, tokens: 0 }));
    const pod = (name: string, status: object, metadata = {}) => ({
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'ns', ...metadata }, status },
    });
    const list = async () => [
      pod('a', { phase: 'Running' }),
      pod('b', { phase: 'Failed', reason: 'Evicted' }),
      pod('c', { phase: 'Running' }, { deletionTimestamp: '2026-11-22T14:10:00Z' }),
    ];
    Object.assign(context.kube, { list });
    expect((await snapshot(context, prepared(), stack)).pods.map((one) => one.pod)).toEqual(['a']);
  });
});

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
