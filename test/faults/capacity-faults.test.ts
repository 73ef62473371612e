import { afterAll, beforeAll, expect, test } from 'vitest';
import { SCENARIOS } from '../../lab/scenarios/scenarios.ts';
import { atRest, newRun, sample } from './cases.ts';
import { LEASE_FAULTS } from './fault-kinds.ts';
import type { Fault } from './proxy.ts';
import { startWorld, type World } from './world.ts';

/** A sample of all: `CAPACITY_CASES` has more. */
const CASES = Number(process.env.CAPACITY_CASES ?? 6);

let world: World;
beforeAll(async () => {
  world = await startWorld(SCENARIOS.autoscaled, 3_000);
  Object.assign(world.inputs, { 'scale-down-timeout': '4s', 'lease-timeout': '6s', 'release-timeout': '6s' });
});
afterAll(() => world.close());

interface Case {
  phase: 'main' | 'post';
  server: 'google' | 'kube';
  index: number;
  kind: string;
  fault: Fault;
}

const disarm = () => {
  for (const proxy of [world.google, world.kube]) proxy.arm(null, 0);
};

/** Every fault in the requests of a run without one. While nodes are awaited the same are sent again and again. */
async function cases(): Promise<Case[]> {
  disarm();
  const counts = () => ({ google: world.google.seen().length, kube: Math.min(40, world.kube.seen().length) });
  const run = newRun(world);
  expect(await run.hold(), run.everythingSaid()).toBeNull();
  const main = counts();
  disarm();
  await run.post();
  const post = counts();
  return (['main', 'post'] as const).flatMap((phase) =>
    (['google', 'kube'] as const).flatMap((server) =>
      Array.from({ length: { main, post }[phase][server] }, (_, index) => index).flatMap((index) =>
        Object.entries(LEASE_FAULTS)
          .filter(([kind]) => phase === 'main' || kind !== 'interrupt')
          .map(([kind, fault]) => ({ phase, server, index, kind, fault })),
      ),
    ),
  );
}

/** What does not hold after main, post, and the sweeper where something is left. */
async function play({ phase, server, index, fault }: Case): Promise<string[]> {
  const run = newRun(world);
  disarm();
  if (phase === 'main') world[server].arm(fault, index);
  await run.hold();
  disarm();
  if (phase === 'post') world[server].arm(fault, index);
  await run.post();
  disarm();
  const broken: string[] = [];
  const isAtRest = await atRest(world, 400);
  if (!isAtRest && run.release()?.outcome === 'released') broken.push('a release that left nodes says that it did not');
  if (run.claims()) broken.push(run.claims() as string);
  if (!isAtRest || world.leaseIsThere() || world.pods().length > 0) {
    world.expireLease();
    await run.sweep();
  }
  if (!(await atRest(world, 4_000))) broken.push('nodes are left');
  if (world.leaseIsThere()) broken.push('the lease is left');
  if (world.pods().length > 0) broken.push('pods are left');
  const text = run.everythingSaid();
  if (/is not iterable|cannot (?:read|set) prop|is not a function/i.test(text)) broken.push('JavaScript spoke');
  for (const secret of world.secrets) if (text.includes(secret)) broken.push('a secret was told');
  return broken.length > 0 ? [...broken, text.slice(-4_000)] : [];
}

test('whatever request of a run by demand goes wrong, no node, pod or lease is left, and nothing is resized', {
  timeout: 60_000 + CASES * 20_000,
}, async () => {
  const all = await cases();
  for (const one of sample(all, CASES, 20)) {
    expect(await play(one), `${one.phase}/${one.server}/${one.index}/${one.kind}`).toEqual([]);
  }
  expect((await world.record()).requests.filter(({ path }) => path.endsWith(':setSize'))).toEqual([]);
});
