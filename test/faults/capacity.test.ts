import { afterEach, describe, expect, test } from 'vitest';
import { SCENARIOS } from '../../lab/scenarios/scenarios.ts';
import { explain } from '../../src/diagnosis/explain.ts';
import { toFailure } from '../../src/lib/failure.ts';
import { aReport } from '../unit/report/fixtures.ts';
import { atRest, newRun } from './cases.ts';
import { startWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

/** Fast enough for a test: ten minutes of the autoscaler are 0.6 s. */
const INPUTS = { 'scale-down-timeout': '6s' };

async function worldOf(scenario: string, inputs: Record<string, string> = {}): Promise<World> {
  world = await startWorld(SCENARIOS[scenario]);
  Object.assign(world.inputs, INPUTS, inputs);
  return world;
}

const causeOf = (error: unknown) =>
  explain({ failure: toFailure(error, 'lease'), report: aReport({ checks: [] }), cluster: null, lines: [] })?.cause;

async function expectNothingLeft(run: ReturnType<typeof newRun>): Promise<void> {
  expect(await atRest(world, 3_000), run.everythingSaid()).toBe(true);
  const record = await world.record();
  expect(record.resizes).toEqual([]);
  expect(record.requests.filter(({ path }) => path.endsWith(':setSize'))).toEqual([]);
  expect(world.leaseIsThere(), run.everythingSaid()).toBe(false);
  expect(world.pods(), 'pods that would ask for nodes').toEqual([]);
}

describe('nodes that come by demand', { timeout: 60_000 }, () => {
  test.each(['autoscaled', 'flex-start-late', 'stockout-ends', 'queued', 'ironwood'])(
    '%s: they come, are held, and go',
    async (name) => {
      await worldOf(name);
      const run = newRun(world);
      expect(await run.hold(), run.everythingSaid()).toBeNull();
      const held = world.pods().filter((pod) => pod.node !== null);
      expect(new Set(held.map(({ node }) => node)).size).toBe(3);
      expect((await world.record()).nodes.v6e).toHaveLength(3);
      await run.post();
      expect(run.release()).toMatchObject({ outcome: 'released', nodesLeft: 0, command: null });
      await expectNothingLeft(run);
    },
  );

  test('replicas replace what holds the nodes, and a rival of no higher priority never gets a chip', async () => {
    await worldOf('autoscaled');
    const run = newRun(world);
    await run.hold();
    world.rival();
    const free = world.watchChips();
    world.replicas(3);
    await world.settled();
    expect(free()).toEqual([]);
    expect(world.pods().map(({ name, node }) => `${name} ${node === null ? 'waits' : 'runs'}`)).toEqual([
      'replica-0 runs',
      'replica-1 runs',
      'replica-2 runs',
      'rival waits',
    ]);
    world.endReplicas();
    await run.post();
    expect(run.release()).toMatchObject({ outcome: 'released', nodesLeft: 0 });
    await expectNothingLeft(run);
  });

  test.each([
    ['stockout-stays', 'gke.stockout'],
    ['reservation-full-by-demand', 'gke.reservation-full'],
  ])('%s: the wait ends with its cause, and nothing asks for nodes any more', async (name, cause) => {
    await worldOf(name, { 'lease-timeout': '2s', 'scale-down-timeout': '1s' });
    const run = newRun(world);
    const error = await run.hold();
    expect(causeOf(error), run.everythingSaid()).toBe(cause);
    expect(run.everythingSaid()).toContain('FailedScaleUp: Node scale up in zones');
    await run.post();
    await expectNothingLeft(run);
  });

  test('a queued request that GKE gives up on ends the wait at once, with its reason', async () => {
    await worldOf('queued-fails', { 'scale-down-timeout': '1s' });
    const run = newRun(world);
    const error = await run.hold();
    expect(causeOf(error), run.everythingSaid()).toBe('gke.provisioning-failed');
    expect(String(error)).toContain('pods cannot be scheduled in the nodepool');
    expect(run.everythingSaid()).toContain('the ProvisioningRequest is Accepted');
    await run.post();
    await expectNothingLeft(run);
  });

  test('an autoscaler that leaves the nodes fails the release, with a command that resizes nothing', async () => {
    const scenario = SCENARIOS.autoscaled!;
    world = await startWorld({
      ...scenario,
      gcp: { ...scenario.gcp, autoscaler: { ...scenario.gcp.autoscaler!, removesAfter: null } },
    });
    Object.assign(world.inputs, { 'scale-down-timeout': '1s' });
    const run = newRun(world);
    await run.hold();
    await run.post();
    const release = run.release();
    expect(release).toMatchObject({ outcome: 'failed', nodesLeft: 3 });
    expect(release?.message).toMatch(/its autoscaler left 3 nodes after 1 s/);
    const names = (await world.record()).nodes.v6e ?? [];
    expect(release?.command).toMatch(
      /^gcloud compute instance-groups managed delete-instances gke-serving-v6e-grp --instances=\S+ --zone=us-east5-b --project=demo$/,
    );
    for (const name of names) expect(release?.command).toContain(name);
    expect((await world.record()).resizes).toEqual([]);
    expect(world.leaseIsThere()).toBe(true);
  });

  test('a pool that was given an autoscaler after a run died on it is not resized by the sweeper', async () => {
    await worldOf('autoscaled');
    const run = newRun(world);
    await run.hold();
    // As a run has it that resized the pool.
    world.editLeases(({ demand: _, ...state }) => state);
    world.expireLease();
    await run.sweep();
    expect(run.swept().flat()).toMatchObject([{ outcome: 'released', nodesLeft: 0 }]);
    await expectNothingLeft(run);
  });

  test('a run that was killed is released by the sweeper', async () => {
    await worldOf('autoscaled');
    const run = newRun(world);
    await run.hold();
    world.expireLease();
    await run.sweep();
    expect(run.swept().flat()).toMatchObject([{ outcome: 'released', nodesLeft: 0, reason: 'expired' }]);
    await expectNothingLeft(run);
  });
});
