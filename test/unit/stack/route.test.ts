import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/clients/kubernetes/objects.ts';
import { readRoute } from '../../../src/stack/route.ts';
import { fakeKube } from '../stages/fakes.ts';

const SERVICE = { apiVersion: 'serving.kserve.io/v1alpha1', name: 'qwen', namespace: 'ns', replicas: 3 };
const OWNER = [
  { kind: 'LLMInferenceService', name: 'qwen', uid: 'u', apiVersion: SERVICE.apiVersion, controller: true },
];
const OLD_POOL = 'inference.networking.x-k8s.io';
const NEW_POOL = 'inference.networking.k8s.io';

type Rule = Record<string, unknown>;
const rule = (path: string, backend: 'pool' | 'service' | string, name?: string): Rule => ({
  ...(name ? { name } : {}),
  matches: [{ path: { type: 'PathPrefix', value: path } }],
  backendRefs: [
    backend === 'service'
      ? { kind: 'Service', name: 'qwen-kserve-workload-svc' }
      : { group: backend === 'pool' ? NEW_POOL : backend, kind: 'InferencePool', name: 'qwen-inference-pool' },
  ],
});

const ACCEPTED = [
  { type: 'Accepted', status: 'True', reason: 'Accepted' },
  { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs' },
];

interface Given {
  rules?: Rule[];
  conditions?: Record<string, string>[] | null;
  parentRefs?: Record<string, string>[];
  owners?: typeof OWNER;
  listeners?: Record<string, unknown>[];
  addresses?: { value: string }[];
  poolStatus?: Record<string, unknown>;
  pools?: KubeObject[];
  spec?: Record<string, unknown>;
}

function ask(given: Given = {}, wanted: { namespace: string; name: string } | null = null) {
  const conditions = given.conditions === undefined ? ACCEPTED : given.conditions;
  const route: KubeObject = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'qwen-kserve-route', namespace: 'ns', ownerReferences: given.owners ?? OWNER },
    spec: {
      parentRefs: given.parentRefs ?? [{ name: 'inference-gateway', namespace: 'opendatahub' }],
      rules: given.rules ?? [rule('/ns/qwen/v1/completions', 'pool'), rule('/ns/qwen', 'service')],
      ...given.spec,
    },
    status: { parents: conditions === null ? [] : [{ conditions }] },
  };
  const gateway: KubeObject = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'inference-gateway', namespace: 'opendatahub' },
    spec: { listeners: given.listeners ?? [{ name: 'http', protocol: 'HTTP', port: 80 }] },
    status: { addresses: given.addresses ?? [{ value: '34.1.2.3' }] },
  };
  const pool: KubeObject = {
    apiVersion: `${NEW_POOL}/v1`,
    kind: 'InferencePool',
    metadata: { name: 'qwen-inference-pool', namespace: 'ns' },
    status: given.poolStatus ?? { parents: [{ conditions: ACCEPTED }] },
  };
  const { kube } = fakeKube({
    HTTPRoute: () => [route],
    Gateway: () => [gateway],
    InferencePool: () => given.pools ?? [pool],
  });
  return readRoute(kube, SERVICE, wanted);
}

const named = (prefix: string): Rule[] =>
  ['v1-completions', 'v1-chat-completions', 'v1-responses', 'v1-messages'].flatMap((name) => {
    const path = `/${name.replace('v1-', 'v1/').replace('chat-', 'chat/')}`;
    return [rule(`${prefix}${path}`, 'pool', `${name}-path`), rule(path, 'pool', `${name}-model-header`)];
  });

describe('the prefix of the service’s paths', () => {
  it.each<[string, Rule[]]>([
    [
      'three rules (v0.15, ODH)',
      [
        rule('/ns/qwen/v1/completions', OLD_POOL),
        rule('/ns/qwen/v1/chat/completions', OLD_POOL),
        rule('/ns/qwen', 'service'),
      ],
    ],
    ['one rule (v0.16)', [rule('/ns/qwen', 'pool')]],
    ['one rule with a slash', [rule('/ns/qwen/', 'pool')]],
    [
      'four rules (v0.18)',
      [
        rule('/ns/qwen/v1/completions', 'pool'),
        rule('/ns/qwen/v1/chat/completions', 'pool'),
        rule('/ns/qwen/v1/responses', 'pool'),
        rule('/ns/qwen', 'service'),
      ],
    ],
    ['eight named rules (v0.19)', [...named('/ns/qwen').slice(0, 7), rule('/ns/qwen', 'service', 'catch-all')]],
    [
      'twelve named rules with publishers (v0.20)',
      [
        ...named('/publishers/ns/models/qwen').slice(0, 3),
        ...named('/ns/qwen'),
        rule('/ns/qwen', 'service', 'catch-all'),
      ],
    ],
    ['the catch-all first', [rule('/ns/qwen', 'service'), rule('/ns/qwen/v1/chat/completions', 'pool')]],
  ])('is found in %s', async (_, rules) => {
    expect(await ask({ rules })).toMatchObject({ route: { endpoint: 'http://34.1.2.3/ns/qwen' } });
  });

  it('may be nothing', async () => {
    expect(await ask({ rules: [rule('/', 'pool')] })).toMatchObject({ route: { endpoint: 'http://34.1.2.3' } });
  });
});

describe('the address', () => {
  const https = { name: 'https', protocol: 'HTTPS', port: 443 };
  const http = { name: 'http', protocol: 'HTTP', port: 80 };

  it.each<[string, Given, string]>([
    ['http on 80', { listeners: [http] }, 'http://34.1.2.3'],
    ['another port', { listeners: [{ ...http, port: 8080 }] }, 'http://34.1.2.3:8080'],
    ['https alone', { listeners: [https] }, 'https://34.1.2.3'],
    ['https on another port', { listeners: [{ ...https, port: 8443 }] }, 'https://34.1.2.3:8443'],
    ['http before https', { listeners: [https, http] }, 'http://34.1.2.3'],
    [
      'the listener that the route names',
      {
        listeners: [http, https],
        parentRefs: [{ name: 'inference-gateway', namespace: 'opendatahub', sectionName: 'https' }],
      },
      'https://34.1.2.3',
    ],
    ['not a TCP listener', { listeners: [{ name: 'tcp', protocol: 'TCP', port: 22 }, https] }, 'https://34.1.2.3'],
    ['a name', { addresses: [{ value: 'lb.example.com' }] }, 'http://lb.example.com'],
    ['IPv6', { addresses: [{ value: '2001:db8::1' }] }, 'http://[2001:db8::1]'],
  ])('is %s', async (_, given, origin) => {
    expect(await ask(given)).toMatchObject({ route: { origin, endpoint: `${origin}/ns/qwen` } });
  });

  it('comes with the gateway, the route, the host and the pool', async () => {
    expect(await ask({ spec: { hostnames: ['llm.example.com'] } })).toMatchObject({
      route: {
        routeName: 'qwen-kserve-route',
        gateway: { namespace: 'opendatahub', name: 'inference-gateway' },
        hostname: 'llm.example.com',
        pool: { apiVersion: `${NEW_POOL}/v1`, name: 'qwen-inference-pool' },
      },
    });
  });

  it('needs no pool when the rules name none', async () => {
    expect(await ask({ rules: [rule('/ns/qwen', 'service')] })).toMatchObject({ route: { pool: null } });
  });

  it('reads the older pool’s status', async () => {
    const given = { rules: [rule('/ns/qwen', OLD_POOL)], poolStatus: { parent: [{ conditions: ACCEPTED }] } };
    expect(await ask(given)).toMatchObject({ route: { pool: { apiVersion: `${OLD_POOL}/v1alpha2` } } });
  });
});

describe('what is still missing', () => {
  const not = (type: string, reason: string) =>
    ACCEPTED.map((one) => (one.type === type ? { type, status: 'False', reason } : one));

  it.each<[string, Given]>([
    ['no HTTPRoute yet', { owners: [] }],
    ['HTTPRoute qwen-kserve-route not seen by a gateway yet', { conditions: null }],
    ['HTTPRoute Accepted False (NotAllowedByListeners)', { conditions: not('Accepted', 'NotAllowedByListeners') }],
    ['HTTPRoute ResolvedRefs False (InvalidKind)', { conditions: not('ResolvedRefs', 'InvalidKind') }],
    ['HTTPRoute ResolvedRefs unknown', { conditions: ACCEPTED.slice(0, 1) }],
    ['InferencePool qwen-inference-pool not seen by a gateway yet', { poolStatus: {} }],
    [
      'InferencePool qwen-inference-pool not accepted (HTTPRouteNotAccepted)',
      { poolStatus: { parents: [{ conditions: not('Accepted', 'HTTPRouteNotAccepted') }] } },
    ],
    [`InferencePool qwen-inference-pool (${NEW_POOL}) does not exist yet`, { pools: [] }],
    ['HTTPRoute qwen-kserve-route has no parentRef', { parentRefs: [] }],
    ['Gateway opendatahub/inference-gateway has no address yet', { addresses: [] }],
    ['Gateway ns/inference-gateway has no address yet', { parentRefs: [{ name: 'other-gateway' }] }],
  ])('%s', async (waiting, given) => {
    const text = waiting.replace('ns/inference-gateway', 'ns/other-gateway');
    expect(await ask(given)).toEqual({ waiting: given.parentRefs?.[0]?.name === 'other-gateway' ? text : waiting });
  });
});

describe('the gateway that was named', () => {
  it('is the one in use', async () => {
    const wanted = { namespace: 'opendatahub', name: 'inference-gateway' };
    expect(await ask({}, wanted)).toMatchObject({ route: { gateway: wanted } });
  });

  it('must be the one in use', async () => {
    await expect(ask({}, { namespace: 'opendatahub', name: 'other' })).rejects.toMatchObject({
      code: 'wrong-gateway',
      message: 'The route of qwen is attached to opendatahub/inference-gateway, not to opendatahub/other.',
      hint: expect.stringContaining('"gateway"'),
    });
  });
});
