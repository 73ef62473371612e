import { expect, test } from 'vitest';
import { createRandom } from '../../lab/google/clock.ts';
import { SCENARIOS } from '../../lab/scenarios/scenarios.ts';
import type { Autoscaler } from '../../lab/scenarios/types.ts';
import { explain } from '../../src/diagnosis/explain.ts';
import { toFailure } from '../../src/lib/failure.ts';
import { ownerOfCode } from '../../src/lib/owners.ts';
import { aReport } from '../unit/report/fixtures.ts';
import { atRest, newRun } from './cases.ts';
import { startWorld } from './world.ts';

/** What a night meets. */
interface Night {
  name: string;
  plan?: Partial<Autoscaler>;
  spot?: boolean;
  inputs?: Record<string, string>;
  /** How the run ends: by itself, by an interrupt before the nodes are there, or by the loss of its machine. */
  ends?: 'interrupted' | 'lost';
}

const STOCKOUT = { refusal: 'GCE out of resources' };

/** How often each is drawn, of 20. */
const NIGHTS: readonly (readonly [number, Night])[] = [
  [7, { name: 'capacity' }],
  [3, { name: 'flex-start after 20 min', plan: { pool: 'flex-start', capacityAfter: 1_200 } }],
  [3, { name: 'a stockout that ends', plan: { ...STOCKOUT, capacityAfter: 600 } }],
  [2, { name: 'a stockout that stays', plan: { ...STOCKOUT, capacityAfter: 1e6 }, inputs: { 'lease-timeout': '1s' } }],
  [2, { name: 'a spot node taken back', spot: true, plan: { takesAfter: 120 } }],
  [1, { name: 'a node that the autoscaler takes', plan: { takesAfter: 120 } }],
  [1, { name: 'an interrupt while nodes come', ends: 'interrupted' }],
  [1, { name: 'a runner that is lost', ends: 'lost' }],
];

function drawn(random: ReturnType<typeof createRandom>): Night {
  const all = NIGHTS.flatMap(([times, night]) => Array.from({ length: times }, () => night));
  return all[Math.floor(random.between(0, all.length))] as Night;
}

/** Plays a night to its end. Returns what was wrong, and who is to act on what ended the run; null for a good run. */
async function play(night: Night): Promise<{ wrong: string[]; owner: string | null }> {
  const { gcp, ...rest } = SCENARIOS.autoscaled!;
  const autoscaler = { ...(gcp.autoscaler as Autoscaler), ...night.plan };
  const world = await startWorld({ ...rest, gcp: { ...gcp, spot: night.spot ?? false, autoscaler } }, 4_000);
  Object.assign(world.inputs, { 'scale-down-timeout': '4s', ...night.inputs });
  const wrong: string[] = [];
  try {
    const run = newRun(world);
    const holding = run.hold();
    if (night.ends === 'interrupted') setTimeout(() => world.victim.interrupt(), 40);
    let failure = await holding;
    if (failure === null) {
      const free = world.watchChips();
      world.replicas(3);
      await world.settled();
      if (night.plan?.takesAfter == null && free().length > 0) wrong.push(`chips were free on ${free().join()}`);
      if (night.plan?.takesAfter != null) failure = await run.lost(3_000);
    }
    world.endReplicas();
    if (night.ends === 'lost') {
      world.expireLease();
      await run.sweep();
    } else await run.post();
    if (!(await atRest(world, 3_000))) wrong.push('nodes are left');
    if (world.leaseIsThere()) wrong.push('the lease is left');
    if (world.pods().length > 0) wrong.push('pods are left');
    if ((await world.record()).resizes.length > 0) wrong.push('the pool was resized');
    if (wrong.length > 0) wrong.push(run.everythingSaid().slice(-3_000));
    return { wrong, owner: failure === null ? null : ownerOfFailure(failure, night) };
  } finally {
    await world.close();
  }
}

function ownerOfFailure(error: unknown, { ends }: Night): string {
  if (ends === 'interrupted') return 'operator';
  const failure = toFailure(error, 'lease');
  const found = explain({ failure, report: aReport({ checks: [] }), cluster: null, lines: [] });
  return found?.blame ?? ownerOfCode(failure.code, failure.blame);
}

test('a month of nights: no node is left, no chip is given up, and no night is blamed on the change', {
  timeout: 240_000,
}, async () => {
  const random = createRandom(30);
  const seen: string[] = [];
  for (let night = 1; night <= 30; night += 1) {
    const one = drawn(random);
    const { wrong, owner } = await play(one);
    expect(wrong, `night ${night}: ${one.name}`).toEqual([]);
    expect(['cloud', 'operator', null], `night ${night}: ${one.name}`).toContain(owner);
    seen.push(`${one.name}: ${owner ?? 'measured'}`);
  }
  // A month in which nothing happens would prove nothing.
  expect(new Set(seen).size).toBeGreaterThanOrEqual(7);
  expect(seen.filter((line) => line.endsWith('measured')).length).toBeGreaterThan(10);
});
