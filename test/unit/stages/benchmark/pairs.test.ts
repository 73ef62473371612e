import { afterEach, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import { createLoadClient, type LoadClient } from '../../../../src/load/client.ts';
import { localSource } from '../../../../src/load/source.ts';
import type { GatewayWatch } from '../../../../src/stages/benchmark/gateway-watch.ts';
import { collectPairs } from '../../../../src/stages/benchmark/pairs.ts';
import { judgeCluster } from '../../../../src/verdict/plausibility-cluster.ts';
import { answerAfter, completion, type ModelServer, startModelServer } from '../../load/model-server.ts';
import { fakeKube, prepared, stageContext } from '../fakes.ts';

const PLAN = { minPairs: 3, maxPairs: 4, minSpeedup: 2.5, alpha: 0.05 };

let server: ModelServer;
const open: LoadClient[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
  await server.close();
});

interface Replicas {
  /** Output tokens that the replica counts for each request; 16 are ordered. */
  counted?: number;
  /** Requests of somebody else that it has all the time. */
  running?: number;
  /** Readings of the pods after which there is another. */
  grows?: number;
  /** Whether the endpoint picker is asked for the ways of single replicas too. */
  isPickerShared?: boolean;
}

/** One server stands for both arms; its counter is what the replica says of itself. */
async function collect(
  msLeft: number | null,
  gateway: GatewayWatch['read'] = async () => ({ proxies: [] }),
  { counted = 16, running = 0, grows = Number.POSITIVE_INFINITY, isPickerShared = true }: Replicas = {},
) {
  server = await startModelServer(answerAfter(10, completion(16)));
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pod-0', namespace: 'ns' },
    status: { podIP: '10.8.0.4', conditions: [{ type: 'Ready', status: 'True' }] },
  };
  let readings = 0;
  const another = { ...pod, metadata: { ...pod.metadata, name: 'pod-1' }, status: { phase: 'Pending' } };
  const { kube } = fakeKube({ Pod: () => (++readings > grows ? [pod, another] : [pod]) });
  const metrics = () =>
    [
      `vllm:request_success_total ${server.requests}`,
      `vllm:prompt_tokens_total ${20 * server.requests}`,
      `vllm:generation_tokens_total ${counted * server.requests}`,
      `vllm:num_requests_running ${running}`,
      'vllm:num_requests_waiting 0\n',
    ].join('\n');
  kube.portForward = async () => ({ status: 200, body: metrics() });
  const { context } = stageContext(
    { kube: kube as KubeClient },
    {
      ...{ concurrency: '2', 'pair-duration': '1s', 'max-tokens': '16' },
    },
  );
  const workload = { runKey: context.runKey, model: 'm', prompts: null, promptTokens: 640, maxTokens: 16 };
  const source = () => {
    const made = createLoadClient({
      baseUrl: server.url,
      path: '/v1/completions',
      connections: 8,
      deadlineMs: 5_000,
      expect: { completionTokens: 16 },
    });
    open.push(made);
    return localSource(made, workload);
  };
  const endsMs = msLeft === null ? {} : { endsMs: context.clock.now() + msLeft };
  const bench = {
    context: { ...context, ...endsMs },
    prepared: prepared({ service: { apiVersion: 'v1', name: 'qwen', namespace: 'ns', replicas: 1 } }),
    stack: { port: 8000, scheme: 'http', replicas: [pod] },
    model: { modelId: 'm' },
    one: { description: 'a pod', isPickerShared, replicas: [{ pod: 'pod-0', way: 'run-0' }] },
    watch: { read: gateway },
    loader: { fit: async () => {}, ceilingPerSecond: () => null },
    sources: { replicas: [source()], all: source(), direct: source() },
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

  it('have a third block where the picker is not shared, and both ratios', async () => {
    const { pairs, evidence, ways, look } = await collect(null, undefined, { isPickerShared: false });
    expect(evidence).toHaveLength(3 * pairs.length);
    expect(pairs[0]).toMatchObject({ baseline: 'pod-0', directRequestsPerSecond: expect.any(Number) });
    expect(look.estimate).toEqual(ways?.used === 'picker' ? ways.picker : ways?.direct);
    expect(look.estimate?.low).toBe(Math.min(ways?.picker?.low ?? 0, ways?.direct?.low ?? 0));
  });

  it('have what the gateway counted for each replica at the edges of each block', async () => {
    let read = 0;
    const { evidence } = await collect(null, async () => {
      read += 1;
      // The replica refuses in the fifth block alone, the first of the third pair.
      const refused = read > 5 ? 7 : 0;
      const host = { cluster: 'pool', host: '10.8.0.4:8000', requests: 100 * read, errors: refused };
      return { proxies: [{ pod: 'gateway-0', hosts: [{ ...host, connectFailures: refused }] }] };
    });
    expect(read).toBe(evidence.length + 1);
    expect(evidence.map(({ gateway }) => gateway.pods[0]?.connectFailures)).toEqual(
      evidence.map((_, index) => (index === 4 ? 7 : 0)),
    );
    expect(evidence.map(({ gateway }) => gateway.pods[0]?.requests)).toEqual(evidence.map(() => 100));
    expect(evidence[4]).toMatchObject({ pair: 2, gateway: { problem: null } });
  });

  /** Vetoes and warnings over the blocks alone. */
  async function judged(replicas: Replicas) {
    const { evidence } = await collect(null, undefined, replicas);
    const vetoes: string[] = [];
    const warnings: string[] = [];
    const titles = { one: 'one-replica arm', all: 'all-replicas arm' };
    judgeCluster(
      { blocks: evidence } as never,
      titles,
      (id) => vetoes.push(id),
      (id) => warnings.push(id),
    );
    return { vetoes, warnings };
  }

  it('are held to the tokens that the replicas count', async () => {
    expect(await judged({})).toEqual({ vetoes: [], warnings: [] });
    expect(await judged({ counted: 13 })).toEqual({ vetoes: ['work-missing'], warnings: [] });
    expect(await judged({ counted: 17 })).toEqual({ vetoes: ['foreign-work'], warnings: [] });
  });

  it('are not believed while a replica has a request of somebody else', async () => {
    expect((await judged({ running: 1 })).vetoes).toEqual(['busy-at-edges']);
  });

  it('are not believed once a replica was added, Ready or not', async () => {
    expect((await judged({ grows: 6 })).vetoes).toEqual(['replicas-changed']);
  });
});
