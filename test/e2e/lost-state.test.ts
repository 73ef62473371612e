import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Inputs, parseInputs } from '../../src/inputs/inputs.ts';
import { systemClock } from '../../src/lib/poll.ts';
import { openCluster } from '../../src/pipeline/connect.ts';
import { runKeyOf } from '../../src/pipeline/first-report.ts';
import type { RunIdentity } from '../../src/report/model.ts';
import type { LeaseState } from '../../src/stages/context.ts';
import { leaseObject } from '../../src/stages/lease/lease-record.ts';
import { holderIdentity } from '../../src/stages/lease/lease-state.ts';
import { atRest } from '../faults/cases.ts';
import { POOL, startWorld, type World } from '../faults/world.ts';
import { LEASE } from '../unit/stages/fakes.ts';
import { fakeRunner, type Job, type StepResult } from './fake-runner.ts';

const RUN_PAGE = 'https://github.com/o/r/actions/runs/18300012345';
const COMMAND = `gcloud container clusters resize serving --node-pool ${POOL} --num-nodes 0 --location us-east5-b --project demo --quiet`;

let world: World;
let folder: string;
beforeAll(async () => {
  world = await startWorld();
  folder = mkdtempSync(join(tmpdir(), 'full-'));
  // A file that is on a full disk: every write to it fails with ENOSPC.
  symlinkSync('/dev/full', join(folder, 'full'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await world.close();
});

const RUNNER = { GITHUB_REPOSITORY: 'o/r', GITHUB_SERVER_URL: 'https://github.com' };

/** A job of the run whose lease stands. */
const jobOf = (): Job =>
  fakeRunner({
    inputs: { ...world.inputs, comment: 'off' },
    env: { ...world.env, ...RUNNER },
    event: { name: 'push', payload: {} },
  });

/** What main would have saved of the lease that `jobOf` holds. */
function leaseOfJob(inputs: Inputs): LeaseState {
  const run = { id: '18300012345', attempt: 1, job: 'tpu', url: RUN_PAGE };
  const runKey = runKeyOf(run as RunIdentity, inputs);
  const renewedAt = new Date().toISOString();
  return {
    ...{ ...LEASE, projectId: 'demo', location: 'us-east5-b', cluster: 'serving', nodePool: POOL, workload: [] },
    ...{ runKey, holder: holderIdentity(run, runKey), run: '18300012345/1', startedAt: renewedAt, renewedAt },
  };
}

/** Leases three nodes as main does. */
async function leased(): Promise<LeaseState> {
  const env = { ...world.env, ...RUNNER, GITHUB_WORKFLOW: 'gate', GITHUB_JOB: 'tpu' };
  const given: Record<string, string> = { ...world.inputs, comment: 'off' };
  const parsed = parseInputs({ get: (name) => given[name], given: Object.keys(given), env });
  if ('problems' in parsed) throw new Error(parsed.problems.join('\n'));
  const { inputs } = parsed;
  const lease = leaseOfJob(inputs);
  const signal = new AbortController().signal;
  const connection = { inputs, env, clock: systemClock, signal, emit: () => {}, onSecret: () => {} };
  const { gke, kube } = await openCluster(connection, 'lease');
  const nowMs = kube.serverTime();
  const holder = { identity: lease.holder, runKey: lease.runKey };
  await kube.create(leaseObject('default', holder, lease, { nowMs, acquiredAtMs: nowMs, transitions: 0 }));
  let { status, name } = await gke.setNodePoolSize(POOL, 3);
  for (; status !== 'DONE'; { status } = await gke.getOperation(name)) await systemClock.sleep(20, signal);
  await Promise.allSettled([gke.close(), kube.close()]);
  expect((await world.record()).nodes[POOL]).toHaveLength(3);
  return lease;
}

async function post(job: Job, env: Record<string, string>, closed = false): Promise<StepResult> {
  Object.assign(job.env, env);
  const { child, done } = job.post();
  if (closed) for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  try {
    return await done;
  } finally {
    job.close();
  }
}

/** Without any lease, the state that main saved is as good as ever. */
async function recover(lease: LeaseState): Promise<void> {
  world.removeLease();
  const { code, log } = await post(jobOf(), saved(JSON.stringify(lease)));
  expect(code, log).toBe(0);
  await noNodes(log);
}

const noNodes = async (log: string) => {
  expect(await atRest(world, 3_000), log).toBe(true);
  expect(world.leaseIsThere(), log).toBe(false);
};

const saved = (text: string) => ({ STATE_outputDir: '/tmp/x', STATE_lease: text });

const STATES: [string, (lease: LeaseState) => Record<string, string>][] = [
  ['none at all', () => ({})],
  ['an empty one', () => saved(' ')],
  ['null', () => saved('null')],
  ['an empty list', () => saved('[]')],
  ['one that was cut', (lease) => saved(JSON.stringify(lease).slice(0, 200))],
  ['bytes', () => saved('\u0001\ufffd\u001b[2J\u007f{"v":1')],
  ['one of another schema', (lease) => saved(JSON.stringify({ ...lease, v: 2 }))],
];

describe('a post step without the state of main', () => {
  it.each(STATES)('releases from the lease in the cluster: %s', async (_, state) => {
    const lease = await leased();
    const { code, log } = await post(jobOf(), state(lease));
    expect(code, log).toBe(0);
    expect(log).toContain("The runner's state of this step was lost");
    await noNodes(log);
  });

  it('leaves the lease of another leg of the matrix alone', async () => {
    await leased();
    const other = jobOf();
    other.inputs['comment-id'] = 'another-leg';
    const { code, log } = await post(other, {});
    expect([code, (await world.record()).nodes[POOL]?.length], log).toEqual([0, 3]);
    await post(jobOf(), {});
    await noNodes(log);
  });

  it('is red with the command when somebody deleted the lease as well', async () => {
    const lease = await leased();
    world.removeLease();
    const { code, log } = await post(jobOf(), {});
    expect(code, log).toBe(1);
    expect(log).toContain(`node pool ${POOL} has 3 nodes left`);
    expect(log).toContain(`Run by hand: ${COMMAND}`);
    expect((await world.record()).nodes[POOL]).toHaveLength(3);
    await recover(lease);
  });

  it('is green when neither a lease nor a node is left', async () => {
    const { code, log } = await post(jobOf(), {});
    expect(code, log).toBe(0);
    await noNodes(log);
  });

  it('is red with the command when the lease cannot be read either', async () => {
    const lease = await leased();
    world.garbleLease();
    const { code, log } = await post(jobOf(), {});
    expect(code, log).toBe(1);
    expect(log).toContain(`Run by hand: ${COMMAND}`);
    expect((await world.record()).nodes[POOL]).toHaveLength(3);
    await recover(lease);
  });
});

describe('a post step whose machine fails it', () => {
  it('releases when nobody reads its output any more', async () => {
    await leased();
    expect((await post(jobOf(), {}, true)).code).toBe(0);
    await noNodes('');
  });

  it('releases on a full disk', async () => {
    const full = join(folder, 'full');
    const lease = await leased();
    const state = { STATE_outputDir: full, STATE_lease: JSON.stringify(lease) };
    const { code, log } = await post(jobOf(), { ...state, GITHUB_STEP_SUMMARY: full, GITHUB_OUTPUT: full });
    expect(code, log).toBe(0);
    expect(log).toContain('The summary was not written: ENOSPC');
    await noNodes(log);
  });

  it('is red with the command on a full disk when the nodes stay', async () => {
    const full = join(folder, 'full');
    const lease = await leased();
    const state = { STATE_outputDir: full, STATE_lease: JSON.stringify(lease) };
    world.garbleLease();
    const { code, log } = await post(jobOf(), { ...state, GITHUB_STEP_SUMMARY: full });
    expect(code, log).toBe(1);
    expect(log).toContain(`Run by hand: ${COMMAND}`);
    await recover(lease);
  });
});
