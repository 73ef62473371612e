import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseClusters } from '../../../src/clients/serving/envoy.ts';
import { type Lab, startLab, words } from './fixture.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** Everything the server sends until it closes the connection. */
function raw(url: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.on('close', () => resolve(received));
  });
}

describe('gateway', () => {
  it('refuses HTTP/1.0 with the 172 bytes that ab recorded', async () => {
    const reply = await raw(
      lab.gatewayUrl,
      'POST /ns/m/v1/completions HTTP/1.0\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
    );
    expect(reply).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
    expect(reply).toMatch(/\r\n\r\nUpgrade Required$/);
    expect(reply).toContain('server: istio-envoy\r\n');
    expect(reply).toHaveLength(172);
  });

  it('answers 404 without a body where no route is', async () => {
    expect(await lab.get('/elsewhere')).toMatchObject({ status: 404, text: '' });
  });

  it('names itself and the time upstream, and hides the server behind', async () => {
    const { headers } = await lab.get('/ns/m/health');
    expect(headers.server).toBe('istio-envoy');
    expect(Number(headers['x-envoy-upstream-service-time'])).toBeGreaterThanOrEqual(0);
    expect(headers['x-went-into-resp-headers']).toBeUndefined();
    expect(headers).not.toHaveProperty('connection');
  });

  it('counts requests by route', async () => {
    const before = await lab.record();
    await lab.get('/ns/m/version');
    await lab.complete('hi');
    const after = await lab.record();
    expect(after.gateway.requests - before.gateway.requests).toBe(2);
    expect(after.gateway.byRoute['ns/route/2']! - (before.gateway.byRoute['ns/route/2'] ?? 0)).toBe(1);
  });

  it('adds up the time with requests in flight, however many there are', async () => {
    const before = (await lab.record()).gateway.loadedMs;
    const began = performance.now();
    await Promise.all([lab.complete('one'), lab.complete('two'), lab.complete('three')]);
    const tookMs = performance.now() - began;
    const { loadedMs } = (await lab.record()).gateway;
    expect(loadedMs).toBeGreaterThan(before);
    expect(loadedMs - before).toBeLessThanOrEqual(tookMs + 1);
    expect((await lab.record()).gateway.loadedMs).toBe(loadedMs);
  });
});

const PICKER = 'outbound|9002||epp.ns.svc.cluster.local';
const POOL = 'outbound|54321||pool-ip.ns.svc.cluster.local';
const NOTHING = { requests: 0, errors: 0, connectFailures: 0 };

/** What Envoy has counted for all hosts of a cluster; null when it lists none. */
async function counted(of: Lab, cluster: string) {
  const response = await fetch(`http://127.0.0.1:${of.gatewayAdminPort}/clusters?format=json`);
  const hosts = parseClusters(await response.text()).filter((host) => host.cluster === cluster);
  if (hosts.length === 0) return null;
  return hosts.reduce(
    (sum, { requests, errors, connectFailures }) => ({
      requests: sum.requests + requests,
      errors: sum.errors + errors,
      connectFailures: sum.connectFailures + connectFailures,
    }),
    NOTHING,
  );
}

describe('the Envoy of the gateway', () => {
  it('lists the hosts of each cluster before anybody has asked for them', async () => {
    const fresh = await startLab();
    try {
      expect(await counted(fresh, PICKER)).toEqual(NOTHING);
      expect(await counted(fresh, POOL)).toEqual(NOTHING);
    } finally {
      await fresh.close();
    }
  });

  it('counts each completion once for the endpoint picker and once for a replica', async () => {
    const own = await startLab();
    try {
      for (let index = 0; index < 3; index += 1) await own.complete('hi');
      await own.get('/ns/m/version');
      expect(await counted(own, PICKER)).toEqual({ ...NOTHING, requests: 3 });
      // The lab's Service and pool share a cluster.
      expect(await counted(own, POOL)).toEqual({ ...NOTHING, requests: 4 });
    } finally {
      await own.close();
    }
  });

  it('starts to count anew when a DestinationRule changes the cluster', async () => {
    const own = await startLab();
    try {
      await own.complete('hi');
      await own.setPool(own.pool({ tls: false, picker: { ...own.picker, tls: false } }));
      expect(await counted(own, PICKER)).toEqual(NOTHING);
    } finally {
      await own.close();
    }
  });
});

describe('an endpoint picker that the gateway cannot use', () => {
  let broken: Lab;
  afterEach(() => broken.close());

  /** Three completions: their statuses, marks, where they went, and what Envoy counted for the picker. */
  const play = async () => {
    const answers = [];
    for (let index = 0; index < 3; index += 1) answers.push(await broken.complete(words('same', 2560)));
    return {
      answers: answers.map(({ status, text, headers }) => [
        status,
        status === 200 ? '' : text,
        'x-went-into-resp-headers' in headers,
      ]),
      served: await broken.shares(),
      picker: await counted(broken, PICKER),
      models: (await broken.get('/ns/m/v1/models')).status,
    };
  };
  const times = (answer: [number, string, boolean]) => [answer, answer, answer];
  const FAILED = { answers: times([500, '', false]), served: { a: 0, b: 0, c: 0 }, models: 200 };
  const ROUND_ROBIN = { answers: times([200, '', false]), served: { a: 1, b: 1, c: 1 }, models: 200 };

  it('fails completions with an empty 500 while a dead picker is listed, and lets the model list pass', async () => {
    broken = await startLab({ picker: 'dead' });
    expect(await play()).toEqual({ ...FAILED, picker: { requests: 0, errors: 3, connectFailures: 3 } });
    // A NotReady pod whose address an EndpointSlice still has.
    await broken.setPool(broken.pool({ picker: { ...broken.picker, address: null } }));
    expect((await broken.complete('hi')).status).toBe(500);
  });

  it.each([
    ['behind a NetworkPolicy', { reachable: false }, { requests: 0, errors: 3, connectFailures: 3 }],
    ['without TLS behind a rule for TLS', { servesTls: false }, { requests: 0, errors: 3, connectFailures: 3 }],
    ['with TLS and no rule for it', { tls: false }, { requests: 3, errors: 3, connectFailures: 0 }],
  ])('fails completions for a picker %s', async (_, change, picker) => {
    broken = await startLab();
    await broken.setPool(broken.pool({ picker: { ...broken.picker, ...change } }));
    expect(await play()).toEqual({ ...FAILED, picker });
  });

  it('passes a request without a body where the pool fails open, and no other', async () => {
    broken = await startLab({ picker: 'dead' });
    const get = async (failOpen: boolean) => {
      const pool = broken.pool({ picker: { ...broken.picker, failOpen } });
      await broken.setRoutes([broken.route(0, '', pool)]);
      return (await broken.get('/ns/m/v1/models')).status;
    };
    expect([await get(true), await get(false)]).toEqual([200, 500]);
  });

  it('goes round-robin without a count while no pod of it is listed', async () => {
    broken = await startLab();
    await broken.setPool(broken.pool({ picker: { ...broken.picker, address: null } }));
    expect(await play()).toEqual({ ...ROUND_ROBIN, picker: null });
  });

  it('fails completions while no pod of it is listed and the pool fails closed', async () => {
    broken = await startLab();
    await broken.setPool(broken.pool({ picker: { ...broken.picker, address: null, failOpen: false } }));
    expect(await play()).toEqual({ ...FAILED, picker: null });
  });

  it('goes round-robin without a count where a filter has erased it', async () => {
    broken = await startLab();
    await broken.setPool(broken.pool({ picker: { ...broken.picker, asked: false } }));
    expect(await play()).toEqual({ ...ROUND_ROBIN, picker: NOTHING });
  });

  it('goes round-robin without a count in the scenario of a bypassed picker', async () => {
    broken = await startLab({ picker: 'bypassed' });
    expect(await play()).toEqual({ ...ROUND_ROBIN, picker: NOTHING });
  });

  it('leaves completions without an answer while the picker is stopped', async () => {
    broken = await startLab({ picker: 'stopped' });
    const { gatewayUrl } = broken;
    const body = JSON.stringify({ model: 'qwen', prompt: 'hi' });
    const silent = fetch(`${gatewayUrl}/ns/m/v1/completions`, {
      method: 'POST',
      body,
      signal: AbortSignal.timeout(300),
    });
    await expect(silent).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await counted(broken, PICKER)).toEqual({ ...NOTHING, requests: 1 });
    expect((await broken.get('/ns/m/v1/models')).status).toBe(200);
  });
});

describe('a replica that is gone and still listed', () => {
  let torn: Lab;
  beforeAll(async () => {
    torn = await startLab();
    await torn.setPool(torn.pool({ endpoints: torn.endpoints(['a', 'gone']), picker: null }));
  });
  afterAll(() => torn.close());

  it('is invisible to clients: the gateway sends the request to another, and counts what failed', async () => {
    for (let index = 0; index < 6; index += 1) expect((await torn.complete('hi')).status).toBe(200);
    const response = await fetch(`http://127.0.0.1:${torn.gatewayAdminPort}/clusters?format=json`);
    const hosts = parseClusters(await response.text());
    const host = (pod: string) =>
      hosts.find(({ cluster, host }) => cluster === POOL && host === torn.endpoints([pod])[0]!.address);
    expect(host('a')).toMatchObject({ requests: 6, errors: 0, connectFailures: 0 });
    const { requests, errors, connectFailures } = host('gone')!;
    expect(requests).toBe(0);
    expect(errors).toBe(connectFailures);
    expect(connectFailures).toBeGreaterThanOrEqual(2);
  });

  it('is not covered up when the others are gone too', async () => {
    await torn.setPool(torn.pool({ endpoints: torn.endpoints(['gone', 'lost']), picker: null }));
    const { status, text } = await torn.complete('hi');
    expect([status, text]).toEqual([503, expect.stringContaining('Connection refused')]);
  });
});

describe('gateway to backends that cannot answer', () => {
  let broken: Lab;
  beforeAll(async () => {
    broken = await startLab();
    broken.ports.plain = await broken.startPod('plain', [], false);
  });
  afterAll(() => broken.close());

  const to = async (backend: Parameters<Lab['route']>[2]) => {
    await broken.setRoutes([broken.route(2, '', backend)]);
    const { status, text, headers } = await broken.post('/ns/m/v1/completions', { model: 'qwen', prompt: 'hi' });
    return `${status} ${text}${status !== 200 && 'x-went-into-resp-headers' in headers ? ' with the mark' : ''}`;
  };

  it('has no healthy upstream without endpoints', async () => {
    expect(await to(broken.pool({ endpoints: [] }))).toBe('503 no healthy upstream');
    expect(await to(broken.pool({ kind: 'Service', picker: null, endpoints: [] }))).toBe('503 no healthy upstream');
  });

  it('fails with 500 on a route to nothing', async () => {
    expect(await to(null)).toBe('500 ');
  });

  it('speaks of a wrong TLS version to a plain server', async () => {
    const backend = broken.pool({ endpoints: broken.endpoints(['plain']) });
    expect(await to(backend)).toBe(
      '503 upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, ' +
        'transport failure reason: TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end with the mark',
    );
    expect(await counted(broken, POOL)).toEqual({ requests: 0, errors: 1, connectFailures: 1 });
    expect(await to({ ...backend, tls: false })).toMatch(/^200 /);
  });

  it('is cut off when it speaks plainly to a TLS server', async () => {
    expect(await to(broken.pool({ tls: false }))).toBe(
      '503 upstream connect error or disconnect/reset before headers. reset reason: connection termination with the mark',
    );
    expect(await counted(broken, POOL)).toEqual({ requests: 1, errors: 1, connectFailures: 0 });
    expect(await counted(broken, PICKER)).toMatchObject({ errors: 0, connectFailures: 0 });
  });

  it('is refused by a pod whose server has gone', async () => {
    const backend = broken.pool({ kind: 'Service', picker: null, endpoints: broken.endpoints(['gone']) });
    expect(await to(backend)).toMatch(/^503 .*delayed connect error: Connection refused$/);
    expect(await counted(broken, POOL)).toEqual({ requests: 0, errors: 1, connectFailures: 1 });
  });

  it('works again as soon as the table is right', async () => {
    expect(await to(broken.pool())).toMatch(/^200 /);
  });
});

describe('endpoint picker behind the gateway', () => {
  it('keeps each shared prefix on one pod and uses all pods', async () => {
    await lab.shares();
    const homes = new Set<string>();
    for (let group = 0; group < 20; group++) {
      for (let i = 0; i < 3; i++) {
        const { status, headers } = await lab.complete(words(`g${group}`, 2048) + words(`${i}`, 512));
        expect([status, headers['x-went-into-resp-headers']]).toEqual([200, 'true']);
      }
      const used = Object.entries(await lab.shares()).filter(([, count]) => count > 0);
      expect(used.map(([, count]) => count)).toEqual([3]);
      homes.add(used[0]![0]);
    }
    expect(homes.size).toBe(3);
  });

  it('spreads unique prompts by queue', async () => {
    await lab.shares();
    const prompts = Array.from({ length: 60 }, (_, i) => words(`unique ${i}`, 2560));
    await Promise.all(prompts.map((prompt) => lab.complete(prompt)));
    const shares = Object.values(await lab.shares());
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(6);
  });

  it('fails open to round robin when it goes, and remembers nothing when it is back', async () => {
    const prompt = words('sticky', 2560);
    await lab.complete(prompt);
    await lab.setPool(lab.pool({ picker: { ...lab.picker, address: null, scorers: [] } }));
    await lab.shares();
    for (let i = 0; i < 6; i++) {
      expect((await lab.complete(prompt)).headers['x-went-into-resp-headers']).toBeUndefined();
    }
    expect(await lab.shares()).toEqual({ a: 2, b: 2, c: 2 });
    await lab.setPool(lab.pool());
    expect((await lab.complete(prompt)).headers['x-went-into-resp-headers']).toBe('true');
  });

  it('answers an unreadable body itself', async () => {
    const { status, text } = await lab.post('/ns/m/v1/completions', '{"prompt":');
    expect([status, text]).toEqual([400, 'inference gateway: BadRequest - Error unmarshaling request body']);
  });
});
