import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkLoad } from '../../../../src/stages/preflight/load.ts';
import { fakeKube, stageContext } from '../fakes.ts';

const IMAGE = `docker.io/library/node:24-slim@sha256:${'a'.repeat(64)}`;
const REGISTRIES = 'ghcr.io/llm-d, docker.io/library/node';
const GATEWAY = { namespace: 'gateways', name: 'inference' };

let server: Server;
let port: number;
beforeAll(async () => {
  server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

interface Given {
  change?: Record<string, string>;
  prompts?: string[] | null;
  /** Of the gateway; null for none yet. */
  address?: string | null;
}

function looked({ change = {}, prompts = null, address = '127.0.0.1' }: Given = {}) {
  const inputs = { 'load-from': 'cluster', 'load-image': IMAGE, 'allowed-registries': REGISTRIES, ...change };
  const gateway = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { ...GATEWAY },
    spec: { listeners: [{ name: 'http', port, protocol: 'HTTP' }] },
    status: { addresses: address === null ? [] : [{ value: address }] },
  };
  const { context } = stageContext({ kube: fakeKube({ Gateway: () => [gateway] }).kube }, inputs);
  return checkLoad({ ...context, prompts, loadScript: 'x'.repeat(800_000) }, GATEWAY);
}

/** Nothing listens there. */
const INTERNAL = '127.0.0.2';
const AUTO = { 'load-from': 'auto' };
const ALONE = { ...AUTO, 'load-image': '' };
const CLIENTS = `2 load clients in the cluster, from ${IMAGE}`;

describe('load from the cluster', () => {
  it('has as many load clients as the input says, from its image', async () => {
    expect(await looked()).toEqual({ value: { cluster: true, tunnel: false }, seen: CLIENTS });
  });

  it.each([
    ['another registry', { 'load-image': `evil.example/node@sha256:${'a'.repeat(64)}` }],
    ['a repository that only begins alike', { 'load-image': `docker.io/library/nodejs@sha256:${'a'.repeat(64)}` }],
    ['registries without it', { 'allowed-registries': 'ghcr.io/llm-d' }],
  ])('may not have an image of %s', async (_title, change) => {
    await expect(looked({ change: change as Record<string, string> })).rejects.toMatchObject({ code: 'load-image' });
  });

  it('finds room for the prompts, or refuses them', async () => {
    expect(await looked({ prompts: ['short'] })).toMatchObject({ seen: expect.any(String) });
    await expect(looked({ prompts: ['long '.repeat(50_000)] })).rejects.toMatchObject({ code: 'load-prompts-size' });
  });

  it('needs a tunnel for the checks where the runner cannot reach the gateway', async () => {
    const because = `since the runner cannot reach http://${INTERNAL}:${port}: it refuses connections`;
    for (const change of [{}, AUTO]) {
      expect(await looked({ change, address: INTERNAL })).toEqual({
        ...{ value: { cluster: true, tunnel: true } },
        seen: `${CLIENTS}, ${because}; checks go through the API server`,
      });
    }
  });

  it('is not known before the gateway has an address', async () => {
    expect(await looked({ address: null })).toMatchObject({
      ...{ value: { cluster: true, tunnel: false }, outcome: 'not-checked' },
      seen: `${CLIENTS}; whether the runner reaches the gateway is not known yet`,
    });
  });
});

describe('load from where it can be had', () => {
  it('comes from the runner that reaches the gateway, and from the cluster where it is more than half of its power', async () => {
    expect(await looked({ change: AUTO })).toEqual({
      value: { cluster: true, tunnel: false },
      seen: `the runner, or ${CLIENTS}, where the plan has more than half of what the runner can send`,
    });
  });

  it('comes from the runner alone without an image', async () => {
    const { value, seen } = await looked({ change: ALONE });
    expect(value).toEqual({ cluster: false, tunnel: false });
    expect(seen).toContain('need "load-image"');
  });

  it('is refused in one sentence where the runner cannot reach the gateway and there is no image', async () => {
    await expect(looked({ change: ALONE, address: INTERNAL })).rejects.toMatchObject({
      code: 'load-image-missing',
      message: `The runner cannot reach the gateway at http://${INTERNAL}:${port}: it refuses connections. Without "load-image" nothing inside the cluster can measure in its place.`,
    });
  });
});
