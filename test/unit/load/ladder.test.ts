import { describe, expect, it } from 'vitest';
import { climb, RUNGS } from '../../../src/load/ladder.ts';

/** A replica that serves `limit` requests a second, each in a second when it is not full. */
const replica = (limit: number) => {
  const asked: number[] = [];
  const run = async (concurrency: number) => {
    asked.push(concurrency);
    const rate = Math.min(concurrency, limit);
    return { bins: [rate * 0.98, rate], settled: true, medianLatencyMs: 1_000 };
  };
  return { run, asked };
};

describe('the ladder', () => {
  it.each([
    [3, 8, [4, 8]],
    [4, 8, [4, 8]],
    [7.5, 16, [4, 8, 16]],
    [17, 32, [4, 8, 16, 32]],
    [33, 64, [4, 8, 16, 32, 64]],
  ])('on a replica of %d req/s ends at %d in flight', async (limit, chosen, asked) => {
    const { run, asked: seen } = replica(limit);
    const found = await climb(run);
    expect(found).toMatchObject({ chosen, topReached: false });
    expect(seen).toEqual(asked);
    expect(found.rungs.at(-1)?.requestsPerSecond).toBe(Math.min(limit, chosen));
  });

  it('does not climb on a replica that answers nothing', async () => {
    const { run, asked } = replica(0);
    expect(await climb(run)).toMatchObject({ chosen: RUNGS[0], topReached: false });
    expect(asked).toEqual([RUNGS[0]]);
  });

  it('says when its top still gained', async () => {
    expect(await climb(replica(1_000).run)).toMatchObject({ chosen: RUNGS.at(-1), topReached: true });
  });
});
