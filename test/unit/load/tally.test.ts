import { describe, expect, it } from 'vitest';
import type { BlockRun } from '../../../src/load/closed-loop.ts';
import { createRandom } from '../../../src/load/prompts.ts';
import { shareOf } from '../../../src/load/shard/messages.ts';
import { mergeReports, reportOf } from '../../../src/load/shard/report.ts';
import type { SourceResult } from '../../../src/load/source.ts';
import { armEvidence, measureBlock, summarizeArm, summarizeClient } from '../../../src/load/summary.ts';
import { orderedOf, tokensOf } from '../../../src/load/tokens.ts';
import type { RequestRecord } from '../../../src/load/types.ts';
import { percentile } from '../../../src/verdict/statistics.ts';

const random = createRandom('merge');
const TRIM_MS = 2_000;
const LENGTH_MS = 30_000;
const MAX_TOKENS = 16;

/** A stream of requests with latencies from a few milliseconds to some seconds, and a few failures. */
const STREAM: readonly RequestRecord[] = Array.from({ length: 20_000 }, (_, index) => {
  const sentMs = (LENGTH_MS * index) / 20_000;
  const latencyMs = 5 * Math.exp(6 * random() ** 2) + random();
  const valid = random() > 0.01;
  return {
    ...{ arm: 'all', block: 4, intendedMs: sentMs - random(), sentMs, endMs: sentMs + latencyMs },
    ...{ firstByteMs: null, firstTokenMs: null, lastTokenMs: null, status: valid ? 200 : 503, valid },
    ...{ errorKind: valid ? null : ('status' as const), errorText: valid ? null : 'no endpoint' },
    ...{ promptTokens: valid ? 640 + (index % 7) : null, completionTokens: valid ? MAX_TOKENS : null },
    ...{ cachedTokens: valid ? 16 : null, bodyBytes: 3_000 + (index % 3), textChars: valid ? 70 + (index % 11) : null },
    pickerHeader: index % 2 === 0,
  };
});

const SELF = { eventLoopUtilization: 0.2, stalledMs: 4, cpuMs: 900 };

function resultOf(records: readonly RequestRecord[], concurrency: number, self = SELF): SourceResult {
  const run: BlockRun = {
    ...{ arm: 'all', block: 4, concurrency, startMs: 0, stopMs: LENGTH_MS, drainedMs: LENGTH_MS + 900 },
    ...{ records: [...records], self, ended: 'complete' },
  };
  return {
    measured: measureBlock(run, TRIM_MS),
    tokens: tokensOf(records, MAX_TOKENS),
    answeredMs: records.filter(({ valid }) => valid).map(({ endMs, sentMs }) => endMs - sentMs),
  };
}

/** The stream dealt out to `shards` load clients, sent to the gate as they send it, and merged there. */
function mergedFrom(shards: number, selfOf = (_shard: number) => SELF): SourceResult {
  const reports = Array.from({ length: shards }, (_, shard) => {
    const own = STREAM.filter((_record, index) => index % shards === shard);
    const concurrency = shareOf(300, shard, shards);
    const report = reportOf(resultOf(own, concurrency, selfOf(shard)), { concurrency, lateMs: 3 });
    return JSON.parse(JSON.stringify(report)) as typeof report;
  });
  return mergeReports({ arm: 'all', block: 4 }, reports);
}

/** The percentiles of values that are sorted once; `percentile` of some shares is compared with it below. */
function inOrder(values: readonly number[]): (share: number) => number {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.max(1, Math.ceil(share * sorted.length - 1e-9)) - 1] as number;
  for (const share of [0.001, 0.5, 0.99, 0.999]) expect(at(share)).toBe(percentile(values, share));
  return at;
}

const WHOLE = resultOf(STREAM, 300);

describe('a stream that several load clients have measured', () => {
  it.each([1, 2, 4, 7])('has the percentiles of one within 0.1 %%, with %i of them', (shards) => {
    const { measured, answeredMs } = mergedFrom(shards);
    expect(measured.latenciesMs).toHaveLength(WHOLE.measured.latenciesMs.length);
    const shares = Array.from({ length: 999 }, (_, index) => (index + 1) / 1_000);
    for (const [merged, whole] of [
      [measured.latenciesMs, WHOLE.measured.latenciesMs],
      [answeredMs, WHOLE.answeredMs],
    ] as const) {
      const [seen, wanted] = [inOrder(merged), inOrder(whole)];
      const apart = shares.filter((share) => Math.abs(seen(share) / wanted(share) - 1) >= 0.001);
      expect(apart).toEqual([]);
    }
  });

  it('has the throughput, counts and tokens of one', () => {
    const { measured, tokens } = mergedFrom(4);
    expect(measured.window.requestsPerSecond).toBeCloseTo(WHOLE.measured.window.requestsPerSecond, 6);
    expect(measured.window.outputTokensPerSecond).toBeCloseTo(WHOLE.measured.window.outputTokensPerSecond, 6);
    expect(measured.window.meanLatencyMs).toBeCloseTo(WHOLE.measured.window.meanLatencyMs!, 6);
    expect(measured.window.halves.first).toBeCloseTo(WHOLE.measured.window.halves.first, 6);
    expect(measured.window).toMatchObject({
      completed: WHOLE.measured.window.completed,
      errors: WHOLE.measured.window.errors,
    });
    expect(orderedOf(tokens)).toEqual(orderedOf(WHOLE.tokens));
    const { firstError: _, byLength, ...tally } = measured.tally;
    const { firstError: __, byLength: wholeLengths, ...whole } = WHOLE.measured.tally;
    expect(tally).toEqual(whole);
    expect([...byLength].sort((a, b) => a.bodyBytes - b.bodyBytes)).toEqual(
      [...wholeLengths].sort((a, b) => a.bodyBytes - b.bodyBytes),
    );
  });

  it('is judged from what one would be judged from', () => {
    const { distinctLatencyShare, littlesLaw, halves, ...evidence } = armEvidence([mergedFrom(3).measured]);
    const whole = armEvidence([WHOLE.measured]);
    expect(evidence).toMatchObject({ requests: whole.requests, errors: whole.errors, completed: whole.completed });
    expect(evidence.pickerShare).toBe(whole.pickerShare);
    expect(evidence.cachedTokenShare).toBe(whole.cachedTokenShare);
    expect(littlesLaw).toBeCloseTo(whole.littlesLaw!, 6);
    expect(distinctLatencyShare).toBeGreaterThan(0.99);
    expect(halves).toHaveLength(1);
    const figures = summarizeArm([mergedFrom(3).measured]).figures;
    const p99 = summarizeArm([WHOLE.measured]).figures.latencyMs!.p99.value;
    expect(Math.abs(figures.latencyMs!.p99.value / p99 - 1)).toBeLessThan(0.001);
  });

  it('shows one starved load client among healthy ones', () => {
    const starved = (shard: number) => (shard === 2 ? { ...SELF, eventLoopUtilization: 0.98, stalledMs: 9_000 } : SELF);
    const client = summarizeClient([mergedFrom(4, starved).measured]);
    expect(client.eventLoopUtilization).toBe(0.98);
    expect(client.stalledShare).toBeCloseTo(9_000 / LENGTH_MS, 6);
  });
});

describe('the requests in flight of a block', () => {
  it('are dealt out as equally as can be', () => {
    expect([0, 1, 2, 3].map((shard) => shareOf(10, shard, 4))).toEqual([3, 3, 2, 2]);
    expect([0, 1, 2, 3].map((shard) => shareOf(2, shard, 4))).toEqual([1, 1, 0, 0]);
  });
});
