import { describe, expect, it } from 'vitest';
import { answerEvidence } from '../../../src/load/answers.ts';
import { tallyOf } from '../../../src/load/tally.ts';
import type { RequestRecord } from '../../../src/load/types.ts';

const ENVELOPE = 150;

type Change = Partial<Pick<RequestRecord, 'promptTokens' | 'textChars' | 'bodyBytes' | 'valid'>>;

function block(requests: readonly Change[]) {
  const records = requests.map((change) => ({
    ...{
      valid: true,
      errorKind: null,
      cachedTokens: null,
      completionTokens: 50,
      promptTokens: 740,
      textChars: 240,
      bodyBytes: ENVELOPE + 3_000,
    },
    ...change,
  }));
  return { tally: tallyOf(records as RequestRecord[], []) };
}

/** Six blocks of twenty answers; the figures of an answer differ a little, as those of real ones do. */
function arm(change: (index: number) => Change = () => ({})) {
  return Array.from({ length: 6 }, (_, each) =>
    block(
      Array.from({ length: 20 }, (_unused, index) => ({
        promptTokens: 740 + ((7 * each + index) % 5),
        textChars: 235 + ((3 * each + index) % 11),
        ...change(each * 20 + index),
      })),
    ),
  );
}

describe('the answers of both arms', () => {
  it('show as much text and as many prompt tokens where nothing is wrong', () => {
    const { arms, promptTokens, textChars } = answerEvidence({ one: arm(), all: arm() }, ENVELOPE);
    expect(arms.one.promptBytesPerToken).toBeCloseTo(3_000 / 742, 2);
    expect(arms.all.textCharsPerToken).toBeCloseTo(240 / 50, 1);
    for (const difference of [promptTokens, textChars]) {
      expect(Math.abs(difference!.share)).toBeLessThan(0.01);
      expect(difference!.chance).toBeGreaterThan(0.05);
    }
  });

  it('differ surely where one arm brings less text, or reads less of its prompts', () => {
    const less = arm((index) => ({ textChars: 190 + (index % 11), promptTokens: 600 + (index % 5) }));
    const { promptTokens, textChars } = answerEvidence({ one: arm(), all: less }, ENVELOPE);
    expect(textChars).toMatchObject({ one: expect.closeTo(240, -1), all: expect.closeTo(195, -1) });
    expect(textChars!.share).toBeCloseTo(-0.19, 2);
    expect(textChars!.chance).toBeLessThan(1e-6);
    expect(promptTokens!.share).toBeCloseTo(-0.19, 2);
    expect(promptTokens!.chance).toBeLessThan(1e-6);
  });

  it('are compared over prompts of one length, for the arms send their own prompts in other shares', () => {
    const long = { promptTokens: 3_000, bodyBytes: ENVELOPE + 12_000, textChars: 100 };
    const one = arm((index) => (index % 2 === 0 ? long : {}));
    const all = arm((index) => (index % 5 === 0 ? long : {}));
    const { promptTokens, textChars } = answerEvidence({ one, all }, ENVELOPE);
    expect(Math.abs(promptTokens!.share)).toBeLessThan(0.01);
    expect(Math.abs(textChars!.share)).toBeLessThan(0.01);
  });

  it('are not compared where an arm has fewer than two blocks, or no valid answer', () => {
    const nothing = { promptBytesPerToken: null, textCharsPerToken: null };
    expect(answerEvidence({ one: [], all: arm() }, ENVELOPE)).toMatchObject({
      ...{ arms: { one: nothing }, promptTokens: null, textChars: null },
    });
    const invalid = arm(() => ({ valid: false }));
    expect(answerEvidence({ one: arm(), all: invalid }, ENVELOPE)).toMatchObject({
      ...{ arms: { all: nothing }, promptTokens: null, textChars: null },
    });
  });

  it('that have no text at all are no difference, and no text', () => {
    const silent = () => arm(() => ({ textChars: 0 }));
    const { arms, textChars } = answerEvidence({ one: silent(), all: silent() }, ENVELOPE);
    expect(arms.one.textCharsPerToken).toBe(0);
    expect(textChars).toBeNull();
  });
});
