import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../lab/protocol.ts';
import { systemClock } from '../../../../src/lib/poll.ts';
import type { OpenLoad, OpenResult } from '../../../../src/load/open-source.ts';
import type { ShardMessage } from '../../../../src/load/shard/messages.ts';
import type { SourceLoad, SourceResult } from '../../../../src/load/source.ts';
import { type Control, createControl } from '../../../../src/shard/control.ts';
import { runShard } from '../../../../src/shard/run.ts';
import { type ClusterLoad, openClusterLoad } from '../../../../src/stages/benchmark/cluster/cluster-load.ts';
import { openLoader } from '../../../../src/stages/benchmark/loaders.ts';
import type { StageContext } from '../../../../src/stages/context.ts';
import { startTestApi, type TestApi } from '../../clients/kubernetes/kube-api.ts';
import { answerAfter, completion, type ModelServer, startModelServer } from '../../load/model-server.ts';
import { prepared, someInputs, stageContext } from '../fakes.ts';

const JOBS = { group: 'batch', plural: 'jobs' };
const CONFIG_MAPS = { group: '', plural: 'configmaps' };
const IMAGE = `docker.io/library/node:24-slim@sha256:${'a'.repeat(64)}`;
const CEILING = 1_000;

let api: TestApi;
let server: ModelServer;
let load: ClusterLoad | null = null;
let folder: string;
/** What each pod of a Job does; by its index. */
let pods: Promise<void>[] = [];
let context: StageContext;

beforeEach(async () => {
  api = await startTestApi();
  server = await startModelServer(answerAfter(10, completion(16)));
  folder = mkdtempSync(join(tmpdir(), 'load-account-'));
  for (const [name, text] of Object.entries({ token: api.token(), 'ca.crt': api.caPem, namespace: 'ns' })) {
    writeFileSync(join(folder, name), text);
  }
  const inputs = { 'load-from': 'cluster', 'load-image': IMAGE, 'load-shards': '3', 'max-tokens': '16' };
  const kube = api.client({ clock: systemClock });
  context = { ...stageContext({ kube }, inputs).context, clock: systemClock, loadScript: '// the program' };
});
afterEach(async () => {
  await load?.close();
  load = null;
  await Promise.all(pods);
  pods = [];
  await api.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Stands in for Job controller, kubelet and pods: as many load clients as a new Job has, in this process. */
function playJobs(disturb: (control: Control, shard: number) => Control | null = (control) => control): void {
  const seen = new Set<string>();
  api.store.subscribe(({ type, resource, object }) => {
    if (resource.plural !== JOBS.plural || type === 'DELETED' || seen.has(object.metadata.uid!)) return;
    seen.add(object.metadata.uid!);
    const shards = object.spec.completions as number;
    for (let shard = 0; shard < shards; shard += 1) {
      const control = disturb(createControl({ server: api.server, account: folder, shard }), shard);
      if (control) pods.push(runShard({ control, shard, shards, prompts: null, ceilingPerSecond: CEILING }));
    }
  });
}

const open = async () => {
  const route = { endpoint: server.url, hostname: null, gateway: { namespace: 'opendatahub', name: 'gw' } };
  load = await openClusterLoad(context, { namespace: 'ns', route: route as never });
  return load;
};

const BLOCK: SourceLoad = {
  ...{ arm: 'all', block: 3, durationMs: 800, concurrency: 8, part: 'pair-1/all', rampMs: 0, trimMs: 200 },
};

const runBlock = (change: Partial<SourceLoad> = {}) =>
  (load as ClusterLoad).run(
    { ...BLOCK, ...change },
    {
      target: {
        ...{ endpoint: server.url, hostname: null, path: '/v1/completions', deadlineMs: 5_000 },
        ...{ wayHeader: 'x-way', ways: ['run-all'] },
      },
      workload: { runKey: 'run', model: 'm', prompts: null, promptTokens: 64, maxTokens: 16 },
    },
    context.signal,
  );

const openLoop = (change: Partial<OpenLoad>) =>
  (load as ClusterLoad).open(
    {
      ...{ arm: 'all', block: -200, ratePerSecond: 40, durationMs: 1_500, seed: 'arrivals', part: 'latency' },
      ...{ streaming: false, silentMs: 30_000, limits: [], within: null, ...change },
    },
    {
      target: {
        ...{ endpoint: server.url, hostname: null, path: '/v1/completions', deadlineMs: 5_000 },
        ...{ wayHeader: 'x-way', ways: [] },
      },
      workload: { runKey: 'run', model: 'm', prompts: null, promptTokens: 64, maxTokens: 16 },
    },
    context.signal,
  );

const job = () => api.store.get(JOBS, 'ns', 'tpu-serving-gate-load') as KubeObject;

describe('load clients in the cluster', () => {
  it('start a block together, and are one load of it', async () => {
    playJobs();
    await open();
    const { measured, tokens, answeredMs } = (await runBlock()) as SourceResult;
    const { run, tally, window } = measured;
    expect(tally.sent).toBe(server.requests);
    expect(tally).toMatchObject({ valid: tally.sent, unreadable: 0, marked: tally.sent });
    expect(run).toMatchObject({ arm: 'all', block: 3, concurrency: 8, shards: 3, ended: 'complete' });
    expect(server.mostInFlight).toBeLessThanOrEqual(8);
    expect(window.requestsPerSecond).toBeGreaterThan(0);
    expect(answeredMs).toHaveLength(tally.sent);
    expect(measured.latenciesMs.length).toBe(window.completed);
    expect(tokens.least.generation).toBe(16 * tally.sent);
    // No prompt comes twice, whichever load client sent it.
    expect(new Set(server.bodies).size).toBe(server.bodies.length);
  });

  it('that are more than the requests in flight leave the rest idle', async () => {
    playJobs();
    await open();
    const { measured } = (await runBlock({ concurrency: 2 })) as SourceResult;
    expect(measured.run).toMatchObject({ concurrency: 2, shards: 2 });
    expect(server.mostInFlight).toBe(2);
  });

  it('run in a hardened Indexed Job, with all that it needs owned by it', async () => {
    playJobs();
    await open();
    const { spec, metadata } = job();
    expect(spec).toMatchObject({
      ...{ completions: 3, parallelism: 3, completionMode: 'Indexed', backoffLimit: 0 },
      ...{ activeDeadlineSeconds: expect.any(Number), ttlSecondsAfterFinished: expect.any(Number) },
      template: {
        spec: {
          ...{ restartPolicy: 'Never', automountServiceAccountToken: false },
          ...{ serviceAccountName: 'tpu-serving-gate-load', securityContext: { runAsNonRoot: true } },
          containers: [
            {
              image: IMAGE,
              resources: { requests: expect.anything(), limits: expect.anything() },
              securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    });
    const terms = spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    expect(terms.nodeSelectorTerms).toEqual([
      { matchExpressions: [{ key: 'cloud.google.com/gke-tpu-accelerator', operator: 'DoesNotExist' }] },
    ]);
    const owned = [
      ...api.store.list(CONFIG_MAPS, 'ns'),
      ...api.store.list({ group: 'networking.k8s.io', plural: 'networkpolicies' }, 'ns'),
    ].filter(({ metadata: { name } }) => name.startsWith('tpu-serving-gate-load'));
    expect(owned).toHaveLength(4);
    for (const object of owned) expect(object.metadata.ownerReferences?.[0]?.uid).toBe(metadata.uid);
    await load?.close();
    expect(job()).toBeUndefined();
  });

  it('make a block invalid when one of them learns of it too late', async () => {
    // The second one hears of every block half a second after the others have begun.
    playJobs((control, shard) =>
      shard === 1 ? { ...control, watch: (take, signal) => control.watch(slow(take), signal) } : control,
    );
    await open();
    expect(await runBlock()).toEqual({ invalid: expect.stringMatching(/^1 of 3 load clients came \d+ ms too late$/) });
  });

  it('end the run when one of them says what is wrong', async () => {
    const wrong = ({ seq }: ShardMessage): ShardMessage => ({ seq, kind: 'error', message: 'no route' });
    playJobs((control, shard) =>
      shard === 2
        ? { ...control, post: (message) => control.post(message.kind === 'report' ? wrong(message) : message) }
        : control,
    );
    await open();
    await expect(runBlock()).rejects.toMatchObject({ code: 'load-client-failed' });
  });

  it('end the run when one of them is gone', async () => {
    // As a pod that was evicted: it takes part in the comparison of clocks, and in nothing after it.
    playJobs((control, shard) =>
      shard === 0
        ? { ...control, post: async (message) => (message.kind === 'report' ? true : control.post(message)) }
        : control,
    );
    // A minute for the deadlines of requests passes in seconds.
    const speed = 20;
    const clock: StageContext['clock'] = {
      now: () => speed * systemClock.now(),
      sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
    };
    context = { ...context, clock };
    await open();
    await expect(runBlock()).rejects.toMatchObject({
      ...{ code: 'load-client-missing', message: expect.stringContaining('no report of load client 0') },
    });
  });

  it.each<[string, number, (control: Control) => Control]>([
    ['all of it', 30_000, (control) => control],
    [
      'its deletion alone',
      30_000,
      (control) => ({ ...control, watch: (take, signal) => control.watch(withoutEnd(take), signal) }),
    ],
    // As with a stream that stalls at that moment: a message that nobody takes shows that the Job is gone.
    [
      'nothing of it',
      2_000,
      (control) => ({
        ...control,
        watch: async (take, signal) => {
          await Promise.all([control.watch(withoutEnd(take), signal), until(signal)]);
        },
      }),
    ],
  ])('end with their Job in the middle of a block, where they see %s', async (_title, durationMs, disturb) => {
    const wrong = ({ seq }: ShardMessage): ShardMessage => ({ seq, kind: 'error', message: 'no route' });
    playJobs((control, shard) => {
      // The first ends the run at once; the others have the block before them.
      if (shard > 0) return disturb(control);
      const isBlock = (data: Record<string, string>) => data.plan?.includes('"kind":"block"') === true;
      return {
        ...control,
        watch: (take, signal) =>
          control.watch((data) => {
            if (isBlock(data)) void control.post(wrong(JSON.parse(data.plan ?? '{}')));
            else take(data);
          }, signal),
      };
    });
    await open();
    await expect(runBlock({ durationMs })).rejects.toMatchObject({ code: 'load-client-failed' });
    const since = performance.now();
    await load?.close();
    await Promise.all(pods);
    expect(performance.now() - since).toBeLessThan(8_000);
  });

  it('share an open loop, and are one load of it', async () => {
    playJobs();
    await open();
    const found = (await openLoop({ within: null })) as OpenResult;
    const { planned, requests, errors, e2eMs, lagsMs } = found;
    expect(requests).toBe(planned);
    expect([errors, e2eMs.length, lagsMs.length]).toEqual([0, planned, planned]);
    expect(server.requests).toBe(planned);
    // 60 in 1.5 s, in three parts.
    expect(planned).toBeGreaterThan(30);
    expect(planned).toBeLessThan(95);
    expect(new Set(server.bodies).size).toBe(planned);
    expect(found.drainedMs).toBeGreaterThan(found.startMs);
  });

  it('leave an open loop together once too many of its requests are late', async () => {
    playJobs();
    await open();
    const found = (await openLoop({ within: { limitMs: 1, mostLate: 0 }, durationMs: 10_000 })) as OpenResult;
    expect(found).toMatchObject({ isLost: true, errors: expect.any(Number) });
    expect(found.requests).toBeLessThan(found.planned);
    // Five of a hundred may be late.
    expect(found.late).toBeGreaterThan(0.05 * found.planned);
  });

  it('leave a fixed number of requests to one of them', async () => {
    playJobs();
    await open();
    const { url: endpoint } = server;
    const target = {
      endpoint,
      hostname: null,
      path: '/v1/completions',
      deadlineMs: 5_000,
      wayHeader: 'x-way',
      ways: [],
    };
    const given = { prompts: 'parallel', requests: 12, concurrency: 4, model: 'm', arm: 'all', block: -100 } as const;
    const found = await (load as ClusterLoad).fixed(given, target, context.signal);
    expect(found).toEqual({ completed: 12, seconds: expect.any(Number) });
    expect([server.requests, server.mostInFlight]).toEqual([12, 4]);
  });

  it('take over from the runner once the plan has more than half of what it can send', async () => {
    playJobs();
    context = {
      ...context,
      inputs: someInputs({ 'load-from': 'auto', 'load-image': IMAGE, 'load-shards': '3', 'max-tokens': '16' }),
    };
    const route = { endpoint: server.url, hostname: null, gateway: { namespace: 'opendatahub', name: 'gw' } } as never;
    const loader = await openLoader(context, prepared(), { route }, async () => 640);
    try {
      const source = loader.source({ stack: { route }, model: { modelId: 'm' } }, ['run-all']);
      const first = (await source.run({ ...BLOCK, durationMs: 500 }, context.signal)) as SourceResult;
      expect(first.measured.run.shards).toBeUndefined();
      await loader.fit(500);
      const second = (await source.run({ ...BLOCK, part: 'pair-2' }, context.signal)) as SourceResult;
      expect(second.measured.run.shards).toBe(3);
      expect(first.measured.tally.sent + second.measured.tally.sent).toBe(server.requests);
      expect(loader.origin()).toMatchObject({
        ...{ from: 'cluster', asked: 'auto', clients: 3, tunnel: null },
        reason: expect.stringMatching(
          /^The plan has 500 req\/s, more than half of the \d+ req\/s that the runner can send\.$/,
        ),
      });
    } finally {
      await loader.close();
    }
  });

  it('are more of them where one would send more than half of what it can', async () => {
    playJobs();
    await open();
    await load?.fit(0.4 * CEILING);
    expect(job().spec.completions).toBe(3);
    await load?.fit(2.6 * CEILING);
    expect(job().spec.completions).toBe(6);
    const { measured } = (await runBlock()) as SourceResult;
    expect(measured.run.shards).toBe(6);
    await expect(load?.fit(100 * CEILING)).rejects.toMatchObject({ code: 'load-ceiling' });
  });
});

/** Passes everything on but the end of the plan. */
function withoutEnd(take: (data: Record<string, string>) => void): typeof take {
  return (data) => {
    if (!data.plan?.includes('"kind":"end"')) take(data);
  };
}

/** Resolves when the signal aborts. */
const until = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Passes a plan with a block on when it is too late. */
function slow(take: (data: Record<string, string>) => void): typeof take {
  return (data) => {
    const isBlock = data.plan?.includes('"kind":"block"') ?? false;
    if (isBlock) setTimeout(() => take(data), 2_000);
    else take(data);
  };
}
