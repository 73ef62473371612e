import { expect, it } from 'vitest';
import type { KubeClient } from '../../../src/clients/kubernetes/client.ts';
import { Failure } from '../../../src/lib/failure.ts';
import { nodeWatch } from '../../../src/pipeline/endings.ts';
import type { Known, Run } from '../../../src/pipeline/run.ts';
import { poolNodes } from '../../../src/stages/lease/nodes.ts';
import { fakeClock } from '../lib/fake-clock.ts';
import { aReport } from '../report/fixtures.ts';
import { fakeKube, nodes, POOL, someInputs } from '../stages/fakes.ts';

it('leased nodes are looked at once in an interval of polls, and one that is gone ends the wait', async () => {
  const clock = fakeClock();
  let there = nodes(3);
  let looks = 0;
  const { kube } = fakeKube({
    Node: () => {
      looks += 1;
      return there;
    },
  });
  const known: Partial<Known> = { service: null };
  const context = { clock, inputs: someInputs({ 'poll-interval': '5s' }) };
  const run = { context, known, report: () => aReport() } as unknown as Run;
  const watch = nodeWatch(run, kube as KubeClient);
  const later = () => clock.sleep(5_000, new AbortController().signal);
  await watch();
  expect(looks).toBe(0);
  known.leased = { pool: POOL.name, spot: false, nodes: await poolNodes(kube, POOL.name) };
  looks = 0;
  await later();
  await watch();
  await watch();
  expect(looks).toBe(1);
  there = nodes(2);
  await watch();
  await later();
  await expect(watch()).rejects.toThrow(Failure);
  await later();
  await expect(watch()).rejects.toMatchObject({ code: 'node-lost', evidence: { text: 'node-2 is gone' } });
});
