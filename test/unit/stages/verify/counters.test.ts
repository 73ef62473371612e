import { expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { ReadyStack } from '../../../../src/stages/ready/ready.ts';
import { settled, snapshot } from '../../../../src/stages/verify/counters.ts';
import { fakeClock } from '../../lib/fake-clock.ts';
import { fakeKube, prepared, stageContext } from '../fakes.ts';

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
