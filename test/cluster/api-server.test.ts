import { readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealKube, startApiServer } from '../../lab/apiserver/api-server.ts';

let kube: RealKube;
beforeAll(async () => {
  kube = await startApiServer();
});
afterAll(() => kube?.stop());

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

/** Signal 0 asks whether the process is there. */
function isRunning(pid: number | null): boolean {
  try {
    return pid !== null && process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a real API server', () => {
  it('says its version', async () => {
    const { status, body } = await kube.ask('GET', '/version');
    expect(status).toBe(200);
    expect(body.gitVersion).toMatch(/^v1\.\d+\.\d+/);
  });

  it('keeps a ConfigMap', async () => {
    const made = await kube.ask('POST', CONFIG_MAPS, { metadata: { name: 'kept' }, data: { model: 'qwen' } });
    expect(made.status).toBe(201);
    expect((await kube.ask('GET', `${CONFIG_MAPS}/kept`)).body).toMatchObject({
      kind: 'ConfigMap',
      metadata: { uid: made.body.metadata.uid },
      data: { model: 'qwen' },
    });
    expect((await kube.ask('DELETE', `${CONFIG_MAPS}/kept`)).status).toBe(200);
    expect((await kube.ask('GET', `${CONFIG_MAPS}/kept`)).status).toBe(404);
  });

  it('takes a pod although nobody runs it', async () => {
    const spec = { containers: [{ name: 'main', image: 'vllm', resources: { limits: { 'google.com/tpu': '4' } } }] };
    const made = await kube.ask('POST', '/api/v1/namespaces/default/pods', { metadata: { name: 'one' }, spec });
    expect(made.status).toBe(201);
    expect(made.body.status.phase).toBe('Pending');
  });

  it('refuses a token that nobody issued', async () => {
    const { status, body } = await kube.ask('GET', CONFIG_MAPS, undefined, { token: 'unknown' });
    expect(status).toBe(401);
    expect(body.message).toBe('Unauthorized');
  });

  it('asks RBAC about a user, and follows a role at once', async () => {
    const token = kube.tokenFor('gate@example.com', ['gates']);
    const refused = await kube.ask('GET', CONFIG_MAPS, undefined, { token });
    expect(refused.status).toBe(403);
    expect(refused.body.message).toContain('User "gate@example.com" cannot list resource "configmaps"');

    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }];
    await kube.ask('POST', `${rbac}/roles`, { metadata: { name: 'reads' }, rules });
    await kube.ask('POST', `${rbac}/rolebindings`, {
      metadata: { name: 'reads' },
      subjects: [{ kind: 'Group', name: 'gates', apiGroup: 'rbac.authorization.k8s.io' }],
      roleRef: { kind: 'Role', name: 'reads', apiGroup: 'rbac.authorization.k8s.io' },
    });
    // RBAC reads through a watch, which is a moment behind.
    await expect
      .poll(async () => (await kube.ask('GET', CONFIG_MAPS, undefined, { token })).status, { timeout: 5_000 })
      .toBe(200);
    const seen = (await kube.audit()).filter(({ user }) => user.username === 'gate@example.com');
    expect(seen.map(({ responseStatus }) => responseStatus.code)).toContain(403);
    expect(seen.at(-1)).toMatchObject({ verb: 'list', requestURI: CONFIG_MAPS, responseStatus: { code: 200 } });
  });

  it('writes a kubeconfig that only its owner can read', () => {
    const config = JSON.parse(readFileSync(kube.kubeconfigPath, 'utf8'));
    expect(config.clusters[0].cluster.server).toBe(kube.server);
    expect(config.users[0].user.token).toBe(kube.adminToken);
    expect(statSync(kube.kubeconfigPath).mode & 0o077).toBe(0);
  });

  it('has its objects and its users again after kill -9', async () => {
    const token = kube.tokenFor('operator@example.com', ['system:masters']);
    await kube.ask('POST', CONFIG_MAPS, { metadata: { name: 'survives' }, data: { a: '1' } });
    const before = kube.pids();

    await kube.kill('SIGKILL');
    expect(isRunning(before.apiServer)).toBe(false);
    expect(isRunning(before.etcd)).toBe(false);
    await expect(kube.ask('GET', '/version')).rejects.toThrow('ECONNREFUSED');

    await kube.resume();
    expect(kube.pids().apiServer).not.toBe(before.apiServer);
    const kept = await kube.ask('GET', `${CONFIG_MAPS}/survives`, undefined, { token });
    expect(kept).toMatchObject({ status: 200, body: { data: { a: '1' } } });
  });
});

describe('an API server that cannot start', () => {
  it('is reported with its own last words', async () => {
    await expect(startApiServer({ flags: ['--no-such-flag'] })).rejects.toThrow(
      /^kube-apiserver ended with exit code \d+; its last lines:[\s\S]*unknown flag: --no-such-flag/,
    );
  });
});
