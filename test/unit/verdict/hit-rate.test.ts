import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cacheablePrefix, expectedHitRates } from '../../../src/verdict/hit-rate.ts';

describe('expected hit rates', () => {
  // Prefix, suffix, block, prompts per group → percent when aware, percent at random; confirmed by simulation.
  it.each([
    [1024, 128, 16, 2, 44.4, 14.8],
    [1024, 128, 16, 4, 66.7, 35.4],
    [1024, 128, 16, 6, 74.1, 48.3],
    [1024, 128, 16, 10, 80.0, 62.7],
    [1024, 128, 16, 30, 85.9, 80.0],
    [512, 512, 16, 10, 45.0, 35.3],
    [210, 8, 16, 10, 85.9, 67.3],
    [210, 8, 128, 10, 52.8, 41.4],
    [7, 0, 16, 10, 0, 0],
  ])(
    '%d + %d tokens in blocks of %d, %d prompts',
    (prefixTokens, suffixTokens, blockTokens, requestsPerGroup, aware, random) => {
      const prompt = { prefixTokens, promptTokens: prefixTokens + suffixTokens };
      const rates = expectedHitRates([Array(requestsPerGroup).fill(prompt)], { blockTokens, replicas: 3 });
      expect(Math.abs(100 * rates.aware - aware)).toBeLessThan(0.06);
      expect(Math.abs(100 * rates.random - random)).toBeLessThan(0.06);
    },
  );

  it('are the same with one replica', () => {
    const group = Array(6).fill({ prefixTokens: 1024, promptTokens: 1152 });
    const { aware, random } = expectedHitRates([group], { blockTokens: 16, replicas: 1 });
    expect(random).toBeCloseTo(aware, 12);
  });

  it('count every prompt with its own length: a mean length would promise what long prompts cannot give', () => {
    // 512 shared tokens of 600 and of 5600: 512 ÷ 6200 of the tokens, not 512 ÷ 3100 of each prompt.
    const group = [600, 5_600].map((promptTokens) => ({ promptTokens, prefixTokens: 512 }));
    const { aware, random } = expectedHitRates([group], { blockTokens: 128, replicas: 2 });
    expect(aware).toBeCloseTo(512 / 6_200, 12);
    expect(random).toBeCloseTo(256 / 6_200, 12);
    // A prompt that is the prefix and nothing more recomputes its last block.
    const bare = [600, 512].map((promptTokens) => ({ promptTokens, prefixTokens: 512 }));
    expect(expectedHitRates([bare], { blockTokens: 128, replicas: 2 }).aware).toBeCloseTo(384 / 1_112, 12);
  });

  it('stay between nothing and everything for prompts of any lengths', () => {
    const prompt = fc.record({
      promptTokens: fc.integer({ min: 1, max: 9_000 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const groups = fc.array(fc.array(prompt, { maxLength: 8 }), { maxLength: 8 });
    fc.assert(
      fc.property(
        groups,
        fc.integer({ min: 1, max: 512 }),
        fc.integer({ min: 1, max: 16 }),
        (drawn, blockTokens, replicas) => {
          const shapes = drawn.map((group) =>
            group.map(({ promptTokens, share }) => ({ promptTokens, prefixTokens: share * promptTokens })),
          );
          const { aware, random } = expectedHitRates(shapes, { blockTokens, replicas });
          expect(random).toBeGreaterThanOrEqual(0);
          expect(aware).toBeGreaterThanOrEqual(random - 1e-12);
          expect(aware).toBeLessThan(1);
        },
      ),
    );
  });
});

describe('a cacheable prefix', () => {
  it('fills blocks of both the cache and the picker', () => {
    const shape = { prefixTokens: 520, prefixChars: 2_080, promptTokens: 584, promptChars: 2_336 };
    expect(cacheablePrefix({ ...shape, blockTokens: 128, pickerBlockChars: 512 })).toEqual({
      longEnough: true,
      sentence:
        '520 shared tokens fill 4 cache blocks of 128, so a warm replica reuses 512 of 584 prompt tokens; ' +
        '2080 shared characters are 4 blocks of 512 to the endpoint picker, 100% of each prompt.',
    });
  });

  it('says what a short one lacks', () => {
    const shape = { prefixTokens: 40, prefixChars: 160, promptTokens: 50, promptChars: 200 };
    expect(cacheablePrefix({ ...shape, blockTokens: 128, pickerBlockChars: 64 })).toEqual({
      longEnough: false,
      sentence:
        '40 shared tokens do not fill one cache block of 128, so no replica can reuse them; ' +
        '160 shared characters are 2 blocks of 64 to the endpoint picker, 67% of each prompt; ' +
        'it takes 4 to decide the choice.',
    });
  });

  it('keeps the last token of a wholly repeated prompt out of the cache', () => {
    const shape = { prefixTokens: 128, prefixChars: 512, promptTokens: 128, promptChars: 512, pickerBlockChars: null };
    expect(cacheablePrefix({ ...shape, blockTokens: 128 }).longEnough).toBe(false);
    expect(cacheablePrefix({ ...shape, promptTokens: 129, blockTokens: 128 }).longEnough).toBe(true);
    expect(cacheablePrefix({ ...shape, blockTokens: null }).longEnough).toBeNull();
  });
});
