import { describe, expect, it } from 'vitest';
import type { KubeClient, LogBounds } from '../../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../../src/clients/kubernetes/objects.ts';
import { collectEvidence } from '../../../src/diagnosis/collect.ts';

const NAME = 'qwen';
const SERVICE = { apiVersion: 'serving.kserve.io/v1alpha1', name: NAME, namespace: 'ns' };
const GATEWAY = { namespace: 'opendatahub', name: 'inference-gateway' };

function pod(name: string, change: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns', labels: { 'app.kubernetes.io/name': NAME, 'kserve.io/component': 'workload' } },
    spec: {
      nodeName: 'node-1',
      containers: [
        {
          name: 'main',
          image: 'vllm',
          args: ['--port=8000'],
          env: [{ name: 'HF_TOKEN', value: 'hf_secretsecretsecret' }],
        },
      ],
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [
        { name: 'main', ready: false, restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } },
      ],
    },
    ...change,
  };
}

function cluster(given: {
  lists?: Partial<Record<string, KubeObject[] | Error>>;
  log?: string;
  onLog?: (bounds: LogBounds) => void;
  slow?: boolean;
}): KubeClient {
  const answer = async <T>(value: T): Promise<T> => {
    if (given.slow) await new Promise((resolve) => setTimeout(resolve, 5_000).unref());
    return value;
  };
  return {
    list: async (_apiVersion: string, kind: string, { namespace }: { namespace?: string } = {}) => {
      const found = given.lists?.[kind] ?? [];
      if (found instanceof Error) throw found;
      return answer(found.filter((one) => (one.metadata.namespace ?? namespace) === namespace));
    },
    get: async () => answer(null),
    versionsOf: async () => [],
    canI: async () => true,
    logs: async (_namespace: string, _pod: string, _container: string, bounds: LogBounds) => {
      given.onLog?.(bounds);
      return bounds.previous ? '' : (given.log ?? '');
    },
  } as unknown as KubeClient;
}

const collect = (kube: KubeClient, limitMs = 2_000) =>
  collectEvidence({
    kube,
    gke: null,
    service: { ...SERVICE, beside: `${NAME}-base` },
    namespace: 'ns',
    nodePool: 'v6e',
    gateway: GATEWAY,
    gatewayCounters: async () => ['proxy-1: outbound|9002||epp.ns: 3 requests'],
    limitMs,
  });

describe('evidence', () => {
  it('holds pods, how their containers are, and the last lines of each log', async () => {
    const found = await collect(
      cluster({ lists: { Pod: [pod('a')] }, log: 'loading\nerror: unrecognized arguments\n' }),
    );
    expect(found.pods[0]).toMatchObject({ name: 'a', role: 'replica', ready: false, node: 'node-1' });
    expect(found.pods[0]?.containers[0]).toMatchObject({
      name: 'main',
      restarts: 2,
      reason: 'CrashLoopBackOff',
      command: '--port=8000',
      log: ['loading', 'error: unrecognized arguments'],
    });
  });

  it('asks a log for a bounded tail, and for that of the container before when it has crashed', async () => {
    const asked: LogBounds[] = [];
    await collect(cluster({ lists: { Pod: [pod('a')] }, onLog: (bounds) => asked.push(bounds) }));
    expect(asked.map(({ previous = false }) => previous)).toContain(true);
    for (const { limitBytes } of asked) expect(limitBytes).toBeLessThanOrEqual(1024 * 1024);
  });

  it('reads the last 256 KiB of a log as the API server cuts it: from the first line of the tail', async () => {
    const lines = [
      ...Array.from({ length: 2_900 }, (_, index) => `loading ${index} ${'x'.repeat(400)}`),
      'KeyError: 7',
    ];
    const kube = cluster({ lists: { Pod: [pod('a', { status: { phase: 'Running' } })] } });
    kube.logs = async (_namespace, _pod, _container, { tailLines, limitBytes }) =>
      Buffer.from(lines.slice(-tailLines).join('\n')).subarray(0, limitBytes).toString();
    const log = (await collect(kube)).pods[0]?.containers[0]?.log ?? [];
    expect(log.at(-1)).toBe('KeyError: 7');
  });

  it("keeps an engine's error that stands 1,500 lines above the end", async () => {
    const error = '(EngineCore pid=7) ERROR 01-01 00:00:00 [core.py:519] ValueError: the cause';
    const kube = cluster({ lists: { Pod: [pod('a', { status: { phase: 'Running' } })] } });
    const after = Array.from(
      { length: 1_500 },
      (_, index) => `(APIServer pid=1) INFO 01-01 00:00:00 [a.py:1] waiting ${index}`,
    );
    kube.logs = async () => [error, ...after].join('\n');
    const log = (await collect(kube)).pods[0]?.containers[0]?.log ?? [];
    expect(log[0]).toBe(error);
    expect(log.length).toBeLessThan(140);
  });

  it('has the log of a run once where the run before and this one are the same', async () => {
    const kube = cluster({ lists: { Pod: [pod('a')] } });
    kube.logs = async () => 'KeyError: 7';
    expect((await collect(kube)).pods[0]?.containers[0]?.log).toEqual(['KeyError: 7']);
  });

  it("keeps an engine's error that stands 70 lines above the end, and what a crashed run wrote before this one", async () => {
    const lines = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index}`);
    const kube = cluster({ lists: { Pod: [pod('a')] } });
    kube.logs = async (_namespace, _pod, _container, { tailLines, previous = false }) =>
      (previous ? ['the cause', ...lines('traceback', 70)] : lines('loading', 300)).slice(-tailLines).join('\n');
    const log = (await collect(kube)).pods[0]?.containers[0]?.log ?? [];
    expect(log).toContain('the cause');
    expect(log.at(-1)).toBe('loading 299');
    expect(log.length).toBeLessThanOrEqual(240);
  });

  it('asks for a shorter tail where one long line hides the last words', async () => {
    const flood = 'x'.repeat(1024 * 1024);
    const kube = cluster({ lists: { Pod: [pod('a', { status: { phase: 'Running' } })] } });
    kube.logs = async (_namespace, _pod, _container, { tailLines }) => (tailLines > 45 ? flood : 'the last words\n');
    expect((await collect(kube)).pods[0]?.containers[0]?.log).toEqual(['the last words']);
  });

  it('is bounded, whatever is in the cluster', async () => {
    const events = Array.from({ length: 500 }, (_, index) => ({
      ...{
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `e${index}`, creationTimestamp: new Date(index).toISOString() },
      },
      ...{ type: 'Warning', reason: 'BackOff', message: `${index} ${'x'.repeat(100_000)}` },
      involvedObject: { kind: 'Pod', name: 'a' },
    }));
    const pods = Array.from({ length: 100 }, (_, index) => pod(`p${index}`));
    const log = `${'y'.repeat(10 * 1024 * 1024)}\n`.concat('z\n'.repeat(10_000));
    const found = await collect(cluster({ lists: { Event: events as unknown as KubeObject[], Pod: pods }, log }));
    expect(found.events.at(-1)?.message).toMatch(/^499 x/);
    expect(JSON.stringify(found).length).toBeLessThan(1024 * 1024);
  });

  it('holds no event of a base stack beside it', async () => {
    const event = (name: string) => ({
      ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: `e-${name}` } },
      ...{ type: 'Warning', reason: 'BackOff', message: 'crashes', involvedObject: { kind: 'Pod', name } },
    });
    const events = [`${NAME}-base`, `${NAME}-base-kserve-1`, `${NAME}-kserve-1`].map(event);
    const found = await collect(cluster({ lists: { Event: events as unknown as KubeObject[] } }));
    expect(found.events.map(({ name }) => name)).toEqual([`${NAME}-kserve-1`]);
  });

  it('holds no credential that a program printed, and no value of the environment', async () => {
    const log = [
      'token hf_AbCdEfGhIjKlMnOpQrSt used',
      'Authorization: Bearer ya29.a0AfB_abcdefghijklmnop',
      'GET https://user:hunter2hunter2@registry.example/v2/',
      'api_key=0123456789abcdef0123',
    ].join('\n');
    const text = JSON.stringify(await collect(cluster({ lists: { Pod: [pod('a')] }, log })));
    for (const secret of ['hf_', 'ya29', 'hunter2', '0123456789abcdef', 'secretsecret'])
      expect(text).not.toContain(secret);
    expect(text).toContain('token *** used');
  });

  it('says what could not be asked, and goes on with the rest', async () => {
    const lists = { Pod: [pod('a')], Event: new Error('events is forbidden'), EnvoyFilter: new Error('forbidden') };
    const found = await collect(cluster({ lists, log: 'a line' }));
    expect(found.gaps).toContainEqual('events: events is forbidden');
    expect(found.gaps).toContainEqual('EnvoyFilters: forbidden');
    expect(found.pods[0]?.containers[0]?.log).toEqual(['a line']);
  });

  it('ends in time when the cluster does not answer', async () => {
    const started = performance.now();
    const found = await collect(cluster({ slow: true }), 50);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(found.gaps).toContainEqual('not everything was read within 0 s');
  });

  it('evaluates NetworkPolicies against the labels that the pods have', async () => {
    const isolate = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'isolate', namespace: 'ns' },
      spec: { podSelector: { matchLabels: { 'kserve.io/component': 'workload' } }, policyTypes: ['Ingress'] },
    };
    const { blocked } = await collect(cluster({ lists: { Pod: [pod('a')], NetworkPolicy: [isolate] } }));
    expect(blocked.map(({ flow, policies }) => [flow, policies])).toEqual([
      ['gateway to replicas, TCP 8000', ['isolate']],
      ['endpoint picker to replicas, TCP 8000', ['isolate']],
    ]);
  });
});
