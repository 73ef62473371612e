import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { LimitRange, ResourceQuota } from '../../../../src/clients/kubernetes/kinds.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { rulesOf } from '../../../../src/stages/preflight/brought-rules.ts';
import { checkQuotas, type QuotaSubject } from '../../../../src/stages/preflight/quota.ts';
import { found, pods, service, written } from './planned.ts';

const TPU = { limits: { 'google.com/tpu': '4' } };
const replicas = (resources: object = TPU) => ({ containers: [{ name: 'main', resources }] });

const quota = (hard: Record<string, string>, used: Record<string, string> = {}, spec: object = {}): ResourceQuota => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'team', namespace: 'ns' },
  spec: { hard, ...spec },
  status: { hard, used },
});

const pod = (name: string, chips: string, phase = 'Running') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'ns', labels: { 'app.kubernetes.io/name': name } },
  spec: { containers: [{ name: 'main', resources: { requests: { 'google.com/tpu': chips } } }] },
  status: { phase },
});

async function judged(
  quotas: ResourceQuota[] | null,
  change: Partial<QuotaSubject> = {},
  there: ReturnType<typeof pod>[] = [],
): Promise<{ line: string; asked: string[]; failure: Failure | null; outcome: string }> {
  const asked: string[] = [];
  const list = (async (_: string, kind: string, options: { labelSelector?: string }) => {
    const { labelSelector } = options;
    asked.push(`${kind} ${labelSelector}`);
    const isAsked = ({ metadata }: ReturnType<typeof pod>) => labelSelector?.includes(`(${metadata.name})`) ?? true;
    return there.filter(isAsked);
  }) as unknown as KubeClient['list'];
  const all = { all: quotas ?? [], brought: new Map<string, Manifest>(), isRead: quotas !== null };
  const subject = { namespace: 'ns', quotas: all, ranges: [], pods: pods(replicas()), passing: ['qwen'], ...change };
  const result = await found(() => checkQuotas({ list }, subject));
  if (result instanceof Failure) return { line: result.message, asked, failure: result, outcome: 'fail' };
  return { line: result.seen, asked, failure: null, outcome: result.outcome ?? 'pass' };
}

describe('a quota of chips', () => {
  it('that is enough passes, and nothing else is asked', async () => {
    const { outcome, asked } = await judged([
      quota({ 'requests.google.com/tpu': '12' }, { 'requests.google.com/tpu': '0' }),
    ]);
    expect([outcome, asked]).toEqual(['pass', []]);
  });

  it('that is too small is named with what is needed, what is left, the line and the command', async () => {
    const { failure } = await judged([quota({ 'requests.google.com/tpu': '8' })]);
    expect(failure).toMatchObject({
      code: 'pod-quota',
      blame: 'cluster',
      message:
        'service.yaml:103: the replicas of qwen (3 × 4) need 12 of requests.google.com/tpu, and ResourceQuota team of ns has 8 left of 8.',
      hint: 'Raise the quota, free what uses it, or ask for less: kubectl -n ns describe resourcequota team.',
      evidence: { file: 'service.yaml', locations: [expect.objectContaining({ line: 103 })] },
    });
  });

  it('that others use up is too small', async () => {
    const { outcome } = await judged([quota({ 'requests.google.com/tpu': '16' }, { 'requests.google.com/tpu': '8' })]);
    expect(outcome).toBe('fail');
  });

  it('that the pods use which go before the deploy is enough', async () => {
    const full = [quota({ 'requests.google.com/tpu': '12' }, { 'requests.google.com/tpu': '12' })];
    const leaving = [pod('qwen', '8'), pod('qwen', '4')];
    expect(await judged(full, {}, leaving)).toMatchObject({
      outcome: 'pass',
      asked: ['Pod app.kubernetes.io/name in (qwen)'],
    });
    expect((await judged(full, {}, [pod('qwen', '8'), pod('qwen', '4', 'Failed')])).outcome).toBe('fail');
    expect((await judged(full, { passing: [] }, leaving)).outcome).toBe('fail');
  });
});

describe('a quota that demands', () => {
  it('a limit is told of each container that sets none, with the field', async () => {
    const { failure } = await judged([quota({ 'limits.memory': '1Ti', 'requests.cpu': '100' })]);
    expect(failure?.message).toMatch(
      /service.yaml:105: container main of the replicas of qwen sets no resources.limits.memory, resources.requests.cpu, and ResourceQuota team of ns counts limits.memory, requests.cpu/,
    );
    expect(failure?.hint).toMatch(/Set resources.limits.memory, resources.requests.cpu of container main/);
  });

  it('what the defaults of a LimitRange give is content', async () => {
    const ranges: LimitRange[] = [
      {
        apiVersion: 'v1',
        kind: 'LimitRange',
        metadata: { name: 'defaults' },
        spec: { limits: [{ type: 'Container', default: { memory: '200Gi' }, defaultRequest: { cpu: '1' } }] },
      },
    ];
    // What KServe asks for the picker and the download is not known.
    const { outcome, line } = await judged([quota({ 'limits.memory': '1Ti', 'requests.cpu': '100' })], { ranges });
    expect(outcome).toBe('not-checked');
    expect(line).toMatch(/not known is what KServe sets for main of the endpoint picker of qwen/);
    const small = await judged([quota({ 'limits.memory': '100Gi' })], { ranges });
    expect(small.line).toMatch(/\(3 × 200Gi\) need 600Gi of limits.memory/);
  });

  it('nothing of pods that have resources of their own', async () => {
    const whole = { resources: { limits: { memory: '8Gi' } }, containers: [{ name: 'main' }] };
    expect((await judged([quota({ 'limits.memory': '1Ti' })], { pods: pods(whole).slice(0, 1) })).outcome).toBe('pass');
  });

  it('a base that is not read leaves it open', async () => {
    const manifest = service(replicas());
    const { plannedPods } = await import('../../../../src/stack/planned-pods.ts');
    const open = plannedPods([manifest], manifest, ['presets']);
    expect((await judged([quota({ 'limits.memory': '1Ti' })], { pods: open })).outcome).toBe('not-checked');
  });
});

describe('a quota of objects', () => {
  it('counts pods of replicas and of the picker', async () => {
    const { line } = await judged([quota({ pods: '12' }, { pods: '9' })]);
    expect(line).toMatch(
      /the replicas of qwen \(3 × 1\) and the endpoint picker of qwen \(1 × 1\) need 4 of pods, and ResourceQuota team of ns has 3 left of 12/,
    );
  });

  it('of services that can never be enough fails, and one that may be freed is left open', async () => {
    expect((await judged([quota({ services: '1' })])).line).toMatch(/2 objects of qwen need 2 of services/);
    const open = await judged([quota({ 'count/deployments.apps': '3' }, { 'count/deployments.apps': '2' })]);
    expect([open.outcome, open.line]).toEqual([
      'not-checked',
      expect.stringContaining('whether count/deployments.apps of team is enough: 1 left of 3'),
    ]);
  });

  it('of kinds that the run does not make is no concern', async () => {
    expect((await judged([quota({ 'count/jobs.batch': '0', persistentvolumeclaims: '0' })])).outcome).toBe('pass');
  });
});

describe('the scopes of a quota', () => {
  const small = (scopes: string[], template: object = replicas()) =>
    judged([quota({ 'requests.google.com/tpu': '8' }, {}, { scopes })], { pods: pods(template) });
  const cpu = replicas({ limits: { 'google.com/tpu': '4', cpu: '8' } });

  it.each<[string[], object, string]>([
    [['NotTerminating'], replicas(), 'fail'],
    [['Terminating'], replicas(), 'pass'],
    [['Terminating'], { ...replicas(), activeDeadlineSeconds: 60 }, 'fail'],
    [['NotBestEffort'], cpu, 'fail'],
    [['BestEffort'], cpu, 'not-checked'],
    [['CrossNamespacePodAffinity'], replicas(), 'pass'],
    [['VolumeAttributesClass'], replicas(), 'not-checked'],
    [['PriorityClass'], { ...replicas(), priorityClassName: 'high' }, 'fail'],
    [['PriorityClass'], replicas(), 'not-checked'],
  ])('%j of %j', async (scopes, template, outcome) => {
    expect((await small(scopes, template)).outcome).toBe(outcome);
  });

  it('by a selector', async () => {
    const scoped = (operator: string, values: string[]) =>
      judged(
        [
          quota(
            { 'requests.google.com/tpu': '8' },
            {},
            {
              scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, values }] },
            },
          ),
        ],
        { pods: pods({ ...replicas(), priorityClassName: 'high' }).slice(0, 1) },
      );
    expect((await scoped('In', ['low'])).outcome).toBe('pass');
    expect((await scoped('In', ['high'])).outcome).toBe('fail');
    expect((await scoped('NotIn', ['high'])).outcome).toBe('pass');
  });
});

describe('several quotas', () => {
  it('are told all at once', async () => {
    const { failure } = await judged([
      quota({ 'requests.google.com/tpu': '8', pods: '1' }),
      quota({ 'limits.cpu': '8' }),
    ]);
    expect(failure?.evidence.locations).toHaveLength(3);
  });

  it('that may not be read are named, and none is a pass', async () => {
    expect(await judged(null)).toMatchObject({ outcome: 'not-checked', line: 'ResourceQuotas of ns may not be read' });
    expect(await judged([])).toMatchObject({ outcome: 'pass', line: 'no ResourceQuota in ns' });
  });
});

describe('pods beside the service', () => {
  it('are counted by the kind that makes them', async () => {
    const object = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'proxy', namespace: 'ns' },
      spec: {
        replicas: 2,
        template: { spec: { containers: [{ name: 'proxy', resources: { requests: { cpu: '2' } } }] } },
      },
    };
    const others = [{ object, file: 'proxy.yaml', line: 1 }];
    const { line } = await judged([quota({ cpu: '3', pods: '100' })], { pods: pods(replicas(), {}, others) });
    expect(line).toMatch(/the pods of Deployment proxy \(2 × 2\) need 4 of cpu/);
  });

  it('of which the largest init container counts, beside the sidecars', async () => {
    const asks = (cpu: string) => ({ resources: { requests: { cpu } } });
    const spec = {
      initContainers: [
        { name: 'mesh', restartPolicy: 'Always', ...asks('1') },
        { name: 'load', ...asks('9') },
      ],
      containers: [{ name: 'proxy', ...asks('4') }],
    };
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one', namespace: 'ns' }, spec };
    const others = [{ object, file: 'pod.yaml', line: 1 }];
    const alone = pods(replicas(), {}, others).slice(-1);
    expect((await judged([quota({ cpu: '9' })], { pods: alone })).line).toMatch(/\(1 × 10\) need 10 of cpu/);
    expect((await judged([quota({ cpu: '10' })], { pods: alone })).outcome).toBe('pass');
  });
});

describe('a quota that the manifests bring', () => {
  const text = (hard: string, annotation = '') =>
    `apiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: team\n${annotation}spec:\n  hard:\n    ${hard}\n`;
  const brought = (hard: string, there: ResourceQuota[] | null = [], existing: ReturnType<typeof pod>[] = []) => {
    const own = { ...written(text(hard)), file: 'quota.yaml' };
    const quotas = rulesOf<ResourceQuota>('ResourceQuota', there, { namespace: 'ns', manifests: [own] });
    return judged([], { quotas }, existing);
  };
  const CHIPS = 'requests.google.com/tpu: "8"';

  it('is held against the pods as one of the cluster, and whoever brings it acts', async () => {
    const { failure } = await brought(CHIPS);
    expect(failure).toMatchObject({
      code: 'pod-quota',
      blame: 'change',
      message:
        'service.yaml:103: the replicas of qwen (3 × 4) need 12 of requests.google.com/tpu, and ResourceQuota team of ns has 8 left of 8.',
      hint: 'Raise requests.google.com/tpu of ResourceQuota team (quota.yaml:7), or ask for less.',
    });
  });

  it('counts the pods of others, which nobody has counted before, and not those that go', async () => {
    const sixteen = 'requests.google.com/tpu: "16"';
    expect((await brought(sixteen)).outcome).toBe('pass');
    const other = await brought(sixteen, [], [pod('another', '8')]);
    expect(other.line).toContain('need 12 of requests.google.com/tpu, and ResourceQuota team of ns has 8 left of 16');
    expect((await brought(sixteen, [], [pod('another', '8', 'Failed')])).outcome).toBe('pass');
    expect((await brought('requests.google.com/tpu: "12"', [], [pod('qwen', '12')])).outcome).toBe('pass');
  });

  it('replaces the amounts of its namesake, and leaves the others', async () => {
    const there = quota({ 'requests.google.com/tpu': '4', 'limits.cpu': '8' }, { 'requests.google.com/tpu': '0' });
    const { failure } = await brought('requests.google.com/tpu: "12"', [there]);
    expect(failure?.message).toMatch(/sets no resources.limits.cpu/);
    expect(failure?.message).not.toContain('requests.google.com/tpu, and');
    const ofTheGate = { ...there, metadata: { ...there.metadata, annotations: { 'tpu-serving-gate/run': '1-1' } } };
    expect((await brought('requests.google.com/tpu: "12"', [ofTheGate])).outcome).toBe('pass');
  });

  it('counts beside those of the cluster', async () => {
    const others = { ...quota({ pods: '1' }), metadata: { name: 'others', namespace: 'ns' } };
    const { failure } = await brought(CHIPS, [others]);
    expect(failure?.evidence.locations).toHaveLength(2);
    expect(failure?.blame).toBe('cluster');
  });

  it('is all that is known where those of the cluster may not be read', async () => {
    expect((await brought(CHIPS, null)).outcome).toBe('fail');
    expect(await brought('requests.google.com/tpu: "12"', null)).toMatchObject({
      outcome: 'not-checked',
      line: 'ResourceQuotas of ns may not be read; the pods fit into team',
    });
  });

  it('leaves open what it allows of objects that were not counted', async () => {
    const { outcome, line } = await brought('count/deployments.apps: "5"');
    expect([outcome, line]).toEqual([
      'not-checked',
      expect.stringContaining('how many count/deployments.apps exist, of which team allows 5'),
    ]);
  });

  it('of another namespace, or of amounts that are no amounts, is no concern', async () => {
    const elsewhere = written(text(CHIPS).replace('name: team', 'name: team\n  namespace: other'));
    const of = (manifest: Manifest) =>
      rulesOf<ResourceQuota>('ResourceQuota', [], { namespace: 'ns', manifests: [manifest] });
    expect((await judged([], { quotas: of(elsewhere) })).line).toBe('no ResourceQuota in ns');
    for (const odd of ['pods: [1]', 'pods: {a: b}', 'pods:']) expect((await brought(odd)).outcome).toBe('pass');
    const shapeless = written('apiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: team\nspec: text\n');
    expect((await judged([], { quotas: of(shapeless) })).outcome).toBe('pass');
  });
});
