import { afterEach, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import { createLoadClient, type LoadClient } from '../../../../src/load/client.ts';
import { collectPairs } from '../../../../src/stages/benchmark/pairs.ts';
import { answerAfter, completion, type ModelServer, startModelServer } from '../../load/model-server.ts';
import { fakeKube, prepared, stageContext } from '../fakes.ts';

const PLAN = { minPairs: 3, maxPairs: 4, minSpeedup: 2.5, alpha: 0.05 };

let server: ModelServer;
const open: LoadClient[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
  await server.close();
});

/** One server stands for both arms; its counter is what the replica says of itself. */
async function collect(msLeft: number | null) {
  server = await startModelServer(answerAfter(10, completion(16)));
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pod-0', namespace: 'ns' },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
  const { kube } = fakeKube({ Pod: () => [pod] });
  kube.portForward = async () => ({ status: 200, body: `vllm:request_success_total ${server.requests}\n` });
  const { context } = stageContext({ kube: kube as KubeClient }, { concurrency: '2', 'pair-duration': '1s' });
  const client = () => {
    const made = createLoadClient({
      baseUrl: server.url,
      path: '/v1/completions',
      connections: 8,
      deadlineMs: 5_000,
      expect: { completionTokens: 16 },
    });
    open.push(made);
    return made;
  };
  const endsMs = msLeft === null ? {} : { endsMs: context.clock.now() + msLeft };
  const bench = {
    context: { ...context, ...endsMs },
    prepared: prepared({ service: { apiVersion: 'v1', name: 'qwen', namespace: 'ns', replicas: 1 } }),
    stack: { port: 8000, scheme: 'http', replicas: [pod] },
    model: { modelId: 'm' },
    one: { description: 'a pod' },
    clients: { one: client(), all: client() },
  };
  return collectPairs(bench as never, { ...PLAN, minSpeedup: 0.1 });
}

describe('the pairs of a benchmark', () => {
  it('end with a decision when there is time', async () => {
    const { pairs, look, looks, outOfTime, failing } = await collect(null);
    expect({ outOfTime, failing, decision: look.decision }).toEqual({
      ...{ outOfTime: false, failing: false, decision: 'pass' },
    });
    expect(pairs.length).toBeGreaterThanOrEqual(PLAN.minPairs);
    expect(looks.done).toBe(pairs.length - PLAN.minPairs + 1);
  });

  it('end undecided before the run is cut off, with what was measured by then', async () => {
    const { pairs, look, looks, outOfTime } = await collect(15_000);
    expect(pairs).toHaveLength(1);
    expect(pairs[0]!.oneCompleted).toBeGreaterThan(0);
    expect({ outOfTime, decision: look.decision, done: looks.done }).toEqual({
      ...{ outOfTime: true, decision: 'continue', done: 0 },
    });
  });
});
