import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Case, casesOf, play, sample } from './cases.ts';
import { LEASE_FAULTS } from './fault-kinds.ts';
import { startWorld, type World } from './world.ts';

/** A part of `npm run test:faults`: the same cases each time, so that a failure can be had again. */
const SAMPLE = 40;
const SEED = 20_261_126;

describe('whatever one request of the lease meets, the nodes come back', () => {
  let world: World;
  let all: Case[];

  beforeAll(async () => {
    world = await startWorld();
    all = await casesOf(world);
  });
  afterAll(() => world.close());

  test('every fault is tried on requests to both servers, of main and of post', () => {
    const kinds = new Set(all.map(({ name }) => name.replace(/\/\d+\//, '/')));
    // How often a run asks while it waits varies; what it asks does not.
    const faults = Object.keys(LEASE_FAULTS).length;
    // No interrupt in post.
    expect(kinds.size).toBe(4 * faults - 2);
    expect(all.length).toBeGreaterThan(300);
  });

  test(`${SAMPLE} of them, by seed ${SEED}, are survived`, { timeout: 120_000 }, async () => {
    const failed: string[] = [];
    for (const one of sample(all, SAMPLE, SEED)) {
      const { broken } = await play(world, one);
      if (broken.length > 0) failed.push(`npm run test:faults -- --case ${one.name}: ${broken.join('; ')}`);
    }
    expect(failed).toEqual([]);
  });
});
