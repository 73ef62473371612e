import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
});

const hostsOf = async (of: Lab) => {
  const response = await fetch(`http://127.0.0.1:${of.gatewayAdminPort}/clusters?format=json`);
  return parseClusters(await response.text());
};

describe('the Envoy of the gateway', () => {
  const count = async (of: Lab) => {
    const hosts = await hostsOf(of);
    const sum = (cluster: string, figure: 'requests' | 'errors' | 'connectFailures') =>
      hosts.filter((host) => host.cluster === cluster).reduce((total, host) => total + host[figure], 0);
    return {
      picker: sum('outbound|9002||epp.ns.svc.cluster.local', 'requests'),
      failed: sum('outbound|9002||epp.ns.svc.cluster.local', 'connectFailures'),
      pool: sum('outbound|54321||pool-ip.ns.svc.cluster.local', 'requests'),
    };
  };

  it('counts each completion once for the endpoint picker and once for a replica', async () => {
    const before = await count(lab);
    for (let index = 0; index < 3; index += 1) await lab.complete('hi');
    await lab.get('/ns/m/version');
    const after = await count(lab);
    expect(after.picker - before.picker).toBe(3);
    expect(after.pool - before.pool).toBeGreaterThanOrEqual(3);
    expect(after.failed).toBe(0);
  });

  it('counts failed connections where the picker is out of reach, and sends the requests on without it', async () => {
    const open = await startLab({ picker: 'bypassed' });
    try {
      for (let index = 0; index < 3; index += 1) await open.complete('hi');
      expect(await count(open)).toEqual({ picker: 0, failed: 3, pool: 3 });
    } finally {
      await open.close();
    }
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
    const hosts = await hostsOf(torn);
    const host = (pod: string) =>
      hosts.find(({ cluster, host }) => cluster.includes('54321') && host === torn.endpoints([pod])[0]!.address);
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
    const { status, text } = await broken.post('/ns/m/v1/completions', { model: 'qwen', prompt: 'hi' });
    return `${status} ${text}`;
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
        'transport failure reason: TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end',
    );
    expect(await to({ ...backend, tls: false })).toMatch(/^200 /);
  });

  it('is cut off when it speaks plainly to a TLS server', async () => {
    expect(await to(broken.pool({ tls: false }))).toBe(
      '503 upstream connect error or disconnect/reset before headers. reset reason: connection termination',
    );
  });

  it('is refused by a pod whose server has gone', async () => {
    const backend = broken.pool({ kind: 'Service', picker: null, endpoints: broken.endpoints(['gone']) });
    expect(await to(backend)).toMatch(/^503 .*delayed connect error: Connection refused$/);
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
    await lab.setPool(lab.pool({ picker: null }));
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

  it('is bypassed in the scenario that says so: even spread, no header, cold caches', async () => {
    const bypassed = await startLab({ picker: 'bypassed' });
    const prompt = words('same', 2560);
    for (let i = 0; i < 9; i++) {
      expect((await bypassed.complete(prompt)).headers['x-went-into-resp-headers']).toBeUndefined();
    }
    expect(await bypassed.shares()).toEqual({ a: 3, b: 3, c: 3 });
    await bypassed.close();
  });
});
