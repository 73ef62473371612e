import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealKube, startApiServer } from '../../lab/apiserver/api-server.ts';
import { refOf } from '../../src/clients/kubernetes/objects.ts';
import { awaitDeletion } from '../../src/stages/deploy/await-deletion.ts';
import { MANAGED_BY, RUN_ANNOTATION, STACK_LABEL } from '../../src/stages/deploy/marks.ts';
import { prune } from '../../src/stages/deploy/prune.ts';
import { awaitReady } from '../../src/stages/ready/ready.ts';
import { prepared, stageContext } from '../unit/stages/fakes.ts';
import { clientOf } from './client.ts';
import { startProxy } from './harness/proxy.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, metadata: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', ...metadata },
});

describe('a list', () => {
  let kube: RealKube;
  beforeAll(async () => {
    // History is thrown away every second, so that a page is soon too old to be continued.
    kube = await startApiServer({
      flags: ['--etcd-compaction-interval=1s', '--feature-gates=ListFromCacheSnapshot=false'],
    });
    const names = Array.from({ length: 620 }, (_, n) => `map-${n}`);
    for (let at = 0; at < names.length; at += 20) {
      await Promise.all(names.slice(at, at + 20).map((name) => kube.ask('POST', MAPS, configMap(name))));
    }
  });
  afterAll(() => kube?.stop());

  const lists = async () =>
    (await kube.audit()).filter(({ verb, requestURI }) => verb === 'list' && requestURI.split('?')[0] === MAPS);

  it('comes in pages, and whole', async () => {
    const client = clientOf(kube);
    const found = await client.list('v1', 'ConfigMap', { namespace: 'default' });
    expect(new Set(found?.map(({ metadata }) => metadata.name)).size).toBe(620);
    expect((await lists()).map(({ requestURI }) => /limit=500/.test(requestURI))).toEqual([true, true]);
    await client.close();
  });

  it('whose second page is gone begins anew, and is whole all the same', async () => {
    const proxy = await startProxy(kube.server);
    const client = clientOf(kube, { server: proxy.server });
    await client.version();
    const before = (await lists()).length;
    proxy.delay(4_000);
    const writing = { done: false };
    const writes = (async () => {
      for (let n = 0; !writing.done; n += 1) {
        await kube.ask(
          'PATCH',
          `${MAPS}/map-0`,
          { data: { n: String(n) } },
          { contentType: 'application/merge-patch+json' },
        );
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    const found = await client.list('v1', 'ConfigMap', { namespace: 'default' });
    writing.done = true;
    await writes;
    expect(new Set(found?.map(({ metadata }) => metadata.name)).size).toBe(620);
    const seen = (await lists()).slice(before);
    expect(seen.map(({ responseStatus }) => responseStatus.code)).toEqual([200, 410, 200]);
    expect(seen.map(({ requestURI }) => /continue=/.test(requestURI))).toEqual([false, true, false]);
    await client.close();
    await proxy.close();
  }, 60_000);
});

describe('an API server that is busy', () => {
  it('is asked again after the time that it names, request by request', async () => {
    const kube = await startApiServer({
      flags: [
        '--enable-priority-and-fairness=false',
        '--max-requests-inflight=1',
        '--max-mutating-requests-inflight=1',
      ],
    });
    await kube.ask('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'gate' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'gate@example.com' }],
    });
    // Administrators are never told to wait.
    const token = kube.tokenFor('gate@example.com');
    const retries: string[] = [];
    const client = clientOf(kube, { accessToken: async () => token, onRetry: (message) => retries.push(message) });
    await client.list('v1', 'ConfigMap', { namespace: 'default' });
    for (let round = 0; retries.length === 0 && round < 20; round += 1) {
      const answers = await Promise.all(Array.from({ length: 30 }, () => client.list('v1', 'Node')));
      expect(answers.every((answer) => answer?.length === 0)).toBe(true);
    }
    expect(retries[0]).toMatch(/^List of nodes: the Kubernetes API returned 429: .*; try 2 of 6$/);
    await client.close();
    await kube.stop();
  }, 60_000);
});

describe('a token that expires every second', () => {
  it('is followed by a fresh one, and no request is lost', async () => {
    const kube = await startApiServer({ flags: ['--authentication-token-webhook-cache-ttl=50ms'] });
    let token = '';
    let issued = 0;
    const client = clientOf(kube, {
      // As a library that trusts its own clock: the token comes again until it is refused.
      accessToken: async (refused) => {
        if (token === '' || refused === token) {
          issued += 1;
          token = kube.tokenFor('gate@example.com', ['system:masters'], 1_000);
        }
        return token;
      },
    });
    // The API server itself remembers for ten seconds whom it took a token to be.
    const until = Date.now() + 22_000;
    let n = 0;
    for (; Date.now() < until; n += 1) {
      const { data } = await client.apply({ ...configMap('kept'), data: { n: String(n) } });
      expect(data).toEqual({ n: String(n) });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(n).toBeGreaterThan(20);
    expect(issued).toBeGreaterThanOrEqual(3);
    expect(issued).toBeLessThan(23);
    await client.close();
    await kube.stop();
  }, 60_000);
});

describe('on a quiet server', () => {
  let kube: RealKube;
  beforeAll(async () => {
    kube = await startApiServer();
  });
  afterAll(() => kube?.stop());

  it('a wait of 40 minutes costs two connections at the most, and six requests every ten seconds', async () => {
    const proxy = await startProxy(kube.server);
    const client = clientOf(kube, { server: proxy.server, userAgent: 'forty-minutes' });
    const { context } = stageContext({ kube: client }, { 'ready-timeout': '40m', 'poll-interval': '5s' });
    await expect(awaitReady(context, prepared())).rejects.toMatchObject({ code: 'ready-timeout' });
    expect(proxy.accepted()).toBeLessThanOrEqual(2);
    const asked = (await kube.audit()).filter(({ userAgent }) => userAgent === 'forty-minutes');
    const polls = (40 * 60) / 5;
    expect(asked.filter(({ requestURI }) => requestURI === '/apis')).toHaveLength(1);
    // Pods at each probe; the service, warnings, Deployments and routes every ten seconds. Whether a kind is there now is
    // asked anew while it is not.
    expect(asked.length).toBeGreaterThanOrEqual(polls * 3);
    expect(asked.length).toBeLessThanOrEqual(polls * 3 + 12);
    await client.close();
    await proxy.close();
  }, 60_000);

  it('a deletion in the foreground is waited for, and only the object that was read is meant', async () => {
    const client = clientOf(kube);
    const { context } = stageContext({ kube: client });
    const made = await client.apply(configMap('mine'));
    expect(await client.remove(refOf(made), { uid: '00000000-0000-0000-0000-000000000000' })).toBe(false);
    expect(await client.get(refOf(made))).not.toBeNull();
    expect(await client.remove(refOf(made), { uid: made.metadata.uid })).toBe(true);
    const namesake = await client.apply(configMap('mine'));
    // The name is taken again, and the one that was deleted is gone.
    await awaitDeletion(context, 'deploy', refOf(made), { uid: made.metadata.uid });
    expect(await client.remove(refOf(namesake), { propagation: 'Foreground' })).toBe(true);
    expect((await client.get(refOf(namesake)))?.metadata.finalizers).toEqual(['foregroundDeletion']);
    await expect(awaitDeletion(context, 'deploy', refOf(namesake))).rejects.toMatchObject({
      code: 'retire-timeout',
      message: expect.stringContaining('held by the finalizers foregroundDeletion'),
    });
    // What the garbage collector of a cluster does once the dependants have gone.
    await client.mergePatch(refOf(namesake), { metadata: { finalizers: null } });
    await awaitDeletion(context, 'deploy', refOf(namesake));
    await client.close();
  });

  it('prune takes what the gate applied for this stack and nothing else', async () => {
    const gate = clientOf(kube);
    const other = clientOf(kube, { fieldManager: 'somebody-else' });
    const labels = { ...MANAGED_BY, [STACK_LABEL]: 'qwen' };
    const policy = (name: string, own: Record<string, string> = labels, namespace = 'default') => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, namespace, labels: own, annotations: { [RUN_ANNOTATION]: '182-1' } },
      spec: { podSelector: { matchLabels: { app: name } }, policyTypes: ['Ingress'] },
    });
    await gate.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'elsewhere' } });
    await gate.apply(policy('kept'));
    await gate.apply(policy('dropped'));
    await gate.apply(policy('other-stack', { ...labels, [STACK_LABEL]: 'qwen-two' }));
    await gate.apply(policy('unlabelled', {}));
    await gate.apply(policy('far', labels, 'elsewhere'));
    await other.apply(policy('foreign'));
    // Somebody else's object that the gate has only patched.
    await gate.mergePatch(refOf(policy('foreign')), { metadata: { annotations: { seen: 'yes' } } });
    const { context } = stageContext({ kube: gate });
    const service = { ...prepared().service, namespace: 'default' };
    const manifests = [{ object: policy('kept'), file: 'a.yaml', line: 1 }];
    expect(await prune(context, prepared({ service, manifests }), [])).toBe(1);
    const left = await gate.list('networking.k8s.io/v1', 'NetworkPolicy');
    expect(left?.map(({ metadata }) => metadata.name).sort()).toEqual([
      'far',
      'foreign',
      'kept',
      'other-stack',
      'unlabelled',
    ]);
    await Promise.all([gate.close(), other.close()]);
  });
});
