import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeResponse } from '../../../src/load/response.ts';
import { answerText } from './json/answers.ts';

const BEHIND = ' \n}]left over from before';

/** Judges a body that lies between other bytes, as in the buffer of a connection. */
function judge(body: string, completionTokens: number | null = null, status = 200) {
  const bytes = Buffer.from(`before${body}${BEHIND}`);
  return judgeResponse(status, bytes, 6, bytes.length - BEHIND.length, { completionTokens });
}

const ANSWER = JSON.stringify({
  choices: [{ text: ' two words', finish_reason: 'length' }],
  usage: { prompt_tokens: 5, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } },
});

describe('the judgement of a body', () => {
  it('has the figures of a valid answer, with a line end behind it too', () => {
    const valid = { valid: true, errorKind: null, errorText: null };
    const figures = { promptTokens: 5, completionTokens: 2, cachedTokens: 4, textChars: 10 };
    expect(judge(ANSWER, 2)).toEqual({ ...valid, ...figures });
    expect(judge(`${ANSWER}\r\n`)).toEqual({ ...valid, ...figures });
  });

  it.each([
    ['something behind its end', `${ANSWER}x`, 'not-json'],
    ['its end missing', ANSWER.slice(0, -1), 'not-json'],
    ['no byte', '', 'not-json'],
    ['another number of tokens', ANSWER.replace(':2', ':3'), 'wrong-length'],
    ['a broken end', ANSWER.replace('length', 'abort'), 'truncated'],
    ['an error in it', ANSWER.replace('{', '{"error":"x",'), 'error-body'],
  ])('finds %s', (_, body, errorKind) => {
    expect(judge(body, 2)).toMatchObject({ valid: false, errorKind });
  });

  it('takes no answer of another status', () => {
    expect(judge(ANSWER, 2, 500)).toMatchObject({ valid: false, errorKind: 'status' });
  });

  it('is the one that JSON.parse leads to', () => {
    fc.assert(
      fc.property(answerText, fc.constantFrom(null, 16), (body, completionTokens) => {
        // What does not begin with a brace is left to JSON.parse. Of a long body, the excerpt would be shorter by one byte.
        const parsed = judge(` ${body}`, completionTokens);
        const { errorText } = body.length < 100 ? parsed : judge(body, completionTokens);
        expect(judge(body, completionTokens)).toEqual({ ...parsed, errorText });
      }),
      { numRuns: 3_000 },
    );
  });
});
