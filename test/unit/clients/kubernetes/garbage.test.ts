import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loopbackCertificate } from '../../../../lab/certs.ts';
import { createKubeClient, type KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { Failure } from '../../../../src/lib/failure.ts';
import { fakeClock } from '../../lib/fake-clock.ts';
import { GARBAGE, OWN_WORDS } from '../garbage.ts';

const POD = { apiVersion: 'v1', kind: 'Pod', name: 'vllm', namespace: 'ns' } as const;
const OBJECT = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'vllm', namespace: 'ns' } };
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'vllm', namespace: 'ns' } as const;
const DISCOVERY = {
  kind: 'APIResourceList',
  groupVersion: 'apps/v1',
  resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true }],
};

/** Every call that reads an answer, with what the error says it is not. */
const CALLS: Record<string, [noun: string, call: (kube: KubeClient) => Promise<unknown>]> = {
  version: ['a version', (kube) => kube.version()],
  get: ['a Pod', (kube) => kube.get(POD)],
  list: ['a PodList', (kube) => kube.list('v1', 'Pod', { namespace: 'ns' })],
  'list of nodes': ['a NodeList', (kube) => kube.list('v1', 'Node')],
  apply: ['a Pod', (kube) => kube.apply(OBJECT)],
  'dry run': ['a Pod', (kube) => kube.apply(OBJECT, { dryRun: true })],
  create: ['a Pod', (kube) => kube.create(OBJECT)],
  replace: ['a Pod', (kube) => kube.replace(OBJECT)],
  mergePatch: ['a Pod', (kube) => kube.mergePatch(POD, { metadata: { labels: { a: 'b' } } })],
  remove: ['the end of a Pod', (kube) => kube.remove(POD)],
  versionsOf: ['an APIGroup', (kube) => kube.versionsOf('serving.kserve.io')],
  rulesIn: ['a SelfSubjectRulesReview', (kube) => kube.rulesIn('ns')],
  canI: ['a SelfSubjectAccessReview', (kube) => kube.canI({ verb: 'get', group: '', resource: 'pods' })],
  secretKeys: ['a Secret', (kube) => kube.secretKeys('ns', 'hf')],
};

let server: Server;
let caPem: string;
let answer: (path: string) => { status: number; body: string };
let asked: string[];
beforeAll(async () => {
  const tls = await loopbackCertificate('test');
  caPem = tls.caPem;
  server = createServer({ key: tls.key, cert: tls.cert }, (request, response) => {
    request.resume();
    asked.push(request.url ?? '');
    const { status, body } = answer(request.url ?? '');
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function withClient<T>(work: (kube: KubeClient) => Promise<T>): Promise<T> {
  asked = [];
  const kube = createKubeClient({
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caPem,
    accessToken: async () => 'token',
    fieldManager: 'gate',
    userAgent: 'gate',
    clock: fakeClock(),
    signal: new AbortController().signal,
    stage: 'ready',
  });
  try {
    return await work(kube);
  } finally {
    await kube.close();
  }
}

const failureOf = (call: (kube: KubeClient) => Promise<unknown>): Promise<Failure> =>
  withClient((kube) =>
    call(kube).then(
      (value) => Promise.reject(new Error(`it returned ${JSON.stringify(value)}`)),
      (error: Failure) => error,
    ),
  );

/** As a server that is older than the document of all kinds. */
const DISCOVERIES: Readonly<Record<string, unknown>> = {
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/apis/apps/v1': DISCOVERY,
};
const isDiscovery = (path: string) => path in DISCOVERIES;
const ok = (value: unknown) => ({ status: 200, body: typeof value === 'string' ? value : JSON.stringify(value) });

function expectBadAnswer(failure: Failure, noun: string): void {
  expect(failure).toMatchObject({ code: 'kube-answer', blame: 'cluster', evidence: { retryable: true } });
  expect(failure.message).toContain(`the Kubernetes API sent an answer that is not ${noun}: `);
  expect(failure.message).not.toMatch(OWN_WORDS);
  expect(failure.message).not.toContain('\n');
  expect(failure.message.length).toBeLessThan(300);
}

const table = Object.entries(CALLS).flatMap(([name, [noun, call]]) =>
  Object.entries(GARBAGE).map(([garbage, body]) => ({ name, noun, call, garbage, body })),
);

describe('an answer with a good status that is not what was asked for', () => {
  it.each(table)('is an error with a name, and tried again: $name, $garbage', async ({ noun, call, body }) => {
    answer = (path) => (isDiscovery(path) ? ok(DISCOVERIES[path]) : ok(body));
    expectBadAnswer(await failureOf(call), noun);
    expect(asked.filter((path) => !isDiscovery(path))).toHaveLength(6);
  });

  it.each(Object.entries(GARBAGE))('of discovery is no kind that is missing: %s', async (_, body) => {
    const calls: ((kube: KubeClient) => Promise<unknown>)[] = [
      (kube) => kube.get(DEPLOYMENT),
      (kube) => kube.list('apps/v1', 'Deployment', { namespace: 'ns' }),
      (kube) => kube.apply({ ...DEPLOYMENT, metadata: { name: 'vllm', namespace: 'ns' } }),
    ];
    for (const call of calls) {
      answer = () => ok(body);
      expectBadAnswer(await failureOf(call), 'an APIResourceList');
      // The same from a server that is older than the document of all kinds.
      answer = (path) => ok(path === '/apis/apps/v1' ? body : DISCOVERIES[path]);
      expectBadAnswer(await failureOf(call), 'an APIResourceList');
    }
  });

  it.each(Object.entries(GARBAGE))('to the first request is no connection: %s', async (_, body) => {
    answer = () => ok(body);
    expectBadAnswer(await failureOf((kube) => kube.reach()), 'an APIGroupDiscoveryList');
    expect(asked).toEqual(Array(6).fill('/apis'));
  });

  it('leaves the kinds to the groups, one by one, where only an entry of the document is odd', async () => {
    const resources = [{ resource: 'deployments', responseKind: { kind: 'Deployment' }, scope: 'Elsewhere' }];
    const odd = {
      ...{ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {} },
      items: [{ metadata: { name: 'apps' }, versions: [{ version: 'v1', resources }] }],
    };
    const none = { kind: 'DeploymentList', apiVersion: 'apps/v1', metadata: {}, items: [] };
    answer = (path) => ok(path === '/apis' ? odd : (DISCOVERIES[path] ?? none));
    const listed = withClient(async (kube) => {
      await kube.reach();
      return kube.list('apps/v1', 'Deployment');
    });
    expect(await listed).toEqual([]);
    expect(asked).toEqual(['/apis', '/apis/apps/v1', '/apis/apps/v1/deployments?limit=500']);
  });

  it('is survived when a good one follows', async () => {
    const bodies = ['', GARBAGE.HTML!, '{"kind":"PodList","apiVersion":"v1","metadata":{},"items":null}'];
    answer = (path) => (isDiscovery(path) ? ok(DISCOVERIES[path]) : ok(bodies.shift() ?? ''));
    expect(await withClient((kube) => kube.list('v1', 'Pod', { namespace: 'ns' }))).toEqual([]);
  });
});

describe('an object', () => {
  const good = { ...OBJECT, metadata: { ...OBJECT.metadata, uid: 'u' } };
  const odd: Record<string, unknown> = {
    'another name': { ...good, metadata: { ...good.metadata, name: 'other' } },
    'another namespace': { ...good, metadata: { ...good.metadata, namespace: 'other' } },
    'another version': { ...good, apiVersion: 'v2' },
    'no UID': { ...good, metadata: { name: 'vllm', namespace: 'ns' } },
    'labels that are a list': { ...good, metadata: { ...good.metadata, labels: ['a'] } },
    'a status that is a text': { ...good, status: 'Running' },
    'conditions that are no list': { ...good, status: { conditions: {} } },
    'a condition that is a text': { ...good, status: { conditions: ['Ready'] } },
    'containers of nothing': { ...good, spec: { containers: [null] } },
    'a restart count that is a text': { ...good, status: { containerStatuses: [{ name: 'a', restartCount: '3' }] } },
  };

  it.each(Object.entries(odd))('of %s is not the one that was asked for', async (_, body) => {
    answer = (path) => (isDiscovery(path) ? ok(DISCOVERIES[path]) : ok(body));
    expectBadAnswer(await failureOf(CALLS.get![1]), 'a Pod');
    const { uid: _uid } = good.metadata;
    answer = (path) =>
      isDiscovery(path)
        ? ok(DISCOVERIES[path])
        : ok({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [good, body] });
    if (_ !== 'another version' && _ !== 'another name') expectBadAnswer(await failureOf(CALLS.list![1]), 'a PodList');
  });

  it('may have nulls where a field could be left out', async () => {
    const body = { ...good, spec: { containers: null }, status: { conditions: null, containerStatuses: null } };
    answer = (path) => (isDiscovery(path) ? ok(DISCOVERIES[path]) : ok(body));
    const pod = await withClient((kube) => kube.get(POD));
    expect(pod).toEqual({ ...good, spec: {}, status: {} });
  });
});

describe('a list', () => {
  it.each([
    ['the same token', () => 'again'],
    ['a new token each time', () => String(asked.length)],
  ])('that continues without end, with %s, ends', async (_, token) => {
    answer = (path) =>
      isDiscovery(path)
        ? ok(DISCOVERIES[path])
        : ok({ kind: 'PodList', apiVersion: 'v1', metadata: { continue: token() }, items: [] });
    expectBadAnswer(await failureOf(CALLS.list![1]), 'a PodList');
  });
});

describe('a 404', () => {
  it.each(Object.entries(GARBAGE).filter(([name]) => name !== 'a Status'))(
    'of somebody else is no absence: %s',
    async (_, body) => {
      answer = (path) => (isDiscovery(path) ? ok(DISCOVERIES[path]) : { status: 404, body });
      for (const [noun, call] of [CALLS.get!, CALLS.remove!, CALLS.secretKeys!, CALLS.versionsOf!]) {
        expectBadAnswer(await failureOf(call), noun);
      }
    },
  );

  it.each([
    ['404', { status: 404, body: '404 page not found\n' }],
    ['a list without Deployments', ok({ ...DISCOVERY, resources: [] })],
  ])('of the kinds that every cluster has is not believed: %s', async (_, reply) => {
    answer = () => reply;
    for (const call of [CALLS['list of nodes']![1], (kube: KubeClient) => kube.list('apps/v1', 'Deployment')]) {
      const failure = await failureOf(call);
      expect(failure.code).toMatch(/^kube-(?:answer|api)$/);
      expect(failure.blame).toBe('cluster');
    }
  });

  it('of a path of no group is no absence in the core group, which every server has', async () => {
    answer = () => ({ status: 404, body: '404 page not found\n' });
    for (const [noun, call] of [CALLS.get!, CALLS.remove!, CALLS.secretKeys!]) {
      expectBadAnswer(await failureOf(call), noun);
    }
  });
});

describe('a refusal', () => {
  it.each([400, 403, 409, 422])(
    'of %i that is not the API server’s own is not laid to the manifests',
    async (status) => {
      answer = (path) => (isDiscovery(path) ? ok(DISCOVERIES[path]) : { status, body: GARBAGE.HTML! });
      expect(await failureOf(CALLS.apply![1])).toMatchObject({ code: 'kube-answer', blame: 'cluster' });
    },
  );
});
