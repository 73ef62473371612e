import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../src/lib/failure.ts';
import { storyOf } from '../../../src/modes/registry.ts';
import { execute } from '../../../src/pipeline/execute.ts';
import { startJournal } from '../../../src/pipeline/journal.ts';
import { createRun, type RunHost, type World } from '../../../src/pipeline/run.ts';
import type { ProgressEvent } from '../../../src/progress/events.ts';
import { plainRenderer } from '../../../src/progress/plain.ts';
import { timeline } from '../../../src/report/comment/sections/timeline.ts';
import { stagesTable } from '../../../src/report/comment/stages-table.ts';
import { emptyReport } from '../../../src/report/fold.ts';
import type { LeaseState } from '../../../src/stages/context.ts';
import { fakeClock } from '../lib/fake-clock.ts';
import { aReport } from '../report/fixtures.ts';
import { conflict, type FakePool, fakeKube, fakePool, POOL, someInputs } from '../stages/fakes.ts';

const SERVICE: KubeObject = {
  apiVersion: 'serving.kserve.io/v1alpha1',
  kind: 'LLMInferenceService',
  metadata: { name: 'qwen', namespace: 'ns' },
  spec: {
    replicas: 3,
    router: { route: {}, scheduler: {} },
    template: {
      tolerations: [{ key: 'google.com/tpu', operator: 'Exists' }],
      containers: [{ name: 'main', image: 'vllm/vllm-tpu:v1', resources: { limits: { 'google.com/tpu': '4' } } }],
    },
  },
};
const STOCKOUT = 'Current errors: [GCE_STOCKOUT]: the zone does not have enough resources available';

/** A cluster with one TPU pool, whose API takes every object, unless `apply` says otherwise. */
function world(pool: FakePool, apply: (object: KubeObject, dryRun: boolean) => void = () => {}): World {
  const { kube } = fakeKube({ Node: () => pool.nodes });
  return {
    gke: pool.gke,
    registry: null,
    kube: {
      ...kube,
      version: async () => 'v1.33.4-gke.1',
      apply: async (object, options) => {
        // Other stages get their turn, as they do while a request is on its way.
        await new Promise((resolve) => setImmediate(resolve));
        apply(object, options?.dryRun === true);
        return object;
      },
    },
    cluster: {
      name: 'llmd',
      status: 'RUNNING',
      version: null,
      ipEndpoint: null,
      ipEndpointEnabled: true,
      caPem: null,
      dnsEndpoint: null,
      nodePools: [POOL],
      enforcesPolicies: true,
    },
  };
}

async function run(
  connect: RunHost['connect'],
  signal = new AbortController().signal,
  saved: LeaseState[] = [],
  inputs: Record<string, string> = {},
  host: Partial<RunHost> = {},
) {
  const said: ProgressEvent[] = [];
  const { run: identity, target, plan } = aReport();
  const start = emptyReport({ version: '0', run: identity, startedAt: new Date().toISOString(), target, plan });
  const journal = startJournal(start);
  const base = {
    inputs: someInputs({ namespace: 'ns', ...inputs }),
    clock: fakeClock(),
    signal,
    emit: (event: ProgressEvent) => said.push(event),
    run: identity,
    runKey: '183-1',
  };
  const manifests = [{ object: SERVICE, file: 'service.yaml', line: 1 }];
  const running = createRun(base, journal, {
    load: async () => ({
      manifests,
      prompts: null,
      qualityTasks: null,
      baseline: null,
      base: null,
      lastPass: null,
      loadScript: null,
      retire: [],
    }),
    env: {},
    connect,
    saveLease: (state) => saved.push(state),
    ...host,
  });
  await execute(running, await storyOf(base.inputs.mode));
  const report = journal.report();
  const outcomes = Object.fromEntries(report.stages.map(({ stage, outcome }) => [stage, outcome]));
  return { report, said, outcomes };
}

describe('a run that cannot begin', () => {
  it('is an error of preflight, and leases nothing', async () => {
    const saved: LeaseState[] = [];
    const failure = new Failure({
      stage: 'inputs',
      code: 'gcp-auth',
      message: 'No token.',
      hint: 'Log in.',
      blame: 'config',
    });
    const { report, outcomes, said } = await run(
      (step) => step('identity', () => Promise.reject(failure)),
      undefined,
      saved,
    );
    expect(report).toMatchObject({
      verdict: 'error',
      reasons: ['No token.'],
      failure: { stage: 'preflight', code: 'gcp-auth', hint: 'Log in.', blame: 'config' },
      diagnosis: { cause: 'auth.refused' },
      benchmark: null,
    });
    expect(report.finishedAt).not.toBeNull();
    expect(outcomes).toMatchObject({ preflight: 'failed', lease: 'skipped', benchmark: 'skipped' });
    expect(saved).toEqual([]);
    expect(said.map(({ type }) => type).filter((type) => type !== 'checked')).toEqual(['stage-start', 'stage-end']);
    expect(report.preflight.at(-1)).toMatchObject({ id: 'identity', outcome: 'fail', code: 'gcp-auth' });
  });

  it('is an error also when something unexpected is thrown', async () => {
    const { report } = await run(() => Promise.reject(new TypeError('x is undefined')));
    expect(report).toMatchObject({ verdict: 'error', failure: { code: 'unexpected', message: 'x is undefined' } });
  });

  it('names the file and line of a manifest that the cluster refuses, before any money is spent', async () => {
    const pool = fakePool();
    const saved: LeaseState[] = [];
    const { report } = await run(
      async () =>
        world(pool, () => {
          throw new Failure({
            stage: 'preflight',
            code: 'manifest-refused',
            message: 'unknown field',
            blame: 'change',
          });
        }),
      undefined,
      saved,
    );
    expect(report.failure).toMatchObject({
      stage: 'preflight',
      message: 'service.yaml:1: unknown field',
      blame: 'change',
    });
    expect([saved, pool.asked]).toEqual([[], []]);
  });
});

describe('what a run has changed', () => {
  const changes: boolean[] = [];
  const changing = (changed: boolean) => changes.push(changed);
  beforeEach(() => {
    changes.length = 0;
  });

  it.each<[string, Record<string, string>]>([
    ['more nodes than it may ask for', { nodes: '9' }],
    ['a limit that no run can keep', { 'max-cost': '1' }],
  ])('is nothing after preflight refused %s', async (_, inputs) => {
    const pool = fakePool();
    const { report } = await run(async () => world(pool), undefined, [], { mode: 'deploy', ...inputs }, { changing });
    expect(report.failure?.stage).toBe('preflight');
    expect([changes, pool.asked]).toEqual([[], []]);
  });

  it('is something from the lease on, whatever follows', async () => {
    const pool = fakePool(0, { operationError: STOCKOUT });
    await run(async () => world(pool), undefined, [], { mode: 'deploy' }, { changing });
    expect(changes).toEqual([true]);
  });

  it('is nothing when the result is no longer wanted', async () => {
    const saved: LeaseState[] = [];
    const pool = fakePool();
    const stillWanted = () =>
      Promise.reject(new Failure({ stage: 'preflight', code: 'superseded', message: 'Pull request 7 has moved on.' }));
    const { report } = await run(async () => world(pool), undefined, saved, {}, { changing, stillWanted });
    expect(report.failure?.code).toBe('superseded');
    expect([changes, saved, pool.asked]).toEqual([[], [], []]);
  });
});

describe('nodes and manifests, side by side', () => {
  it('end together when there is no capacity, and that is what is told', async () => {
    const saved: LeaseState[] = [];
    const { report, outcomes } = await run(
      async () => world(fakePool(0, { operationError: STOCKOUT })),
      undefined,
      saved,
    );
    expect(report).toMatchObject({
      verdict: 'error',
      failure: { stage: 'lease', code: 'gke-stockout', blame: 'cloud' },
      diagnosis: { cause: 'gke.stockout', evidence: [STOCKOUT] },
    });
    expect(outcomes).toMatchObject({ preflight: 'done', lease: 'failed', ready: 'skipped' });
    expect(saved).toMatchObject([{ phase: 'acquiring' }, { phase: 'held' }]);
  });

  it('end together when a manifest conflicts, and that is what is told', async () => {
    const pool = fakePool(0, { operationProbes: 1_000 });
    const { report, outcomes, said } = await run(async () =>
      world(pool, (_object, dryRun) => {
        if (!dryRun)
          throw new Failure({ stage: 'deploy', code: 'apply-conflict', message: 'another manager', blame: 'change' });
      }),
    );
    expect(report.failure).toMatchObject({ stage: 'deploy', code: 'apply-conflict' });
    expect(report.reasons).toEqual(['service.yaml:1: another manager']);
    expect(outcomes).toMatchObject({ lease: 'stopped', deploy: 'failed' });
    const ends = said.filter((event) => event.type === 'stage-end');
    expect(ends.find(({ stage }) => stage === 'lease')).toMatchObject({
      outcome: 'stopped',
      summary: 'Stopped because the stage beside it failed.',
    });
    // One red row in the comment, in the job summary and at the terminal.
    expect(stagesTable(report.stages).match(/❌/g)).toHaveLength(1);
    expect(timeline(report)?.body.match(/❌/g)).toHaveLength(1);
    const lines: string[] = [];
    const plain = plainRenderer({ now: () => 0, write: (line) => lines.push(line) });
    for (const event of said) plain(event);
    expect(lines.filter((line) => line.startsWith('✘'))).toHaveLength(1);
    expect(lines).toContainEqual(expect.stringMatching(/^■ 2\/7 lease .* Stopped because/));
  });
});

describe('the lease', () => {
  it('has one deadline for the free pool and for its nodes', async () => {
    // Half of the 40 minutes pass until the pool is free; the nodes then have the other half.
    const busy = Array.from({ length: (20 * 60) / 5 }, conflict);
    const { report, said } = await run(async () => world(fakePool(0, { refusals: busy, operationProbes: 1_000_000 })));
    expect(report.failure).toMatchObject({ stage: 'lease', code: 'nodes-timeout' });
    const limits = said.flatMap((event) =>
      event.type === 'waiting' && event.what === '3 Ready nodes' ? [event.limitMs] : [],
    );
    expect(new Set(limits.map((ms) => Math.round(ms / 60_000)))).toEqual(new Set([20]));
  });

  it('that never gets a free pool ends as busy', async () => {
    const busy = Array.from({ length: 9_999 }, conflict);
    const { report } = await run(async () => world(fakePool(0, { refusals: busy })));
    expect(report.failure).toMatchObject({ stage: 'lease', code: 'pool-busy', blame: 'cluster' });
  });
});

describe('a run that is interrupted', () => {
  it('says by what, and at which stage', async () => {
    const controller = new AbortController();
    const reason = new Failure({
      stage: 'preflight',
      code: 'interrupted',
      message: 'Interrupted by SIGTERM.',
      blame: 'gate',
    });
    const { report } = await run(
      async () =>
        world(fakePool(0, { operationProbes: 1_000 }), (_object, dryRun) => {
          if (!dryRun) controller.abort(reason);
        }),
      controller.signal,
    );
    expect(report).toMatchObject({
      verdict: 'error',
      reasons: ['Interrupted by SIGTERM.'],
      failure: { code: 'interrupted', blame: 'operator' },
    });
    expect(['lease', 'deploy']).toContain(report.failure?.stage);
  });

  it('is an error also when the reason is not ours', async () => {
    const { report } = await run(() => Promise.reject(AbortSignal.abort().reason), AbortSignal.abort());
    expect(report.failure).toMatchObject({ code: 'interrupted', stage: 'preflight' });
    expect(report.reasons).toEqual(['The run was interrupted before it had a result.']);
  });
});

describe('a node that goes away', () => {
  it.each([
    [true, 'node-preempted', 'gke.preempted'],
    [false, 'node-lost', 'gke.node-lost'],
  ])('explains what fails after it (spot %s: %s)', async (spot, code, cause) => {
    const pool = fakePool();
    const there = world(pool);
    const { report } = await run(async () => ({
      ...there,
      cluster: { ...there.cluster, nodePools: [{ ...POOL, spot }] },
      kube: {
        ...there.kube,
        list: async (apiVersion, kind, options) => {
          // The first look at the pods is the end of one node, which comes back under its old name.
          if (kind === 'Pod' && pool.nodes.length === 3) {
            pool.nodes = pool.nodes.map((node, index) =>
              index > 0 ? node : { ...node, metadata: { ...node.metadata, creationTimestamp: '2026-11-22T15:00:00Z' } },
            );
          }
          return there.kube.list(apiVersion, kind, options);
        },
      },
    }));
    expect(report).toMatchObject({
      verdict: 'error',
      failure: { stage: 'ready', code, blame: 'cloud' },
      diagnosis: { cause },
    });
    expect(report.reasons[0]).toContain('node-0 was replaced at 2026-11-22T15:00:00Z');
  });
});

describe('a limit of the bill', () => {
  it('that no run can keep is refused before any money is spent', async () => {
    const pool = fakePool();
    const { report } = await run(async () => world(pool), undefined, [], { 'max-cost': '1' });
    expect(report.failure).toMatchObject({ stage: 'preflight', code: 'max-cost', blame: 'config' });
    expect(report.reasons[0]).toMatch(/"max-cost" is 1, which pays for .* of 3 nodes at \$12\.44 an hour/);
    expect(pool.asked).toEqual([]);
  });

  it('that nobody can watch is refused too', async () => {
    const open = async () => {
      const there = world(fakePool());
      return { ...there, cluster: { ...there.cluster, nodePools: [{ ...POOL, reserved: true }] } };
    };
    const { report } = await run(open, undefined, [], { 'max-cost': '50' });
    expect(report.failure).toMatchObject({ code: 'max-cost', hint: 'Give "price-per-chip-hour".' });
  });

  it('ends the run in time', async () => {
    // Nodes that never come.
    const open = async () => world(fakePool(0, { operationProbes: 1_000_000 }));
    const inputs = { 'max-cost': '10', 'lease-timeout': '24h' };
    const { report } = await run(open, undefined, [], inputs);
    expect(report.failure).toMatchObject({ code: 'max-cost', blame: 'config' });
    expect(report.diagnosis?.cause).toBe('config.max-cost');
  });
});
