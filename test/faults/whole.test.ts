import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sample } from './cases.ts';
import { playWhole, type WholeCase, wholeCasesOf } from './whole-cases.ts';
import { SERVERS, startWholeWorld, type WholeWorld } from './whole-world.ts';

/** A part of `npm run test:faults -- --part whole`: each case is two or three processes and takes seconds. */
const SAMPLE = 2;
const SEED = 20_261_127;

describe('whatever one request of a whole run of the built action meets, the nodes come back', () => {
  let world: WholeWorld;
  let all: WholeCase[];

  beforeAll(async () => {
    world = await startWholeWorld();
    all = await wholeCasesOf(world);
  }, 120_000);
  afterAll(() => world.close());

  test('faults are tried on requests to all servers, of main and of post', () => {
    const kinds = new Set(all.map(({ step, server }) => `${step} ${server}`));
    expect([...kinds].sort()).toEqual(['main', 'post'].flatMap((step) => SERVERS.map((on) => `${step} ${on}`)).sort());
    expect(all.length).toBeGreaterThan(500);
  });

  test(`${SAMPLE} of them, by seed ${SEED}, are survived`, { timeout: 180_000 }, async () => {
    const failed: string[] = [];
    for (const one of sample(all, SAMPLE, SEED)) {
      const { broken } = await playWhole(world, one);
      if (broken.length > 0) failed.push(`npm run test:faults -- --case '${one.name}': ${broken.join('; ')}`);
    }
    expect(failed).toEqual([]);
  });
});
