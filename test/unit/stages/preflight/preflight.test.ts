import { describe, expect, it } from 'vitest';
import type { ClusterInfo } from '../../../../src/clients/google/gke.ts';
import type { NodePoolInfo } from '../../../../src/clients/google/node-pool.ts';
import type { KubeObject, OwnedRef } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import type { Report } from '../../../../src/report/model.ts';
import type { Prepared } from '../../../../src/stages/context.ts';
import { leaseObject } from '../../../../src/stages/lease/lease-record.ts';
import { preflight } from '../../../../src/stages/preflight/preflight.ts';
import { preflightTable } from '../../../../src/stages/preflight/table.ts';
import { applied, fakeKube, LEASE, nodes, POOL, stageContext, texts } from '../fakes.ts';

const resources = { limits: { 'google.com/tpu': '4' } };
const tolerations = [{ key: 'google.com/tpu', operator: 'Exists' }];
const SPEC = { replicas: 3, template: { tolerations, containers: [{ name: 'main', resources }] } };
const SERVICE: KubeObject = { ...applied('LLMInferenceService', 'qwen', null), spec: SPEC };
const RETIRED = applied('LLMInferenceService', 'pattern1', null);

interface Given {
  pool?: Partial<NodePoolInfo>;
  /** Of the cluster by GKE's word; null without one. */
  version?: string;
  /** Objects that exist, by kind. */
  there?: Partial<Record<string, () => KubeObject[]>>;
  retire?: KubeObject[];
  manifests?: KubeObject[];
  inputs?: Record<string, string>;
  /** What the dry run says of an object, by its name. */
  refuses?: (name: string) => Failure | null;
  /** Whether a dry run shows what was there before, as the API server does. */
  shows?: boolean;
}

async function checkAll(given: Given): Promise<{ ready: Prepared; said: string[]; report: Report; reads: string[] }> {
  const cluster: ClusterInfo = {
    name: 'llmd',
    status: 'RUNNING',
    version: given.version ?? null,
    ipEndpoint: null,
    ipEndpointEnabled: true,
    caPem: null,
    dnsEndpoint: null,
    nodePools: [{ ...POOL, ...given.pool }],
    enforcesPolicies: true,
  };
  const { kube, applied: changed } = fakeKube(given.there ?? {});
  const { apply } = kube;
  kube.apply = async (object, options) => {
    const refusal = given.refuses?.(object.metadata.name);
    if (refusal) throw refusal;
    const before = given.there?.[object.kind]?.().find(({ metadata }) => metadata.name === object.metadata.name);
    if (given.shows) options?.onExistence?.(before !== undefined);
    return apply(object, options);
  };
  const { get } = kube;
  const reads: string[] = [];
  kube.get = async (ref) => {
    reads.push(ref.kind);
    return get(ref);
  };
  const { context, said, report } = stageContext({ kube }, given.inputs);
  const manifests = (given.manifests ?? [SERVICE]).map((object) => ({ object, file: 'service.yaml', line: 1 }));
  const table = preflightTable((lines) => context.note({ type: 'preflight', lines }), context.signal);
  const ready = await preflight(context, cluster, manifests, given.retire ?? [], table);
  expect(changed).toEqual([]);
  const warned = report()
    .preflight.filter(({ outcome }) => outcome === 'warning')
    .map(({ seen }) => seen);
  return { ready, said: [...texts(said), ...warned], report: report(), reads };
}

it.each([
  ['of GKE', '1.33.5-gke.7', 'v1.33.5-gke.7'],
  ['of the API server where GKE gives none', undefined, 'v1.33.4-gke.1'],
])('the version is that %s', async (_, version, shown) => {
  const { report } = await check(version === undefined ? {} : { version });
  expect(report.environment.kubernetesVersion).toBe(shown);
  expect(report.preflight.find(({ id }) => id === 'kubernetes')).toMatchObject({ outcome: 'pass', seen: shown });
});

const check = checkAll;
const existing = (service: KubeObject) => ({ LLMInferenceService: () => [service] });

describe.each([
  ['shows whether it is there', true],
  ['does not show that', false],
])('a service of the same name whose dry run %s,', (_, shows) => {
  const check = (given: Given) => checkAll({ ...given, shows });

  it('that no run made is refused', async () => {
    await expect(check({ there: existing(SERVICE) })).rejects.toMatchObject({
      code: 'service-exists',
      stage: 'preflight',
      blame: 'config',
      message: 'LLMInferenceService qwen in ns exists already, and no run of the gate made it.',
      hint: expect.stringContaining('input "retire"'),
    });
  });

  it('that an earlier run left behind is not in the way', async () => {
    const { ready } = await check({ there: existing(applied('LLMInferenceService', 'qwen', '182-1')) });
    expect(ready.service.name).toBe('qwen');
  });

  const living = (nodePool: string) => {
    const state = { ...LEASE, nodePool, runKey: '182-1' };
    const times = { nowMs: Date.now(), acquiredAtMs: Date.now(), transitions: 0 };
    return () => [leaseObject('default', { identity: 'run 182', runKey: '182-1' }, state, times)];
  };

  it('that a living run of another pool keeps is refused, with its owner', async () => {
    const theirs = existing(applied('LLMInferenceService', 'qwen', '182-1'));
    await expect(check({ there: { ...theirs, Lease: living('v6e-two') } })).rejects.toMatchObject({
      code: 'owned-by-run',
      stage: 'preflight',
      message: expect.stringContaining('belongs to the stack of run 182 on node pool v6e-two'),
    });
  });

  it('that may be retired is deleted before the deploy', async () => {
    const { ready } = await check({ there: existing(SERVICE), retire: [SERVICE] });
    expect(ready.retire).toMatchObject([{ kind: 'LLMInferenceService', name: 'qwen', namespace: 'ns' }]);
  });

  it('is not the one of another namespace that may be retired', async () => {
    const elsewhere = { ...SERVICE, metadata: { ...SERVICE.metadata, namespace: 'elsewhere' } };
    await expect(check({ there: existing(SERVICE), retire: [elsewhere] })).rejects.toMatchObject({
      code: 'service-exists',
    });
  });
});

describe('the dry run of the service', () => {
  const reads = async (given: Given) =>
    (await checkAll({ shows: true, ...given })).reads.filter((kind) => kind === 'LLMInferenceService');

  it('shows one that is new, which is then read by nobody', async () => {
    expect(await reads({})).toEqual([]);
    expect(await reads({ shows: false })).toHaveLength(1);
    expect(await reads({ inputs: { mode: 'preflight', 'read-only': 'true' } })).toHaveLength(1);
  });

  it('shows too little of one that is there, and nothing where it is refused', async () => {
    expect(await reads({ there: existing(applied('LLMInferenceService', 'qwen', '182-1')) })).toHaveLength(1);
    const refuses = () => new Failure({ stage: 'preflight', code: 'manifest-immutable', message: 'immutable' });
    await expect(checkAll({ shows: true, refuses, there: existing(SERVICE) })).rejects.toMatchObject({
      message: expect.stringContaining('LLMInferenceService qwen in ns exists already'),
    });
  });
});

describe('a stack that goes before', () => {
  const object = (apiVersion: string, kind: string, fields: object): KubeObject => ({
    ...{ apiVersion, kind, metadata: { name: `${kind}-of-it`, namespace: 'ns', uid: `uid-${kind}` } },
    ...fields,
  });
  const selector = { matchLabels: {} };
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'qwen-kserve' };
  const QUOTA = object('v1', 'ResourceQuota', { status: { hard: { pods: '2' }, used: { pods: '2' } } });
  const SCALER = object('autoscaling/v2', 'HorizontalPodAutoscaler', {
    spec: { scaleTargetRef: target, minReplicas: 1, maxReplicas: 9 },
  });
  const POLICY = object('networking.k8s.io/v1', 'NetworkPolicy', {
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  });
  const BUDGET = object('policy/v1', 'PodDisruptionBudget', { spec: { selector, minAvailable: 3 } });
  const lease = (...workload: OwnedRef[]) => ({
    Lease: () => {
      const state = { ...LEASE, runKey: '182-1', workload };
      const times = { nowMs: Date.now(), acquiredAtMs: Date.now(), transitions: 0 };
      return [leaseObject('default', { identity: 'run 182', runKey: '182-1' }, state, times)];
    },
  });
  const refTo = ({ apiVersion, kind, metadata: { name, uid } }: KubeObject) => ({ apiVersion, kind, name, uid });
  const there = (object: KubeObject) => ({ [object.kind]: () => [object] });

  it.each([
    ['quota', QUOTA, 'pod-quota'],
    ['autoscaler', SCALER, 'replicas-autoscaled'],
    ['policy', POLICY, 'policy-blocks'],
  ])('takes its %s with it, by the lease of the pool', async (_, own, code) => {
    await expect(check({ there: there(own) })).rejects.toMatchObject({ code });
    const { ready } = await check({ there: { ...there(own), ...lease(refTo(own)) } });
    expect(ready.retire).toEqual([]);
  });

  it('does not take what another namespace has, nor a namesake that was made since', async () => {
    for (const [own, code] of [
      [QUOTA, 'pod-quota'],
      [POLICY, 'policy-blocks'],
    ] as const) {
      for (const change of [{ namespace: 'elsewhere' }, { uid: 'another' }]) {
        const leased = lease({ ...refTo(own), ...change });
        await expect(check({ there: { ...there(own), ...leased } })).rejects.toMatchObject({ code });
      }
    }
  });

  it('leaves no budget for drains behind', async () => {
    expect((await check({ there: there(BUDGET) })).said.join('\n')).toContain('allows no eviction');
    const { said } = await check({ there: { ...there(BUDGET), ...lease(refTo(BUDGET)) } });
    expect(said.join('\n')).not.toContain('eviction');
  });
});

describe('what is retired', () => {
  it('is all but what the manifests bring again, in the namespace of the input unless it has one', async () => {
    const shared = applied('ConfigMap', 'shared', null);
    const { namespace: _, ...metadata } = applied('ConfigMap', 'old', null).metadata;
    const old = { ...applied('ConfigMap', 'old', null), metadata };
    const { ready } = await check({
      manifests: [SERVICE, shared],
      retire: [shared, old],
      inputs: { namespace: 'team' },
    });
    expect(ready.retire.map(({ name, namespace }) => [name, namespace])).toEqual([['old', 'team']]);
  });
});

describe('on upstream KServe', () => {
  const UPSTREAM: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'llmisvc-controller-manager', namespace: 'kserve' },
    spec: { template: { spec: { containers: [{ name: 'manager', image: 'kserve/llmisvc-controller:v0.20.0' }] } } },
  };
  const args = ['exec vllm --ssl-certfile=/tls.crt'];
  const secure: KubeObject = {
    ...SERVICE,
    spec: { replicas: 3, router: { scheduler: {} }, template: { containers: [{ name: 'main', args, resources }] } },
  };
  const there = { Deployment: () => [UPSTREAM] };
  const RULES = ['qwen-epp', 'qwen-pool', 'qwen-workload'];

  it('the DestinationRules that it does not write are deployed beside the manifests, and are not retired', async () => {
    const retire = [...RULES, 'other'].map((name) => applied('DestinationRule', name, null));
    const { ready } = await check({
      there,
      manifests: [secure],
      retire: retire.map((rule) => ({ ...rule, apiVersion: 'networking.istio.io/v1' })),
    });
    expect(ready.manifests.map(({ object }) => object.metadata.name)).toEqual(['qwen', ...RULES]);
    expect(ready.retire.map(({ name }) => name)).toEqual(['other']);
  });

  it('a rule that the API server would refuse is found before the lease', async () => {
    const refusal = new Failure({ stage: 'preflight', code: 'kube-permission', message: 'may not create' });
    const refuses = (name: string) => (name === 'qwen-pool' ? refusal : null);
    await expect(check({ there, manifests: [secure], refuses })).rejects.toMatchObject({ code: 'kube-permission' });
  });
});

describe('a pool', () => {
  function pod(name: string, change: { service?: string; node?: string; phase?: string; tpu?: boolean } = {}) {
    const { service = 'theirs', node = 'node-0', phase = 'Running', tpu = true } = change;
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'ns', labels: { 'app.kubernetes.io/name': service } },
      spec: {
        nodeName: node,
        containers: [
          { name: 'sidecar' },
          { name: 'main', ...(tpu ? { resources: { requests: { 'google.com/tpu': '4' } } } : {}) },
        ],
      },
      status: { phase },
    } satisfies KubeObject;
  }
  const withPods = (pods: KubeObject[], change: Given = {}): Given => ({
    pool: { initialNodeCount: 2 },
    ...change,
    there: { Node: () => nodes(2), Pod: () => pods },
  });

  it('whose nodes serve somebody else is refused, and names whom', async () => {
    const pods = ['a', 'b', 'c', 'd', 'e'].map((name) => pod(name));
    await expect(check(withPods(pods.slice(0, 2)))).rejects.toMatchObject({
      code: 'pool-in-use',
      blame: 'config',
      message: 'The node pool serves others, and its nodes go when the run ends: ns/a, ns/b.',
      hint: expect.stringContaining('"resting-nodes"'),
    });
    await expect(check(withPods(pods))).rejects.toThrow('ns/a, ns/b, ns/c and 2 more.');
  });

  it.each<[string, KubeObject]>([
    ['of the service that is retired', pod('old', { service: 'pattern1' })],
    ['of the service under test, left behind', pod('ours', { service: 'qwen' })],
    ['without TPU', pod('agent', { tpu: false })],
    ['on another pool', pod('far', { node: 'node-of-another-pool' })],
    ['that has ended well', pod('job', { phase: 'Succeeded' })],
    ['that has ended badly', pod('job', { phase: 'Failed' })],
  ])('may hold a pod %s', async (_, only) => {
    const { ready } = await check(withPods([only], { retire: [RETIRED] }));
    expect(ready.sizeBefore).toBe(2);
  });

  it('may serve others when none of its nodes goes', async () => {
    const { ready } = await check(withPods([pod('a')], { inputs: { 'resting-nodes': 'before' } }));
    expect(ready.restingNodes).toBe(2);
  });

  it('is taken with a warning when the pods of others cannot be listed', async () => {
    const there = {
      Node: () => nodes(2),
      Pod: () => {
        throw new Failure({ stage: 'preflight', code: 'kube-permission', message: 'cannot list resource "pods"' });
      },
    };
    const { said } = await check({ pool: { initialNodeCount: 2 }, there });
    expect(said).toContainEqual(expect.stringContaining('is of spot nodes'));
    expect(said).toContainEqual(
      expect.stringContaining('who else uses the pool cannot be seen: listing pods of all namespaces is refused'),
    );
  });

  it('is refused when the pods cannot be listed for another reason', async () => {
    const there = {
      Node: () => nodes(2),
      Pod: () => {
        throw new Failure({ stage: 'preflight', code: 'kube-unreachable', message: 'no answer' });
      },
    };
    await expect(check({ pool: { initialNodeCount: 2 }, there })).rejects.toMatchObject({ code: 'kube-unreachable' });
  });

  it('rests at zero nodes by default', async () => {
    const { ready } = await check({ pool: { initialNodeCount: 3 }, there: { Node: () => nodes(3) } });
    expect(ready).toMatchObject({ sizeBefore: 3, restingNodes: 0 });
  });

  it('in a bad condition, or of another size than it was set to, is warned of', async () => {
    const { said } = await check({ pool: { conditions: ['GCE_STOCKOUT: no capacity'], initialNodeCount: 1 } });
    const told = said.join('\n');
    expect(told).toContain('node pool v6e: GCE_STOCKOUT: no capacity');
    expect(told).toContain('is of spot nodes');
    expect(told).toContain('no other run has it; 0 nodes now; last set to 1');
    expect(told).toContain('GKE reports of the pool: GCE_STOCKOUT: no capacity');
  });
});

describe('manifests that the API server refuses', () => {
  const refusal = (code: string) => (name: string) =>
    name === 'qwen' ? null : new Failure({ stage: 'deploy', code, message: `${name} is wrong.`, blame: 'change' });
  const manifests = [SERVICE, applied('DestinationRule', 'first', null), applied('DestinationRule', 'second', null)];

  it('are told all at once, each with its file and line', async () => {
    await expect(check({ manifests, refuses: refusal('manifest-refused') })).rejects.toMatchObject({
      ...{ stage: 'preflight', code: 'manifest-refused', blame: 'change' },
      message: 'service.yaml:1: first is wrong; service.yaml:1: second is wrong.',
      evidence: {
        locations: [
          { file: 'service.yaml', line: 1, message: 'first is wrong.' },
          { file: 'service.yaml', line: 1, message: 'second is wrong.' },
        ],
      },
    });
  });

  it('are asked for no more once the API server does not answer', async () => {
    let asked = 0;
    const unreachable = (name: string) => {
      if (name !== 'qwen') asked += 1;
      return refusal('kube-unreachable')(name);
    };
    await expect(check({ manifests, refuses: unreachable })).rejects.toMatchObject({ code: 'kube-unreachable' });
    expect(asked).toBe(1);
  });
});
