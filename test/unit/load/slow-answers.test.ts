import { describe, expect, it } from 'vitest';
import { silenceLimitMs } from '../../../src/load/silence.ts';
import { requestDeadlineMs } from '../../../src/stages/benchmark/load-client.ts';

describe('an answer of many tokens', () => {
  it.each([
    [16, 60_000],
    [600, 60_000],
    [4_096, 409_600],
  ])('of %d has %d ms', (maxTokens, ms) => {
    expect(requestDeadlineMs({ maxTokens })).toBe(ms);
  });

  it('is not the silence of a dead service before its deadline', () => {
    expect(silenceLimitMs({ gapMs: 500, tokens: 16 })).toBe(30_000);
    expect(silenceLimitMs({ gapMs: 5_000, tokens: 16 })).toBe(50_000);
    // Forty milliseconds a token are usual; the first answer of an open loop comes after 164 s.
    expect(silenceLimitMs({ gapMs: 500, tokens: 4_096 })).toBeGreaterThan(164_000);
    expect(silenceLimitMs({ latencyMs: 164_000 })).toBe(492_000);
  });
});
