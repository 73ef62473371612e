import { afterAll, beforeAll, describe } from 'vitest';
import { labScenario } from './envoy-states.ts';
import { kserveContract } from './kserve.ts';
import { type KserveObservation, observeKserve, shippedService } from './kserve-observe.ts';
import { startWorld, type World } from './world.ts';

describe.each(['pattern3', 'pattern1'] as const)('the lab, held against recordings of KServe v0.20.0', (pattern) => {
  let world: World | undefined;
  let observing: Promise<KserveObservation>;
  beforeAll(async () => {
    world = await startWorld({ scenario: labScenario('healthy'), timeScale: 50 });
    observing = observeKserve(world, await shippedService(pattern));
    await observing;
  }, 60_000);
  afterAll(() => world?.stop());
  kserveContract(pattern, () => observing);
});
