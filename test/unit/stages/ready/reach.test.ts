import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createServingClient } from '../../../../src/clients/serving/client.ts';
import { whyUnreachable } from '../../../../src/clients/serving/reach.ts';
import { checkEndpoint, withReach } from '../../../../src/stages/ready/reach.ts';
import type { ReadyStack } from '../../../../src/stages/ready/ready.ts';
import { startTestApi, type TestApi } from '../../clients/kubernetes/kube-api.ts';
import { answerAfter, completion, type ModelServer, startModelServer } from '../../load/model-server.ts';
import { stageContext, texts } from '../fakes.ts';

const PODS = { group: '', plural: 'pods' };
const IMAGE = `docker.io/library/node:24-slim@sha256:${'a'.repeat(64)}`;
const GATEWAY = { namespace: 'ns', name: 'inference' };
const AUTO = { 'load-from': 'auto', 'load-image': IMAGE };

let gateway: ModelServer;
let port: number;
let api: TestApi;
let stack: ReadyStack;
beforeAll(async () => {
  gateway = await startModelServer(answerAfter(1, completion(8)));
  port = Number(new URL(gateway.url).port);
});
afterAll(() => gateway.close());
afterEach(async () => {
  await stack?.tunnel?.close();
  await api?.close();
});

/** An API server with a pod of the gateway, which listens on the port of its listener. */
async function apiWith(ready: 'True' | 'False', denied: { verb: string; group: string; resource: string }[] = []) {
  api = await startTestApi({
    podProxy: (_namespace, _pod, at) => (at === port ? { host: '127.0.0.1', port } : null),
    denied,
  });
  api.store.create(PODS, gatewayPod('inference-istio-1', ready));
}

const gatewayPod = (name: string, ready: 'True' | 'False') => ({
  ...{ apiVersion: 'v1', kind: 'Pod' },
  metadata: { name, namespace: 'ns', labels: { 'gateway.networking.k8s.io/gateway-name': 'inference' } },
  spec: { nodeName: 'node-1', containers: [{ name: 'istio-proxy', image: 'x' }] },
  status: { podIP: '10.8.0.4', conditions: [{ type: 'Ready', status: ready }] },
});

const stackAt = (host: string) => {
  const origin = `http://${host}:${port}`;
  const route = { origin, endpoint: `${origin}/ns/m`, hostname: null, gateway: GATEWAY };
  return { route } as ReadyStack;
};
/** Nothing listens there. */
const INTERNAL = '127.0.0.2';

async function reached(host: string, inputs: Record<string, string>) {
  const { context, said } = stageContext({ kube: api.client() }, inputs);
  stack = await withReach(context, stackAt(host));
  return { stack, said: texts(said) };
}

describe('a gateway that the runner reaches', () => {
  it.each([AUTO, { ...AUTO, 'load-from': 'cluster' }, {}])('is asked directly with %o', async (inputs) => {
    await apiWith('True');
    const { stack: found, said } = await reached('127.0.0.1', inputs as Record<string, string>);
    expect(found.tunnel).toBeUndefined();
    expect(checkEndpoint(found)).toBe(found.route.endpoint);
    expect(said).toEqual([]);
    expect(api.requests).toEqual([]);
  });
});

describe('a gateway that the runner cannot reach', () => {
  it('is asked through the API server, many times at once, while its address stays that of the route', async () => {
    await apiWith('True');
    const { stack: found, said } = await reached(INTERNAL, AUTO);
    expect(found.route.endpoint).toBe(`http://${INTERNAL}:${port}/ns/m`);
    expect(said.at(-1)).toContain(`the runner cannot reach http://${INTERNAL}:${port}: it refuses connections`);
    const { signal } = new AbortController();
    const client = createServingClient({ baseUrl: checkEndpoint(found), hostname: null, signal });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => client.post('/v1/completions', { prompt: `p${n} ${'x'.repeat(5_000)}` })),
    );
    expect(answers.every(({ status, json }) => status === 200 && json?.choices !== undefined)).toBe(true);
    expect(gateway.paths.at(-1)).toBe('POST /ns/m/v1/completions');
    await client.close();
  });

  it('is asked through another pod once the first is gone', async () => {
    await apiWith('True');
    const { stack: found } = await reached(INTERNAL, AUTO);
    api.store.create(PODS, gatewayPod('inference-istio-2', 'True'));
    api.store.delete(PODS, 'ns', 'inference-istio-1');
    const { status } = await fetch(`${checkEndpoint(found)}/v1/models`);
    expect(status).toBe(200);
    const forwards = api.requests.filter(({ path }) => path.includes('/portforward'));
    expect(forwards.at(-1)?.path).toContain('/inference-istio-2/');
  });

  it('is left at its own address where the load is to come from the runner', async () => {
    await apiWith('True');
    expect((await reached(INTERNAL, {})).stack.tunnel).toBeUndefined();
  });

  it('ends the run in one sentence without an image for load clients in the cluster', async () => {
    await apiWith('True');
    await expect(reached(INTERNAL, { 'load-from': 'auto' })).rejects.toMatchObject({
      code: 'load-image-missing',
      message: expect.stringMatching(/^The runner cannot reach the gateway at http:.* Without "load-image" nothing/),
    });
  });

  it.each<[string, 'True' | 'False', { verb: string; group: string; resource: string }[], string]>([
    ['may not list its pods', 'True', [{ verb: 'list', group: '', resource: 'pods' }], 'pods'],
    ['may not open a port-forward', 'True', [{ verb: 'get', group: '', resource: 'pods/portforward' }], 'port-forward'],
    ['finds no pod that is Ready', 'False', [], 'has no Ready pod'],
  ])('ends the run where the gate %s', async (_title, ready, denied, words) => {
    await apiWith(ready, denied);
    await expect(reached(INTERNAL, AUTO)).rejects.toMatchObject({
      code: 'gateway-unreachable',
      message: expect.stringContaining(words),
      hint: expect.stringContaining('manifests/rbac/load.yaml'),
    });
  });
});

describe('an address', () => {
  const { signal } = new AbortController();

  it('is reached where something listens, by name and by address', async () => {
    expect(await whyUnreachable(`http://127.0.0.1:${port}`, signal)).toBeNull();
    expect(await whyUnreachable(`http://localhost:${port}/path`, signal)).toBeNull();
  });

  it('is not reached where nothing does, or its name is not known', async () => {
    expect(await whyUnreachable('http://127.0.0.1:1', signal)).toBe('it refuses connections');
    expect(await whyUnreachable('http://nobody.invalid', signal)).not.toBeNull();
  });

  it('is not looked at once the run has ended', async () => {
    await expect(whyUnreachable('http://127.0.0.1:1', AbortSignal.abort(new Error('ended')))).rejects.toThrow('ended');
  });
});
