import { afterEach, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { createLoadClient, type LoadClient } from '../../../../src/load/client.ts';
import { localSource } from '../../../../src/load/source.ts';
import { collectUnpaired } from '../../../../src/stages/benchmark/unpaired.ts';
import { workloadOf } from '../../../../src/stages/benchmark/workload.ts';
import { answerAfter, completion, type ModelServer, startModelServer } from '../../load/model-server.ts';
import { aBenchmark, aReport } from '../../report/fixtures.ts';
import { fakeKube, prepared, stageContext, texts } from '../fakes.ts';

const PLAN = { minPairs: 2, maxPairs: 2, minSpeedup: 2.5, alpha: 0.05 };
const INPUTS = { concurrency: '2', 'pair-duration': '1s', 'max-tokens': '16' };
const lost = new Failure({ stage: 'benchmark', code: 'node-lost', message: 'A leased node went away.' });

let server: ModelServer;
const open: LoadClient[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
  await server.close();
});

/** Collects where the pods are `after` once the service was scaled in, beside a baseline that compares. */
async function collect(after: 'held' | 'removed' | 'node lost') {
  server = await startModelServer(answerAfter(10, completion(16)));
  const pod = (name: string): KubeObject => ({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'ns', uid: name } },
    status: { podIP: '10.8.0.4', conditions: [{ type: 'Ready', status: 'True' }] },
  });
  let isScaled = false;
  const { kube } = fakeKube({ Pod: () => (isScaled && after === 'removed' ? [] : [pod('a'), pod('b')]) });
  // One of the pods serves all.
  const counters = (name: string) =>
    `vllm:request_success_total ${name === 'a' ? server.requests : 0}\nvllm:num_requests_running 0\n`;
  kube.portForward = async ({ pod: name }) => ({ status: 200, body: counters(name) });
  kube.mergePatch = async (ref) => {
    isScaled = true;
    return { ...ref, metadata: { name: ref.name } };
  };
  const { context, said } = stageContext({ kube: kube as KubeClient }, INPUTS);
  const origin = { from: 'runner' } as const;
  const environment = {
    ...{ modelId: 'm', vllmImage: 'vllm:1', machineType: 'ct6e-standard-4t', tpuTopology: '2x2', prefixCaching: true },
  };
  const workload = workloadOf(context, origin);
  const baseline = aReport({ benchmark: aBenchmark(2.7, 0.03, { concurrencyPerReplica: 2, workload }) });
  Object.assign(baseline.environment, environment);
  const source = () => {
    const made = createLoadClient({
      ...{ baseUrl: server.url, path: '/v1/completions', connections: 8, deadlineMs: 5_000 },
      expect: { completionTokens: 16 },
    });
    open.push(made);
    return localSource(made, { runKey: context.runKey, model: 'm', prompts: null, promptTokens: 640, maxTokens: 16 });
  };
  const all = source();
  const bench = {
    context: {
      ...{ ...context, baseline },
      refuseLostNodes: async () => {
        if (isScaled && after === 'node lost') throw lost;
      },
    },
    prepared: prepared({ service: { apiVersion: 'v1', name: 'qwen', namespace: 'ns', replicas: 2 } }),
    stack: { port: 8000, scheme: 'http', replicas: [pod('a'), pod('b')] },
    model: { modelId: 'm', environment },
    watch: { read: async () => ({ proxies: [] }) },
    loader: { fit: async () => {}, ceilingPerSecond: () => null, origin: () => origin },
    sources: { replicas: [all], all, direct: all },
  };
  return { collected: collectUnpaired(bench as never, PLAN, async () => {}), said };
}

describe('a baseline', () => {
  it('stands in for one replica where the service does not scale in', async () => {
    const { collected, said } = await collect('held');
    expect(await collected).toMatchObject({ design: 'recorded', pairs: [] });
    expect(texts(said).join('\n')).toContain('did not come down to one replica');
  });

  it.each([
    ['node lost', 'node-lost'],
    ['removed', 'replica-gone'],
  ] as const)('does not stand in for a stack that is lost: %s', async (after, code) => {
    const { collected } = await collect(after);
    await expect(collected).rejects.toMatchObject({ code });
  });
});
