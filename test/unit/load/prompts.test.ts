import { describe, expect, it } from 'vitest';
import { createRandom, requestBody, sharedPrefixGroup, uniquePrompts } from '../../../src/load/prompts.ts';

describe('unique prompts', () => {
  it('differ from the first characters on and have the ordered length', () => {
    const next = uniquePrompts({ seed: 'run-1/one/0', promptTokens: 256 });
    const prompts = Array.from({ length: 500 }, next);
    expect(new Set(prompts.map((prompt) => prompt.slice(0, 16))).size).toBe(500);
    expect(new Set(prompts.map((prompt) => prompt.length))).toEqual(new Set([1024]));
    expect(prompts[0]).toMatch(/^[0-9a-f]{16} [a-z ]+$/);
  });

  it('follow from the seed, and from nothing else', () => {
    const take = (seed: string) => {
      const next = uniquePrompts({ seed, promptTokens: 64 });
      return [next(), next(), next()];
    };
    expect(take('a')).toEqual(take('a'));
    expect(take('a')[0]?.slice(0, 8)).not.toBe(take('b')[0]?.slice(0, 8));
  });
});

describe('a shared-prefix group', () => {
  it('shares its prefix and nothing after it', () => {
    const group = sharedPrefixGroup({ seed: 'run-1', group: 2, prefixTokens: 512, suffixTokens: 32 });
    expect(group.prefix).toHaveLength(2_048);
    const [first, second] = [group.prompt(0), group.prompt(1)];
    expect(first.startsWith(group.prefix) && second.startsWith(group.prefix)).toBe(true);
    const suffixes = [first, second].map((prompt) => prompt.slice(group.prefix.length + 1));
    expect(suffixes[0]).toHaveLength(128);
    expect(suffixes[0]?.slice(0, 6)).not.toBe(suffixes[1]?.slice(0, 6));
    const other = sharedPrefixGroup({ seed: 'run-1', group: 3, prefixTokens: 512, suffixTokens: 32 });
    expect(other.prefix.slice(0, 8)).not.toBe(group.prefix.slice(0, 8));
  });
});

describe('a request body', () => {
  it('orders a fixed length for measuring, for both endpoints', () => {
    const options = { model: 'qwen', maxTokens: 50, fixedLength: true };
    const length = { max_tokens: 50, min_tokens: 50, ignore_eos: true, temperature: 0, stream: false };
    expect(JSON.parse(requestBody('Hi', { ...options, api: 'completions' }).toString())).toEqual({
      model: 'qwen',
      prompt: 'Hi',
      ...length,
    });
    expect(JSON.parse(requestBody('Hi', { ...options, api: 'chat' }).toString())).toEqual({
      model: 'qwen',
      messages: [{ role: 'user', content: 'Hi' }],
      ...length,
    });
  });
});

describe('seeded random numbers', () => {
  it('are even over the unit interval', () => {
    const random = createRandom('any');
    const values = Array.from({ length: 20_000 }, random);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    const bins = new Array<number>(10).fill(0);
    for (const value of values) bins[Math.floor(value * 10)]!++;
    for (const count of bins) expect(Math.abs(count - 2_000)).toBeLessThan(250);
  });
});
