import { describe, expect, test } from 'vitest';
import { CLOUD_SCENARIOS } from '../../lab/scenarios/cloud.ts';
import { SCENARIOS } from '../../lab/scenarios/scenarios.ts';
import { explain } from '../../src/diagnosis/explain.ts';
import { toFailure } from '../../src/lib/failure.ts';
import { aReport } from '../unit/report/fixtures.ts';
import { atRest, newRun, overlaps } from './cases.ts';
import { POOL, startWorld } from './world.ts';

/** A node is taken back after the lease stage: the lease itself ends well. */
const LATER = new Set(['gke.preempted']);

describe('however Google Cloud fails, the lease ends as the scenario promises and the nodes come back', () => {
  test.each(CLOUD_SCENARIOS.map(({ name, expect: { cause } }) => [name, cause] as const))(
    '%s: %s',
    { timeout: 60_000 },
    async (name, promised) => {
      const world = await startWorld(SCENARIOS[name]);
      try {
        const run = newRun(world);
        const error = await run.main();
        const failure = error === null ? null : toFailure(error, 'lease');
        const cause = explain({ failure, report: aReport({ checks: [] }), cluster: null, lines: [] })?.cause ?? null;
        expect(cause, run.everythingSaid()).toBe(promised !== null && LATER.has(promised) ? null : promised);
        await run.post();
        expect(await atRest(world, 3_000), run.everythingSaid()).toBe(true);
        const record = await world.record();
        expect(overlaps(record)).toBe(false);
        const sizes = record.resizes.map(({ pool, nodeCount }) => `${pool}=${nodeCount}`);
        expect(sizes.at(-1) ?? `${POOL}=0`).toBe(`${POOL}=0`);
        expect(world.leaseIsThere(), run.everythingSaid()).toBe(false);
      } finally {
        await world.close();
      }
    },
  );
});
