import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loopbackCertificate } from '../../../../lab/certs.ts';
import type { KubeObject, ObjectRef } from '../../../../src/clients/kubernetes/objects.ts';
import { fakeClock } from '../../lib/fake-clock.ts';
import { configMap, startTestApi, type TestApi } from './kube-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({
    denied: [{ verb: 'list', group: '', resource: 'secrets' }],
    logs: (_namespace, pod, container, { tailLines }) =>
      pod === 'vllm' && container === 'main' ? ['one', 'two', 'three'].slice(-(tailLines ?? 9)).join('\n') : null,
  });
});
afterAll(() => api.close());

const REFUSED_BY_POD_SECURITY =
  'pods "vllm" is forbidden: violates PodSecurity "restricted:latest": privileged (container "main" must not set it)';
const REFUSED_BY_END =
  'configmaps "refused" is forbidden: unable to create new content in namespace ns because it is being terminated';
const REFUSED_BY_RBAC =
  'configmaps "refused" is forbidden: User "gate@example.com" cannot patch resource "configmaps" in API group "" in the namespace "ns"';

const map = (name: string): ObjectRef => ({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace: 'ns' });

function definition(kind: string): KubeObject {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
            },
          },
        },
      ],
    },
  };
}

describe('apply', () => {
  it('creates, and changes nothing the second time', async () => {
    const kube = api.client();
    const first = await kube.apply(configMap('twice', { a: '1' }));
    const second = await kube.apply(configMap('twice', { a: '1' }));
    expect(second.metadata.uid).toBe(first.metadata.uid);
    expect(second.metadata).toEqual(first.metadata);
    expect(second.data).toEqual({ a: '1' });
  });

  it('gives up fields that are no longer in the manifest', async () => {
    const kube = api.client();
    await kube.apply(configMap('shrinks', { a: '1', b: '2' }));
    expect((await kube.apply(configMap('shrinks', { a: '1' }))).data).toEqual({ a: '1' });
  });

  it('names the field and the manager of a conflict, and takes over by force only', async () => {
    await api.client({ fieldManager: 'argocd' }).apply(configMap('owned', { mode: 'theirs', other: 'x' }));
    const kube = api.client();
    const ours = configMap('owned', { mode: 'ours' });
    await expect(kube.apply(ours)).rejects.toMatchObject({
      code: 'apply-conflict',
      stage: 'deploy',
      blame: 'change',
      message: expect.stringMatching(
        /^ConfigMap owned in ns: another field manager owns \.data\.mode \(.*argocd.*\)\.$/,
      ),
      hint: expect.stringContaining('"force-conflicts: true"'),
    });
    expect((await kube.get(map('owned')))?.data).toEqual({ mode: 'theirs', other: 'x' });
    expect((await kube.apply(ours, { force: true })).data).toEqual({ mode: 'ours', other: 'x' });
  });

  it('refuses an unknown field by its path', async () => {
    const deployment: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'typo', namespace: 'ns' },
      spec: {
        selector: { matchLabels: { app: 'typo' } },
        template: {
          metadata: { labels: { app: 'typo' } },
          spec: { containers: [{ name: 'main', image: 'x', imagePullPolcy: 'Always' }] },
        },
      },
    };
    await expect(api.client().apply(deployment)).rejects.toMatchObject({
      code: 'manifest-refused',
      blame: 'change',
      message: expect.stringMatching(/Deployment typo in ns: the API server refused it: .*imagePullPolcy/),
    });
    const tries = api.requests.filter(({ path }) => path.includes('/deployments/typo'));
    expect(tries).toHaveLength(1);
  });

  it('changes nothing in a dry run', async () => {
    const kube = api.client();
    const existed: boolean[] = [];
    const options = { dryRun: true, onExistence: (known: boolean) => existed.push(known) };
    expect((await kube.apply(configMap('dry', { a: '1' }), options)).data).toEqual({ a: '1' });
    expect(await kube.get(map('dry'))).toBeNull();
    await kube.apply(configMap('dry'));
    await kube.apply(configMap('dry', { a: '1' }), options);
    expect(existed).toEqual([false, true]);
  });

  it('says that a kind is not installed, and finds it as soon as it is', async () => {
    const kube = api.client();
    await kube.apply(definition('Widget'));
    await until(async () => (await kube.list('example.com/v1', 'Widget')) !== null);
    const gadget: KubeObject = {
      apiVersion: 'example.com/v1',
      kind: 'Gadget',
      metadata: { name: 'g', namespace: 'ns' },
      spec: { size: 3 },
    };
    await expect(kube.apply(gadget)).rejects.toMatchObject({
      code: 'kind-unknown',
      message: 'The cluster does not know Gadget in example.com/v1 (Gadget g in ns).',
      hint: expect.stringContaining('CustomResourceDefinition'),
    });
    expect(await kube.get({ apiVersion: 'example.com/v1', kind: 'Gadget', name: 'g', namespace: 'ns' })).toBeNull();
    await kube.apply(definition('Gadget'));
    await until(async () => (await kube.list('example.com/v1', 'Gadget')) !== null);
    expect((await kube.apply(gadget)).spec).toEqual({ size: 3 });
    await expect(kube.apply({ ...gadget, spec: { size: 3, colour: 'red' } })).rejects.toMatchObject({
      message: expect.stringContaining('spec.colour'),
    });
  });
});

describe('reading and removing', () => {
  it('answers null and false for what is not there', async () => {
    const kube = api.client();
    const unknown = { apiVersion: 'nowhere.io/v1', kind: 'Thing', name: 'x', namespace: 'ns' };
    expect(await kube.get(map('absent'))).toBeNull();
    expect(await kube.remove(map('absent'))).toBe(false);
    expect(await kube.get(unknown)).toBeNull();
    expect(await kube.list('nowhere.io/v1', 'Thing')).toBeNull();
    expect(await kube.remove(unknown)).toBe(false);
    expect(await kube.versionsOf('nowhere.io')).toEqual([]);
  });

  it('lists by label, with kind and version on each item', async () => {
    const kube = api.client();
    const labelled = configMap('labelled');
    labelled.metadata.labels = { tier: 'one' };
    await kube.apply(labelled);
    await kube.apply(configMap('unlabelled'));
    const found = await kube.list('v1', 'ConfigMap', { namespace: 'ns', labelSelector: 'tier=one' });
    expect(found?.map(({ kind, apiVersion, metadata }) => [apiVersion, kind, metadata.name])).toEqual([
      ['v1', 'ConfigMap', 'labelled'],
    ]);
    const byName = await kube.list('v1', 'ConfigMap', { namespace: 'ns', fieldSelector: 'metadata.name=unlabelled' });
    expect(byName).toHaveLength(1);
  });

  it('removes once', async () => {
    const kube = api.client();
    await kube.apply(configMap('gone'));
    expect([await kube.remove(map('gone')), await kube.remove(map('gone'))]).toEqual([true, false]);
  });

  it('adds and removes a label by merge patch, and keeps the others', async () => {
    const kube = api.client();
    const object = configMap('patched', { a: '1' });
    object.metadata.labels = { keep: 'me' };
    await kube.apply(object);
    const added = await kube.mergePatch(map('patched'), { metadata: { labels: { run: '7' } } });
    expect(added.metadata.labels).toEqual({ keep: 'me', run: '7' });
    const removed = await kube.mergePatch(map('patched'), { metadata: { labels: { run: null } } });
    expect(removed.metadata.labels).toEqual({ keep: 'me' });
    expect(removed.data).toEqual({ a: '1' });
  });

  it('tells the version, and the versions of a group with the preferred first', async () => {
    const kube = api.client();
    expect(await kube.version()).toMatch(/^v1\.\d+\.\d+-gke\./);
    expect((await kube.versionsOf('apps'))[0]).toBe('v1');
  });

  it('tells whether the cluster has a kind in a version of its group', async () => {
    const kube = api.client();
    expect(await kube.serves('apps/v1', 'Deployment')).toBe(true);
    expect(await kube.serves('apps/v1', 'InferenceModel')).toBe(false);
    expect(await kube.serves('apps/v2', 'Deployment')).toBe(false);
    expect(await kube.serves('nowhere.io/v1', 'Deployment')).toBe(false);
  });

  it('reads the end of a log, and nothing of a container that has none', async () => {
    api.store.create(
      { group: '', plural: 'pods' },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'vllm', namespace: 'ns' },
        spec: {
          nodeName: 'n',
          containers: [
            { name: 'main', image: 'x' },
            { name: 'late', image: 'x' },
          ],
        },
      },
    );
    const kube = api.client();
    expect(await kube.logs('ns', 'vllm', 'main', { tailLines: 2, limitBytes: 1_000 })).toBe('two\nthree');
    expect(await kube.logs('ns', 'vllm', 'late', { tailLines: 2, limitBytes: 1_000 })).toBe('');
    expect(await kube.logs('ns', 'absent', 'main', { tailLines: 2, limitBytes: 1_000 })).toBe('');
  });

  it('passes on what a pod answers through the proxy, errors included', async () => {
    const answer = await api.client().podProxy('ns', 'vllm', 'https:8000', '/metrics');
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', status: 'Failure' });
  });

  it('tells what the identity may not do', async () => {
    await expect(api.client().list('v1', 'Secret', { namespace: 'ns' })).rejects.toMatchObject({
      code: 'kube-permission',
      blame: 'config',
      message: expect.stringMatching(/^List of secrets: .*gate@example\.com.* cannot list resource "secrets"/),
      hint: expect.stringContaining('kubectl -n ns create role'),
    });
  });
});

describe('a refusal', () => {
  it('for want of the namespace says so', async () => {
    const object = configMap('lost');
    object.metadata.namespace = 'nowhere';
    await expect(api.client().apply(object)).rejects.toMatchObject({
      code: 'namespace-missing',
      blame: 'config',
      message: 'ConfigMap lost in nowhere: namespaces "nowhere" not found',
      hint: expect.stringContaining('input "namespace"'),
    });
    expect(await api.client().get({ ...map('lost'), namespace: 'nowhere' })).toBeNull();
  });

  it.each([
    ['a rule of admission', 'admission-refused', 'change', REFUSED_BY_POD_SECURITY, /not a missing permission/],
    [
      'a namespace that is going',
      'namespace-terminating',
      'cluster',
      REFUSED_BY_END,
      /kubectl get namespace ns -o yaml/,
    ],
    [
      'a right that is missing',
      'kube-permission',
      'config',
      REFUSED_BY_RBAC,
      /create role \S+ --verb patch --resource configmaps;/,
    ],
  ])('by %s is told as such', async (_, code, blame, message, hint) => {
    const tls = await loopbackCertificate('refuses');
    const server = createServer({ key: tls.key, cert: tls.cert }, (request, response) => {
      const discovery = request.method === 'GET';
      response.writeHead(discovery ? 200 : 403, { 'content-type': 'application/json' });
      const resources = ['ConfigMap', 'Event', 'Node', 'Pod'].map((kind) => ({
        name: `${kind.toLowerCase()}s`,
        kind,
        namespaced: kind !== 'Node',
      }));
      const found = { kind: 'APIResourceList', groupVersion: 'v1', resources };
      response.end(JSON.stringify(discovery ? found : { kind: 'Status', reason: 'Forbidden', message }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const kube = api.client({
      server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      caPem: tls.caPem,
    });
    const failure = await kube.apply(configMap('refused')).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, blame, message: `ConfigMap refused in ns: ${message}` });
    expect(failure).toMatchObject({ hint: expect.stringMatching(hint) });
    server.closeAllConnections();
    server.close();
  });
});

describe('the kinds of a cluster', () => {
  const paths = (from: number) => api.requests.slice(from).map(({ path }) => path.split('?')[0]);

  it('are read in one request, however many are asked for at once', async () => {
    const from = api.requests.length;
    const kube = api.client();
    const asked = [kube.list('v1', 'Service'), kube.list('apps/v1', 'Deployment')];
    expect(await Promise.all(asked)).toEqual([[], []]);
    expect(await kube.serves('serving.kserve.io/v1alpha1', 'LLMInferenceService')).toBe(false);
    expect(await kube.versionsOf('nobody.example.com')).toEqual([]);
    // What the document lacks may have been installed since.
    const again = ['/apis/nobody.example.com', '/apis/serving.kserve.io/v1alpha1'];
    expect(paths(from).sort()).toEqual(['/api/v1/services', '/apis', '/apis/apps/v1/deployments', ...again]);
  });

  it('of the core group are asked for only where Kubernetes has none of that name', async () => {
    const from = api.requests.length;
    const kube = api.client();
    expect(await Promise.all(['Pod', 'Node', 'ConfigMap'].map((kind) => kube.serves('v1', kind)))).toEqual([
      ...[true, true, true],
    ]);
    expect(paths(from)).toEqual([]);
    expect([await kube.serves('v1', 'Gateway'), await kube.serves('v1', 'Pod')]).toEqual([false, true]);
    expect(paths(from)).toEqual(['/api/v1']);
    const failure = await kube.apply({ apiVersion: 'v1', kind: 'Deployment', metadata: { name: 'x' } }).catch((e) => e);
    expect(failure).toMatchObject({ code: 'kind-unknown', message: expect.stringContaining('Deployment in v1') });
  });

  it('come with the first request of a connection, which proves that the server takes the identity', async () => {
    const from = api.requests.length;
    const kube = api.client();
    await kube.reach();
    expect(await kube.list('apps/v1', 'Deployment')).toEqual([]);
    expect(await kube.versionsOf('apps')).toEqual(['v1']);
    expect(paths(from)).toEqual(['/apis', '/apis/apps/v1/deployments']);
    const refused = api.client({ accessToken: async () => api.token(-1_000) });
    await expect(refused.reach()).rejects.toMatchObject({ code: 'kube-token' });
  });

  it('lack a group for as long as the caller takes the document for the present', async () => {
    const clock = fakeClock();
    const kube = api.client({ clock });
    expect(await kube.versionsOf('apps')).toEqual(['v1']);
    const from = api.requests.length;
    expect(await kube.versionsOf('nobody.example.com', { maxAgeMs: 10_000 })).toEqual([]);
    expect(paths(from)).toEqual([]);
    await clock.sleep(10_001, new AbortController().signal);
    expect(await kube.versionsOf('nobody.example.com', { maxAgeMs: 10_000 })).toEqual([]);
    expect(paths(from)).toEqual(['/apis/nobody.example.com']);
  });

  it('are asked group by group, and each once, on a server that is older', async () => {
    const tls = await loopbackCertificate('older');
    const seen: string[] = [];
    const older = createServer({ key: tls.key, cert: tls.cert }, (incoming, response) => {
      seen.push(incoming.url ?? '');
      const body = OLDER[incoming.url ?? ''];
      response.writeHead(body ? 200 : 404, { 'content-type': body ? 'application/json' : 'text/plain' });
      response.end(body ? JSON.stringify(body) : '404 page not found\n');
    });
    await new Promise<void>((resolve) => older.listen(0, '127.0.0.1', resolve));
    const server = `https://127.0.0.1:${(older.address() as AddressInfo).port}`;
    const kube = api.client({ server, caPem: tls.caPem });
    await kube.reach();
    const asked = [1, 2, 3].map(() => kube.serves('apps/v1', 'Deployment'));
    expect(await Promise.all(asked)).toEqual([true, true, true]);
    expect(await kube.serves('serving.kserve.io/v1alpha1', 'LLMInferenceService')).toBe(false);
    expect(seen.sort()).toEqual(['/apis', '/apis/apps/v1', '/apis/serving.kserve.io/v1alpha1']);
    older.closeAllConnections();
    older.close();
  });
});

const OLDER: Readonly<Record<string, unknown>> = {
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/apis/apps/v1': {
    kind: 'APIResourceList',
    groupVersion: 'apps/v1',
    resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true }],
  },
};

describe('the access token', () => {
  it('is asked for on each request, so that an expired one is followed by a fresh one', async () => {
    const tokens = [api.token(-1_000), api.token()];
    const refusals: (string | undefined)[] = [];
    const kube = api.client({
      accessToken: async (refused) => {
        refusals.push(refused);
        return tokens[Math.min(refusals.length, tokens.length) - 1] as string;
      },
    });
    expect(await kube.version()).toMatch(/^v1/);
    // The source learns which one not to give again.
    expect(refusals.slice(0, 2)).toEqual([undefined, tokens[0]]);
  });

  it('is asked for once more when it is refused, and no further', async () => {
    let asked = 0;
    const kube = api.client({
      accessToken: async () => {
        asked += 1;
        return api.token(-1_000);
      },
    });
    await expect(kube.version()).rejects.toMatchObject({
      code: 'kube-token',
      hint: expect.stringContaining('did not accept the access token'),
    });
    expect(asked).toBe(2);
  });

  it('is not sent anywhere when it cannot be had', async () => {
    const before = api.requests.length;
    const kube = api.client({ accessToken: () => Promise.reject(new Error('no credentials')) });
    await expect(kube.version()).rejects.toThrow('no credentials');
    expect(api.requests).toHaveLength(before);
  });

  it('is sent with our name', async () => {
    await api.client().get(map('any'));
    expect(api.requests.at(-1)).toMatchObject({ user: 'gate@example.com', userAgent: 'tpu-serving-gate/test' });
  });
});

/** Polls an eventually true state of the lab; the test's own limit ends it. */
async function until(probe: () => Promise<boolean>): Promise<void> {
  while (!(await probe())) await new Promise((resolve) => setTimeout(resolve, 5));
}
