import { describe, expect, it } from 'vitest';
import type { LoadSource, SourceLoad } from '../../../../src/load/source.ts';
import { measureBlock } from '../../../../src/load/summary.ts';
import { tokensOf } from '../../../../src/load/tokens.ts';
import type { RequestRecord } from '../../../../src/load/types.ts';
import { type Bench, loadOf } from '../../../../src/stages/benchmark/load.ts';

interface Replica {
  /** Requests that it works on at a time, in the order of their arrival. */
  places: number;
  /** Work on each. */
  ms: number;
  /** What the first requests at a higher load wait for once. */
  compileMs?: number;
}

/** Time is computed: an hour of load takes milliseconds. */
function replica({ places, ms, compileMs = 0 }: Replica): LoadSource & { spentMs: number; bins: number[] } {
  let compiled = 0;
  return {
    spentMs: 0,
    bins: [],
    async run({ arm, block, concurrency, durationMs, trimMs }: SourceLoad) {
      this.bins.push(durationMs);
      const readyMs = concurrency > compiled ? compileMs : 0;
      compiled = Math.max(compiled, concurrency);
      const free = Array.from({ length: places }, () => readyMs);
      const records: RequestRecord[] = [];
      // Slots that are about to send, by the time at which they do.
      const slots = Array.from({ length: concurrency }, () => 0);
      for (;;) {
        slots.sort((a, b) => a - b);
        free.sort((a, b) => a - b);
        const sentMs = slots.shift() ?? durationMs;
        if (sentMs >= durationMs) break;
        const endMs = Math.max(sentMs, free.shift() ?? 0) + ms;
        free.push(endMs);
        slots.push(endMs);
        records.push(answered({ arm, block, sentMs, endMs }));
      }
      const drainedMs = Math.max(...records.map(({ endMs }) => endMs));
      this.spentMs += drainedMs;
      const self = { eventLoopUtilization: 0, stalledMs: 0, cpuMs: 0 };
      const times = { startMs: 0, stopMs: durationMs, drainedMs };
      const run = { arm, block, concurrency, ...times, records, self, ended: 'complete' as const };
      return {
        measured: measureBlock(run, trimMs),
        tokens: tokensOf(records, 16),
        answeredMs: records.map((record) => record.endMs - record.sentMs),
      };
    },
  };
}

function answered(times: Pick<RequestRecord, 'arm' | 'block' | 'sentMs' | 'endMs'>): RequestRecord {
  return {
    ...times,
    ...{ intendedMs: times.sentMs, firstByteMs: times.endMs, firstTokenMs: null, lastTokenMs: null },
    ...{ status: 200, valid: true, errorKind: null, errorText: null },
    ...{
      promptTokens: 16,
      completionTokens: 16,
      cachedTokens: null,
      bodyBytes: 100,
      textChars: 80,
      pickerHeader: true,
    },
  };
}

async function found(one: Replica) {
  const source = replica(one);
  const load = await loadOf({
    context: {
      inputs: { concurrency: 'auto', pairDurationMs: 32_000 },
      clock: { now: () => source.spentMs },
      signal: new AbortController().signal,
      emit: () => {},
    },
    prepared: { service: { replicas: 3 } },
    sources: { replicas: [source] },
    loader: { fit: async () => {} },
  } as unknown as Bench);
  return { ...load, bins: source.bins };
}

describe('the ladder on a replica that works on 8 requests at a time', () => {
  // A rung above 8 adds nothing, whatever a request takes; 16 is the rung that shows it.
  it.each([50, 500, 1_000, 2_000, 5_000, 12_000, 40_000])('ends at 16 where a request takes %d ms', async (ms) => {
    const { concurrency, ladder, warmOne } = await found({ places: 8, ms });
    expect(ladder?.rungs.map((rung) => rung.concurrency)).toEqual([4, 8, 16]);
    expect(concurrency).toBe(16);
    expect(((ladder?.rungs.at(-1)?.requestsPerSecond ?? 0) * ms) / 8_000).toBeCloseTo(1, 6);
    // Each waits for as long again as it is worked on.
    expect(warmOne).toMatchObject({ settled: true, medianLatencyMs: 2 * ms });
  });

  it.each([100, 2_000, 30_000])(
    'has bins as long as before where one compiles, and a request takes %d ms',
    async (ms) => {
      const binMs = 32_000 / 6;
      const { concurrency, bins } = await found({ places: 8, ms, compileMs: 60_000 });
      expect(concurrency).toBe(16);
      expect(Math.max(...bins) / Math.max(binMs, 2.5 * 2 * ms)).toBeLessThanOrEqual(1.001);
    },
  );
});

it('the ladder climbs to its top where a replica works on all at a time, though each takes half a minute', async () => {
  const { ladder } = await found({ places: 64, ms: 30_000 });
  expect(ladder).toMatchObject({ chosen: 64, topReached: true });
});
