import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Lab } from '../kube/lab.ts';
import { configMap, podObject, startLab, widgetDefinition } from '../kube/lab.ts';

let lab: Lab;
let folder: string;
beforeAll(async () => {
  lab = await startLab({ denied: [{ verb: 'delete', group: '', resource: 'nodes' }] });
  folder = mkdtempSync(join(tmpdir(), 'kubectl-'));
  writeFileSync(join(folder, 'ca.pem'), lab.caPem);
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});

interface Result {
  code: number;
  out: string;
  err: string;
}

function kubectl(args: string[], input?: object): Promise<Result> {
  const server = [
    '--server',
    `https://${lab.endpoint}`,
    '--certificate-authority',
    join(folder, 'ca.pem'),
    '--token',
    lab.token,
  ];
  const env = { PATH: process.env.PATH, HOME: folder, KUBECONFIG: join(folder, 'none') };
  return new Promise((resolve) => {
    const child = execFile('kubectl', [...server, '-n', 'default', ...args], { env }, (error, out, err) =>
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
