import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import { createServingClient, readReplica } from '../../../../src/clients/serving/client.ts';
import { parseClusters } from '../../../../src/clients/serving/envoy.ts';
import { parseMetrics, sumOf } from '../../../../src/clients/serving/metrics.ts';
import { GARBAGE, OWN_WORDS } from '../garbage.ts';

const ODD: Record<string, string> = {
  ...GARBAGE,
  'choices that are no list': '{"choices":{"0":{"text":"x"}},"data":"x","usage":[7]}',
  'choices of nothing': '{"choices":[null,7,"x",{"message":null},{"message":"x"}],"data":[null,"x"]}',
};

let server: Server;
let body = '';
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('an answer of the model server', () => {
  it.each(Object.entries(ODD))('has only fields of their own types: %s', async (_, given) => {
    body = given;
    const client = createServingClient({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      signal: new AbortController().signal,
    });
    const { json, status } = await client.get('/v1/models');
    await client.close();
    expect(status).toBe(200);
    for (const { id } of json?.data ?? []) expect(typeof id).toBe('undefined');
    for (const { text, message } of json?.choices ?? []) {
      expect(typeof text).toBe('undefined');
      expect(typeof message?.content).toBe('undefined');
    }
    expect(json?.usage?.completion_tokens).toBeUndefined();
  });
});

describe('the counters of a replica', () => {
  it.each(Object.entries(GARBAGE))('are not 0 because a page has none: %s', async (_, given) => {
    const kube = {
      portForward: async () => ({ status: 200, body: given }),
      podProxy: async () => ({ status: 200, body: given }),
    } as unknown as KubeClient;
    const reading = readReplica(kube, 'ns', 'vllm-0', 8_000, 'https');
    await expect(reading).rejects.toThrow(/^could not read the metrics of pod vllm-0: .*HTTP 200: no metrics of vLLM/);
  });

  it('are unknown where they are no finite number', () => {
    expect(sumOf(parseMetrics('vllm:a NaN\n'), 'vllm:a')).toBeNull();
    expect(sumOf(parseMetrics('vllm:a +Inf\n'), 'vllm:a')).toBeNull();
    expect(sumOf(parseMetrics('vllm:a 3\n'), 'vllm:a')).toBe(3);
  });
});

describe('the clusters of an Envoy', () => {
  const odd: Record<string, string> = {
    ...GARBAGE,
    'no list': '{"cluster_statuses":{}}',
    'a cluster of nothing': '{"cluster_statuses":[null]}',
    'hosts that are no list': '{"cluster_statuses":[{"name":"a","host_statuses":"x"}]}',
    'a host of nothing': '{"cluster_statuses":[{"name":"a","host_statuses":[null]}]}',
    'a counter that is no number':
      '{"cluster_statuses":[{"name":"a","host_statuses":[{"stats":[{"name":"rq_total","value":"many"}]}]}]}',
  };

  it.each(Object.entries(odd))('are read whole or not at all: %s', (_, given) => {
    const read = () => parseClusters(given);
    expect(read).toThrow(/^the answer of the Envoy is not its clusters: /);
    expect(read).not.toThrow(OWN_WORDS);
  });
});
