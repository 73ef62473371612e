import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Lab } from '../kube/lab.ts';
import { configMap, podObject, startLab, widgetDefinition } from '../kube/lab.ts';

/** Returns what it got, after a mebibyte of text. */
const backend = createServer(async (request, response) => {
  const body = await text(request);
  response.end(`${'x'.repeat(1 << 20)}${request.url} ${body}`);
});
let lab: Lab;
let folder: string;
beforeAll(async () => {
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  lab = await startLab({
    denied: [{ verb: 'delete', group: '', resource: 'nodes' }],
    podProxy: (_namespace, _pod, port) =>
      port === 8000 ? { host: '127.0.0.1', port: (backend.address() as AddressInfo).port } : null,
  });
  folder = mkdtempSync(join(tmpdir(), 'kubectl-'));
  writeFileSync(join(folder, 'ca.pem'), lab.caPem);
});
afterAll(async () => {
  backend.close();
  await lab.close();
  rmSync(folder, { recursive: true });
});

interface Result {
  code: number;
  out: string;
  err: string;
}

const server = () => [
  ...['--server', `https://${lab.endpoint}`, '--certificate-authority', join(folder, 'ca.pem'), '--token', lab.token],
  ...['-n', 'default'],
];
const environment = () => ({ PATH: process.env.PATH, HOME: folder, KUBECONFIG: join(folder, 'none') });

function kubectl(args: string[], input?: object): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile('kubectl', [...server(), ...args], { env: environment() }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
    child.stdin?.end(input === undefined ? '' : JSON.stringify(input));
  });
}
const apply = (object: object, ...flags: string[]) => kubectl(['apply', '--server-side', '-f', '-', ...flags], object);

describe('kubectl', () => {
  it('meets a server of its version', async () => {
    expect((await kubectl(['version'])).out).toContain('Server Version: v1.32.');
    expect((await kubectl(['api-resources'])).out).toMatch(/deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/);
  });

  it('applies server-side, sees a conflict and overrides it', async () => {
    expect((await apply(configMap('k', { a: '1' }))).out).toBe('configmap/k serverside-applied\n');
    const conflict = await apply(configMap('k', { a: '2' }), '--field-manager=other');
    expect(conflict.code).toBe(1);
    expect(conflict.err).toContain('Apply failed with 1 conflict: conflict with "kubectl": .data.a');
    await apply(configMap('k', { a: '2' }), '--field-manager=other', '--force-conflicts');
    expect((await kubectl(['get', 'cm', 'k', '-o', 'jsonpath={.data.a}'])).out).toBe('2');
  });

  it('works with custom resources', async () => {
    await apply(widgetDefinition());
    expect(
      (await kubectl(['wait', '--for=condition=Established', 'crd/widgets.example.com', '--timeout=5s'])).code,
    ).toBe(0);
    const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: { model: 'm' } };
    expect((await apply(widget)).out).toBe('widget.example.com/w serverside-applied\n');
    expect((await apply({ ...widget, spec: { modell: 'm' } })).err).toContain(
      '.spec.modell: field not declared in schema',
    );
    expect((await kubectl(['get', 'wd'])).out).toMatch(/^NAME\s+READY\s+AGE\nw\s+\d+s\n$/);
  });

  it('waits for a condition and for a deletion, and tells rights', async () => {
    lab.store.create({ group: '', plural: 'pods' }, podObject('p', { status: { phase: 'Pending' } }));
    const ready = kubectl(['wait', '--for=condition=Ready', 'pod/p', '--timeout=10s']);
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    const pod = lab.store.get({ group: '', plural: 'pods' }, 'default', 'p');
    if (pod) lab.store.update({ group: '', plural: 'pods' }, { ...pod, status });
    expect((await ready).out).toBe('pod/p condition met\n');
    const gets = () => lab.requests.filter(({ path }) => path.endsWith('/pods/p')).length;
    const before = gets();
    const deleted = kubectl(['wait', '--for=delete', 'pod/p', '--timeout=10s']);
    // It has seen the pod before it goes.
    await vi.waitUntil(() => gets() > before, { timeout: 10_000 });
    await kubectl(['delete', 'pod', 'p']);
    expect((await deleted).out).toBe('pod/p condition met\n');
    expect((await kubectl(['auth', 'can-i', 'delete', 'nodes'])).out.trim()).toBe('no');
    expect((await kubectl(['auth', 'can-i', 'create', 'pods'])).out.trim()).toBe('yes');
  });

  it('uses typed commands, which speak protobuf and strategic merge patch', async () => {
    expect((await kubectl(['create', 'deployment', 'd', '--image=i:1', '--replicas=0'])).code).toBe(0);
    await kubectl(['set', 'image', 'deploy/d', 'i=i:2']);
    await kubectl(['scale', 'deploy/d', '--replicas=2']);
    const path = '{.spec.replicas} {.spec.template.spec.containers[0].image}';
    expect((await kubectl(['get', 'deploy', 'd', '-o', `jsonpath=${path}`])).out).toBe('2 i:2');
  });
});

interface Forwarding {
  child: ChildProcessByStdio<null, Readable, Readable>;
  /** Where kubectl listens. */
  url: string;
  errors(): string;
}

/** A kubectl port-forward that listens; the caller must kill it. */
async function forwarding(target: string, remote: number, env: Record<string, string>): Promise<Forwarding> {
  const child = spawn('kubectl', [...server(), 'port-forward', target, `:${remote}`], {
    env: { ...environment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    out += data;
  });
  child.stderr.on('data', (data: Buffer) => {
    err += data;
  });
  await vi.waitUntil(() => /Forwarding from/.test(out) || child.exitCode !== null, { timeout: 20_000 });
  const port = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(out)?.[1];
  if (!port) throw new Error(`kubectl does not forward: ${err}`);
  return { child, url: `http://127.0.0.1:${port}`, errors: () => err };
}

/** The same client over both of its protocols: a tunnel in a WebSocket (the default since 1.31) and plain SPDY. */
describe.each([
  ['a WebSocket tunnel', {}, 'GET'],
  ['SPDY', { KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }, 'POST'],
])('kubectl port-forward over %s', { timeout: 60_000 }, (_name, env, method) => {
  beforeAll(() => {
    const running = { phase: 'Running', podIP: '10.8.0.9', conditions: [{ type: 'Ready', status: 'True' }] };
    const metadata = { name: 'served', namespace: 'default', labels: { app: 'served' } };
    const pods = { group: '', plural: 'pods' };
    if (lab.store.get(pods, 'default', 'served')) return;
    const spec = { nodeName: 'n1', containers: [{ name: 'main', image: 'i', ports: [{ containerPort: 8000 }] }] };
    lab.store.create(pods, podObject('served', { metadata, spec, status: running }));
    lab.store.create(
      { group: '', plural: 'services' },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'served', namespace: 'default' },
        spec: { selector: { app: 'served' }, ports: [{ port: 80, targetPort: 8000 }] },
      },
    );
  });

  it('carries several connections, large answers included', async () => {
    const before = lab.requests.filter((one) => one.path.includes('/portforward')).length;
    const { child, url } = await forwarding('pod/served', 8000, env);
    try {
      const ask = async (index: number) => {
        const response = await fetch(`${url}/path/${index}`, { method: 'POST', body: 'b'.repeat(200_000) });
        const answer = await response.text();
        expect(answer.length).toBe((1 << 20) + `/path/${index} `.length + 200_000);
        expect(answer).toContain(`/path/${index} bbb`);
      };
      for (let index = 0; index < 3; index += 1) await ask(index);
      await Promise.all([3, 4, 5, 6].map(ask));
      const methods = lab.requests.filter((one) => one.path.includes('/portforward')).map((one) => one.method);
      // kubectl falls back to a POST where its first way is refused.
      expect(methods.slice(before)).toEqual([method]);
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });

  it('finds the pod of a service', async () => {
    const { child, url } = await forwarding('service/served', 80, env);
    try {
      expect(await (await fetch(`${url}/health`)).text()).toContain('/health');
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });

  it('names the port that nothing listens on', async () => {
    const { child, url, errors } = await forwarding('pod/served', 9999, env);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    await vi.waitUntil(() => child.exitCode !== null, { timeout: 20_000 });
    expect(errors()).toMatch(/error forwarding port 9999 to pod served.*failed to connect to localhost:9999/);
  });
});
