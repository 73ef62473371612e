import { describe, expect, it } from 'vitest';
import { nextBodies } from '../../../src/load/bodies.ts';
import { requestBody, uniquePrompts } from '../../../src/load/prompts.ts';

const COMPLETION = { api: 'completions', model: 'org/"odd" @prompt@ ü', maxTokens: 50, fixedLength: true } as const;
const promptIn = (body: Buffer): string => JSON.parse(body.toString()).prompt;

describe('the bodies of a block', () => {
  it.each([COMPLETION, { ...COMPLETION, api: 'chat' as const, stream: true }])(
    'are those of its unique prompts, byte for byte, $api',
    (options) => {
      const from = { seed: 'run-1/one/0', promptTokens: 256 };
      const next = nextBodies({ ...from, prompts: null }, options);
      const prompt = uniquePrompts(from);
      for (let i = 0; i < 300; i += 1) expect(next().toString()).toBe(requestBody(prompt(), options).toString());
    },
  );

  it('are of the ordered length with prompts shorter than their nonce', () => {
    const from = { seed: 's', promptTokens: 1 };
    expect(promptIn(nextBodies({ ...from, prompts: null }, COMPLETION)())).toBe(uniquePrompts(from)());
  });

  it('do not change when the next one is made', () => {
    const next = nextBodies({ seed: 's', promptTokens: 64, prompts: null }, COMPLETION);
    const bodies = Array.from({ length: 50 }, next);
    expect(new Set(bodies.map((body) => promptIn(body).slice(0, 16))).size).toBe(50);
  });
});

describe('prompts of the user’s own', () => {
  const take = (seed: string, prompts: string[], count: number) => {
    const next = nextBodies({ seed, promptTokens: 64, prompts }, COMPLETION);
    return Array.from({ length: count }, () => promptIn(next()));
  };

  it('come in their order, over and over, and no two alike', () => {
    const sent = take('run-1/pair-0/all', ['first', 'second'], 5);
    expect(sent.map((text) => text.slice(17))).toEqual(['first', 'second', 'first', 'second', 'first']);
    expect(new Set(sent).size).toBe(5);
    expect(sent[0]).toMatch(/^[0-9a-f]{16} first$/);
    expect(take('run-1/pair-1/all', ['first'], 1)[0]).not.toBe(sent[0]);
    expect(() => take('s', [], 1)).toThrow(RangeError);
  });

  it('are sent as they are, whatever they hold, and from block to block', () => {
    const prompts = ['"quoted" \\ and\nlined', 'Grüße 🚀', '', '@prompt@ $& $1', '\ud800 alone'];
    for (const seed of ['a', 'b']) expect(take(seed, prompts, 5).map((text) => text.slice(17))).toEqual(prompts);
  });
});
