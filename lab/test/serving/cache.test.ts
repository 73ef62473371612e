import { describe, expect, it } from 'vitest';
import { blockHashes, createBlockPool, tpuBlockSize } from '../../serving/cache.ts';
import { countTokens } from '../../serving/tokenizer.ts';

const SIZE = 128;
const CHARACTERS = SIZE * 4;

/** Text of exactly `tokens` tokens, different for each name. */
const text = (tokens: number, name = 'a') => `${name} lorem ipsum `.repeat(tokens).slice(0, tokens * 4);

function sequence(prompt: string, salt = '', answer = 10) {
  const promptTokens = countTokens(prompt);
  return { hashes: blockHashes(prompt, SIZE, salt), promptTokens, totalTokens: promptTokens + answer };
}

const poolOf = (blocks: number, caching = true) => createBlockPool({ blockSize: SIZE, blocks, caching });

describe('tpuBlockSize', () => {
  it.each([
    [128, 16],
    [512, 32],
    [1000, 64],
    [1024, 64],
    [2048, 128],
    [2049, 256],
    [4096, 256],
    [8192, 256],
    [8193, 16],
    [32_768, 16],
  ])('a context of %i tokens has pages of %i', (maxModelLen, expected) => {
    expect(tpuBlockSize(maxModelLen)).toBe(expected);
  });
});

describe('blockHashes', () => {
  it('covers full blocks only', () => {
    expect(blockHashes('x'.repeat(CHARACTERS - 1), SIZE, '')).toHaveLength(0);
    expect(blockHashes('x'.repeat(CHARACTERS), SIZE, '')).toHaveLength(1);
    expect(blockHashes('x'.repeat(3 * CHARACTERS + 5), SIZE, '')).toHaveLength(3);
  });

  it('chains: a block after a different beginning is another block', () => {
    const [one, two] = [text(256, 'a'), `b${text(256, 'a').slice(1)}`].map((prompt) => blockHashes(prompt, SIZE, ''));
    expect(one?.[1]).not.toBe(two?.[1]);
  });
});

describe('prefix cache', () => {
  it.each([
    { what: 'shorter than a block', first: 100, second: 100, hit: 0 },
    { what: 'one block and one token', first: 129, second: 129, hit: 128 },
    { what: 'one block exactly: a token must be computed', first: 128, second: 128, hit: 0 },
    { what: 'three blocks exactly', first: 384, second: 384, hit: 256 },
    { what: 'a longer prompt over the same beginning', first: 300, second: 900, hit: 256 },
    { what: 'a shorter prompt', first: 900, second: 300, hit: 256 },
  ])('$what: $hit tokens hit', ({ first, second, hit }) => {
    const pool = poolOf(100);
    pool.allocate(sequence(text(first)))?.release();
    expect(pool.allocate(sequence(text(second)))?.cachedTokens).toBe(hit);
  });

  it('hits nothing after a change in the first character, and the shared blocks after a changed suffix', () => {
    const pool = poolOf(100);
    pool.allocate(sequence(text(640)))?.release();
    expect(pool.allocate(sequence(`#${text(640).slice(1)}`))?.cachedTokens).toBe(0);
    expect(pool.allocate(sequence(text(512) + text(128, 'other')))?.cachedTokens).toBe(512);
  });

  it('shares blocks with a request that still runs', () => {
    const pool = poolOf(100);
    pool.allocate(sequence(text(640)));
    const before = pool.usage();
    expect(pool.allocate(sequence(text(640)))?.cachedTokens).toBe(512);
    // 650 tokens take 6 blocks, 4 of them shared.
    expect(pool.usage() - before).toBeCloseTo(2 / 100);
  });

  it('keeps callers with different salts apart', () => {
    const pool = poolOf(100);
    pool.allocate(sequence(text(640), 'mine'))?.release();
    expect(pool.allocate(sequence(text(640), 'yours'))?.cachedTokens).toBe(0);
    expect(pool.allocate(sequence(text(640), 'mine'))?.cachedTokens).toBe(512);
  });

  it('finds nothing when switched off', () => {
    const pool = poolOf(100, false);
    pool.allocate(sequence(text(640)))?.release();
    expect(pool.allocate(sequence(text(640)))?.cachedTokens).toBe(0);
  });

  it('forgets the least recently used blocks first, tails before heads', () => {
    const pool = poolOf(12);
    pool.allocate(sequence(text(640, 'a')))?.release();
    pool.allocate(sequence(text(640, 'b')))?.release();
    // 5 + 5 blocks are cached; 6 more need four of the older prompt's.
    pool.allocate(sequence(text(640, 'c')))?.release();
    expect(pool.allocate(sequence(text(640, 'b')))?.cachedTokens).toBe(512);
    const again = poolOf(12);
    for (const name of ['a', 'b', 'c']) again.allocate(sequence(text(640, name)))?.release();
    expect(again.allocate(sequence(text(640, 'a')))?.cachedTokens).toBe(128);
  });

  it('counts blocks of running requests only, and refuses what does not fit', () => {
    const pool = poolOf(10);
    const first = pool.allocate(sequence(text(640)));
    expect(pool.usage()).toBeCloseTo(0.6);
    expect(pool.allocate(sequence(text(640, 'b')))).toBeNull();
    first?.release();
    expect(pool.usage()).toBe(0);
    expect(pool.allocate(sequence(text(640, 'b')))?.cachedTokens).toBe(0);
  });

  it('never holds more than it has, whatever comes and goes', () => {
    const pool = poolOf(40);
    const open: { release(): void }[] = [];
    for (let i = 0; i < 2_000; i++) {
      const mine = pool.allocate(sequence(text(100 + ((i * 37) % 900), `p${i % 7}`)));
      if (mine) open.push(mine);
      if (!mine || i % 3 === 0) open.splice((i * 13) % Math.max(1, open.length), 1)[0]?.release();
      expect(pool.usage()).toBeLessThanOrEqual(1);
    }
    for (const one of open) one.release();
    expect(pool.usage()).toBe(0);
  });
});
