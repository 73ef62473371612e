import { describe, expect, it } from 'vitest';
import type { BlockRun } from '../../../src/load/closed-loop.ts';
import { pairAt, pairTimings } from '../../../src/load/pairs.ts';
import { createRandom } from '../../../src/load/prompts.ts';
import { measureBlock, summarizeArm, summarizeClient, toPair } from '../../../src/load/summary.ts';
import type { RequestRecord } from '../../../src/load/types.ts';
import { littlesLaw, measureWindow } from '../../../src/load/window.ts';

function record(sentMs: number, endMs: number, change: Partial<RequestRecord> = {}): RequestRecord {
  return {
    arm: 'one',
    block: 0,
    intendedMs: sentMs,
    sentMs,
    firstByteMs: endMs,
    firstTokenMs: null,
    lastTokenMs: null,
    endMs,
    status: 200,
    valid: true,
    errorKind: null,
    errorText: null,
    promptTokens: 20,
    completionTokens: 10,
    cachedTokens: null,
    bodyBytes: 3_000,
    textChars: 200,
    pickerHeader: true,
    ...change,
  };
}

/** `slots` slots in lock step: everybody starts at 0 and every request takes `latencyMs`. */
function lockStep(slots: number, latencyMs: number, untilMs: number): RequestRecord[] {
  const records: RequestRecord[] = [];
  for (let sent = 0; sent < untilMs; sent += latencyMs) {
    for (let slot = 0; slot < slots; slot++) records.push(record(sent, sent + latencyMs));
  }
  return records;
}

describe('the steady window', () => {
  it('measures the true rate of requests in lock step, wherever its edges fall', () => {
    const records = lockStep(10, 1_300, 13_000);
    for (const startMs of [3_000, 4_000, 4_500, 5_200]) {
      const window = measureWindow(records, { startMs, endMs: 13_000 });
      expect(window.requestsPerSecond).toBeCloseTo(10 / 1.3, 9);
      expect(window.halves.first).toBeCloseTo(window.halves.second, 9);
      expect(littlesLaw(window, 10)).toBeCloseTo(1, 9);
    }
    // Whole completions would say 7.8 and 6.7 for the first and the second of these.
    expect(measureWindow(records, { startMs: 3_000, endMs: 13_000 }).completed).toBe(80);
    expect(measureWindow(records, { startMs: 4_000, endMs: 13_000 }).completed).toBe(70);
  });

  it('agrees with the count of completions in the long run', () => {
    const random = createRandom('renewal');
    let [weighted, counted] = [0, 0];
    for (let run = 0; run < 400; run++) {
      const records: RequestRecord[] = [];
      for (let slot = 0; slot < 10; slot++) {
        for (let t = -5_000 * random(); t < 12_000; ) {
          const end = t + 200 + 1_200 * random();
          records.push(record(t, end));
          t = end;
        }
      }
      const window = measureWindow(records, { startMs: 2_000, endMs: 12_000 });
      weighted += window.requestsPerSecond / 400;
      counted += window.completed / window.seconds / 400;
    }
    expect(weighted / counted).toBeCloseTo(1, 2);
    expect(weighted).toBeCloseTo(10 / 0.8, 1);
  });

  it('counts valid answers only, and errors apart', () => {
    const records = [
      record(0, 1_000),
      record(1_000, 2_000, { valid: false, errorKind: 'status', completionTokens: null }),
      record(1_500, 1_800, { valid: false, errorKind: 'cancelled' }),
      record(2_000, 3_000),
    ];
    const window = measureWindow(records, { startMs: 1_000, endMs: 3_000 });
    expect(window).toMatchObject({ seconds: 2, completed: 1, errors: 1, requestsPerSecond: 0.5, meanLatencyMs: 1_000 });
    expect(window.halves).toEqual({ first: 0, second: 1 });
    expect(littlesLaw(window, 1)).toBeCloseTo(0.5);
  });

  it('is empty, not nonsense, when a block ended before it began', () => {
    const window = measureWindow([record(0, 10)], { startMs: 4_000, endMs: 500 });
    expect(window).toMatchObject({ seconds: 0, requestsPerSecond: 0, completed: 0, meanLatencyMs: null });
  });
});

describe('a pair', () => {
  const timings = pairTimings({ pairMs: 32_000, expectedSpeedup: 2.65, medianLatencyMs: 500 });

  it('gives the slower arm more time: 19 to 13 seconds', () => {
    expect(timings.oneMs / timings.allMs).toBeCloseTo(1.63, 2);
    expect(timings.oneMs + timings.allMs).toBe(32_000);
    expect(timings).toMatchObject({ trimMs: 4_000, rampMs: 500, longer: null });
  });

  const planOf = (index: number, more: { seed?: string; direct?: boolean } = {}) =>
    pairAt(index, { timings, concurrencyPerReplica: 10, replicas: 3, seed: 'run', ...more });

  it('has each replica as the baseline once in a round, in an order that the seed decides', () => {
    const order = (seed: string) => Array.from({ length: 15 }, (_, index) => planOf(index, { seed }).replica);
    for (let round = 0; round < 5; round += 1) {
      expect(
        order('run')
          .slice(3 * round, 3 * round + 3)
          .sort(),
      ).toEqual([0, 1, 2]);
    }
    expect(order('run')).toEqual(order('run'));
    const orders = new Set(Array.from({ length: 20 }, (_, seed) => order(`run-${seed}`).join('')));
    expect(orders.size).toBeGreaterThan(15);
    // The order changes from round to round: a replica has no place of its own.
    expect(
      new Set(
        [0, 3, 6, 9, 12].map((from) =>
          order('run')
            .slice(from, from + 3)
            .join(''),
        ),
      ).size,
    ).toBeGreaterThan(1);
  });

  it('puts each replica first in every other round, and loads all alike', () => {
    const plans = Array.from({ length: 6 }, (_, index) => planOf(index));
    for (const replica of [0, 1, 2]) {
      const own = plans.filter((plan) => plan.replica === replica).map(({ order }) => order);
      expect(own.sort()).toEqual(['all-first', 'one-first']);
    }
    expect(plans.flatMap((plan) => plan.blocks.map((block) => block.block))).toEqual([...Array(12).keys()]);
    const one = plans.find(({ order }) => order === 'one-first');
    expect(one?.blocks.map((block) => block.arm)).toEqual(['one', 'all']);
    expect(one?.blocks.map((block) => block.concurrency)).toEqual([10, 30]);
    expect(one?.blocks.map((block) => block.durationMs)).toEqual([timings.oneMs, timings.allMs]);
    expect(one?.blocks.map((block) => block.replica)).toEqual([one?.replica, null]);
  });

  it('has a third block where the ways differ, beside that of all and as long', () => {
    const plans = Array.from({ length: 12 }, (_, index) => planOf(index, { direct: true }));
    for (const { blocks, order } of plans) {
      expect(blocks[order === 'one-first' ? 0 : 2]?.way).toBe('one');
      expect(blocks.map(({ way }) => way).sort()).toEqual(['all', 'direct', 'one']);
      expect(blocks.find(({ way }) => way === 'direct')).toMatchObject({
        ...{ arm: 'all', replica: null, concurrency: 30, durationMs: timings.allMs },
      });
    }
    const before = plans.filter(({ blocks }) => {
      const ways = blocks.map(({ way }) => way);
      return ways.indexOf('all') < ways.indexOf('direct');
    });
    expect(before.length).toBeGreaterThan(2);
    expect(before.length).toBeLessThan(10);
  });

  it('becomes a row with its ratio, or none when an arm gave nothing', () => {
    const plan = planOf(1);
    const one = measureBlock(blockOf(lockStep(10, 1_000, 10_000), 10, 10_000), 2_000);
    const all = measureBlock(blockOf(lockStep(30, 1_100, 10_000), 30, 10_000), 2_000);
    const nothing = measureBlock(blockOf([], 10, 10_000), 2_000);
    expect(toPair(plan, { one, all }, [], 'pod-2')).toMatchObject({
      index: 1,
      order: plan.order,
      baseline: 'pod-2',
      directRequestsPerSecond: null,
      ratio: expect.closeTo(3 / 1.1, 9),
      oneWindowSeconds: 8,
      oneCompleted: 80,
    });
    expect(toPair(plan, { one: nothing, all }, [])).toBeNull();
  });
});

describe('the figures of an arm', () => {
  it('weigh every block by its window', () => {
    const fast = measureBlock(blockOf(lockStep(10, 500, 6_000), 10, 6_000), 2_000);
    const slow = measureBlock(blockOf(lockStep(10, 1_000, 14_000), 10, 14_000), 2_000);
    const { figures, evidence } = summarizeArm([fast, slow]);
    expect(figures.requestsPerSecond).toBeCloseTo((20 * 4 + 10 * 12) / 16, 9);
    // All of one length, which a real clock does not give.
    expect(evidence.distinctLatencyShare).toBeLessThan(0.1);
    expect(figures.latencyMs).toMatchObject({ p50: { value: 1_000 }, p99: { value: 1_000 } });
    expect(figures.littlesLaw).toBeCloseTo(1, 9);
  });

  it('carry the cached share where the server reports it', () => {
    const cached = [record(0, 100, { cachedTokens: 16 }), record(100, 200, { cachedTokens: 0 })];
    expect(summarizeArm([measureBlock(blockOf(cached, 1, 200), 0)]).evidence.cachedTokenShare).toBeCloseTo(0.4);
    expect(summarizeArm([measureBlock(blockOf([record(0, 100)], 1, 200), 0)]).evidence.cachedTokenShare).toBeNull();
  });

  it('show the lag that one send in a hundred exceeded, inside the windows only', () => {
    const records = Array.from({ length: 200 }, (_, i) => record(1_000 + i, 1_500 + i, { intendedMs: 999 + i }));
    records.push(record(400, 900, { intendedMs: 10 }));
    const lags = summarizeClient([measureBlock(blockOf(records, 200, 2_000), 500)]);
    expect(lags).toEqual({ eventLoopUtilization: 0.2, sendLagP99Ms: 1, stalledShare: 0.5, cpuMsPerRequest: 2 });
  });
});

function blockOf(records: RequestRecord[], concurrency: number, stopMs: number): BlockRun {
  return {
    arm: 'one',
    block: 0,
    concurrency,
    startMs: 0,
    stopMs,
    drainedMs: stopMs,
    records,
    self: { eventLoopUtilization: 0.2, stalledMs: 1_000, cpuMs: 402 },
    ended: 'complete',
  };
}
