import { describe, expect, it } from 'vitest';
import type { BlockRun } from '../../../src/load/closed-loop.ts';
import type { SourceResult } from '../../../src/load/source.ts';
import { measureBlock } from '../../../src/load/summary.ts';
import { tokensOf } from '../../../src/load/tokens.ts';
import { agree, warmUp } from '../../../src/load/warm-up.ts';

/** One slot for one second, `rate` requests one after another. */
function bin(rate: number, ended: BlockRun['ended'] = 'complete'): SourceResult {
  const records = Array.from({ length: rate }, (_, i) => ({
    arm: 'one' as const,
    block: 0,
    intendedMs: (1_000 * i) / rate,
    sentMs: (1_000 * i) / rate,
    firstByteMs: null,
    firstTokenMs: null,
    lastTokenMs: null,
    endMs: (1_000 * (i + 1)) / rate,
    status: 200,
    valid: true,
    errorKind: null,
    errorText: null,
    promptTokens: 1,
    completionTokens: 1,
    cachedTokens: null,
    bodyBytes: 3_000,
    textChars: 200,
    pickerHeader: null,
  }));
  const times = { startMs: 0, stopMs: 1_000, drainedMs: 1_000 };
  const run: BlockRun = {
    arm: 'one',
    block: 0,
    concurrency: 1,
    ...times,
    records,
    self: { eventLoopUtilization: 0, stalledMs: 0, cpuMs: 0 },
    ended,
  };
  const answeredMs = records.map(({ endMs, sentMs }) => endMs - sentMs);
  return { measured: measureBlock(run, 0), tokens: tokensOf(records, 1), answeredMs };
}

const run = (rates: number[], ended?: BlockRun['ended']) =>
  warmUp({ binMs: 1_000, runBin: (index) => Promise.resolve(bin(rates[index]!, ended)), maxBins: rates.length });

describe('warming up', () => {
  it('ends when two bins in a row agree', async () => {
    const { bins, settled, medianLatencyMs } = await run([2, 5, 10, 20, 20, 99]);
    expect(settled).toBe(true);
    expect(bins.map(Math.round)).toEqual([2, 5, 10, 20, 20]);
    expect(medianLatencyMs).toBeCloseTo(50, 6);
  });

  it('says when they never do', async () => {
    expect(await run([2, 5, 10])).toMatchObject({ settled: false });
    expect(await run([0, 0])).toMatchObject({ settled: false, medianLatencyMs: null });
  });

  it('does not go on with a server that answers nothing', async () => {
    const { bins, medianLatencyMs } = await run([5, 0, 20]);
    expect(bins).toHaveLength(2);
    expect(medianLatencyMs).toBeNull();
  });

  it('does not go on with a failing server', async () => {
    const { bins } = await run([5, 10, 20], 'failing');
    expect(bins).toHaveLength(1);
  });

  it('takes ten per cent of the larger bin as agreement', () => {
    expect(agree([9, 10], 0.1)).toBe(true);
    expect(agree([8.9, 10], 0.1)).toBe(false);
    expect(agree([10], 0.1)).toBe(false);
  });
});
