import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMap } from '../../../../src/lib/decode.ts';
import { skim } from '../../../../src/load/json/skim.ts';
import { answerText } from './answers.ts';

/** Skims a text that lies between other bytes, as in the buffer of a connection. */
function skimmed(text: string, behind = '}]} "0') {
  const bytes = Buffer.from(`{"a":[${text}${behind}`);
  const found = skim(bytes, 6, 6 + Buffer.byteLength(text));
  return found && { ...found, end: bytes.toString('utf8', 6, found.end) };
}

const lengthOf = (text: unknown) => (typeof text === 'string' ? text.length : -1);
const countOf = (count: unknown) => (typeof count === 'number' ? count : -1);

/** The same figures by way of `JSON.parse`. */
function parsed(text: string) {
  const { choices, usage } = JSON.parse(text);
  const choice = choices[0];
  const said = choice.message ?? choice.delta;
  return {
    text: lengthOf(choice.text),
    content: lengthOf(said?.content),
    reasoning: lengthOf(said?.reasoning ?? said?.reasoning_content),
    hasMessage: isMap(choice.message),
    hasDelta: isMap(choice.delta),
    hasRole: typeof said?.role === 'string',
    finishReason: choice.finish_reason ?? null,
    hasUsage: isMap(usage),
    promptTokens: countOf(usage?.prompt_tokens),
    completionTokens: countOf(usage?.completion_tokens),
    cachedTokens: countOf(usage?.prompt_tokens_details?.cached_tokens),
  };
}

/** The same for a text that is the first one. */
function skimmedAlone(text: string) {
  skimmed('{"');
  return skimmed(text);
}

const COMPLETION = {
  id: 'cmpl-1',
  choices: [{ index: 0, text: ' a\n"b"', logprobs: null, finish_reason: 'length', stop_reason: null }],
  usage: { prompt_tokens: 100, completion_tokens: 16, prompt_tokens_details: { cached_tokens: 64 } },
};
const CHAT = {
  choices: [{ message: { role: 'assistant', content: 'b', reasoning: 'a' }, logprobs: { x: [-0.5e-3] } }],
  usage: { prompt_tokens: 7, completion_tokens: 2, prompt_tokens_details: null },
};
const EVENT_TEXT = JSON.stringify({
  ...{ id: 'cmpl-1', choices: [{ index: 0, text: ' word', finish_reason: null }] },
  usage: { prompt_tokens: 100, completion_tokens: 16 },
});
const EVENT = { choices: [{ delta: { content: 'b' }, finish_reason: null }], usage: null };

describe('what is skimmed of an answer', () => {
  it.each([
    ['a completion', JSON.stringify(COMPLETION)],
    ['a chat', JSON.stringify(CHAT)],
    ['an event', JSON.stringify(EVENT)],
    ['blanks and line ends', JSON.stringify(CHAT, null, 2)],
    ['several choices', JSON.stringify({ ...COMPLETION, choices: [...COMPLETION.choices, 5, [], {}] })],
    ['escaped characters', String.raw`{"choices":[{"text":"\u00e4\ud83d\"\\\/\b"}]}`],
    ['numbers of all forms', '{"a":[0,-0,10,1.25,-1e5,1E+9,0.1e-3],"choices":[{}]}'],
  ])('has the figures that JSON.parse has: %s', (_, text) => {
    expect(skimmed(text)).toMatchObject({ end: text, ...parsed(text) });
  });

  it('states a line end between tokens', () => {
    expect(skimmed('{"choices":[{"text":"a"}]}')?.hasLineEnd).toBe(false);
    expect(skimmed('{"choices":\n[{"text":"a"}]}')?.hasLineEnd).toBe(true);
    expect(skimmed('{"choices":[{"text":"a"}\r]}')?.hasLineEnd).toBe(true);
  });

  it.each([
    ['an error', { ...COMPLETION, error: 'x' }],
    ['no choices', { ...COMPLETION, choices: [] }],
    ['a choice that is none', { choices: ['text'] }],
    ['a character beyond ASCII', { ...COMPLETION, id: 'ä' }],
    ['another reason of the end', { choices: [{ text: '', finish_reason: 'abort' }] }],
    ['a count that is none', { ...COMPLETION, usage: { prompt_tokens: 1.5 } }],
    ['a message and a delta', { choices: [{ message: {}, delta: {} }] }],
    ['an empty reasoning beside another', { choices: [{ delta: { reasoning: '', reasoning_content: 'a' } }] }],
  ])('is nothing with %s', (_, value) => {
    expect(skimmed(JSON.stringify(value))).toBeNull();
  });

  it.each([
    ['a field twice', '{"choices":[{"text":"a","text":"b"}]}'],
    ['an escape in a name', String.raw`{"choices":[{"text":"a"}],"\u0065rror":1}`],
    ['deep lists', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)},"choices":[{}]}`],
  ])('is nothing with %s, which JSON.parse takes', (_, text) => {
    expect(JSON.parse(text)).toHaveProperty('choices');
    expect(skimmed(text)).toBeNull();
  });

  it.each([
    ...['01', '-01', '1.', '.5', '-', '+1', '1e', '1e+', '1.e5', '0x1', 'NaN', '1_0'],
    ...['nul', 'nulll', 'tru', 'fals', 'True', '', "'a'"],
    ...[String.raw`"\x"`, String.raw`"\u12"`, String.raw`"\u12g4"`, '"\t"', '"\n"', '"\0"', '"'],
    ...[
      '[1,]',
      '[,1]',
      '[1 2]',
      '[1',
      ']',
      '{"a":1,}',
      '{,}',
      '{"a"}',
      '{"a" 1}',
      '{a:1}',
      '{"a":1 "b":2}',
      '{1:2}',
      '}',
    ],
  ])('is nothing with %j, wherever a value may be', (value) => {
    for (const text of [
      `{"a":${value},"choices":[{"text":"a"}]}`,
      `{"choices":[{"text":"a"},${value}]}`,
      `{"choices":[{"text":${value}}],"b":1}`,
      `{"choices":[{}],"usage":{"prompt_tokens":${value}}}`,
    ]) {
      expect(() => JSON.parse(text)).toThrow();
      expect(skimmed(text)).toBeNull();
    }
  });

  it('is nothing while a byte is missing, whatever lies behind it', () => {
    const text = JSON.stringify(COMPLETION);
    for (let length = 0; length < text.length; length += 1) {
      expect(skimmed(text.slice(0, length), text.slice(length))).toBeNull();
    }
  });

  it('is never another thing than JSON.parse has', () => {
    fc.assert(
      fc.property(answerText, (text) => {
        const found = skimmed(text);
        if (found === null) return;
        expect(text.startsWith(found.end)).toBe(true);
        expect(found).toMatchObject(parsed(found.end));
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['another text', EVENT_TEXT.replace(' word', 'a')],
    ['an escape', EVENT_TEXT.replace(' word', String.raw`\n\u00e4`)],
    ['no text', EVENT_TEXT.replace('" word"', 'null')],
    ['an error', EVENT_TEXT.replace('"index"', '"error":{},"index"').replace('{"id"', '{"error":1,"id"')],
    ['a reason of the end', EVENT_TEXT.replace('null', '"stop"')],
    ['larger counts', EVENT_TEXT.replace('16', '171').replace('100', '7')],
    ['a negative count', EVENT_TEXT.replace('16', '-16')],
    ['a count of ten digits', EVENT_TEXT.replace('16', '1234567890')],
    ['a number in place of a string', EVENT_TEXT.replace('"cmpl-1"', '1')],
    ['a string in place of a number', EVENT_TEXT.replace('0', '"0"')],
    ['a line end', EVENT_TEXT.replace(',', ',\n')],
    ['a field more', EVENT_TEXT.replace(/}$/, ',"a":1}')],
  ])('is the same after an answer that differs: %s', (_, text) => {
    const alone = skimmedAlone(text);
    expect(skimmed(EVENT_TEXT)).not.toBeNull();
    expect(skimmed(text)).toEqual(alone);
    expect(skimmed(EVENT_TEXT)).toEqual(skimmedAlone(EVENT_TEXT));
  });

  it('is the same after any answer, and after one that differs little', () => {
    fc.assert(
      fc.property(answerText, answerText, fc.nat(), fc.constantFrom(...'"\\09a-.,}\n'), (text, other, at, by) => {
        const index = at % (text.length + 1);
        const altered = text.slice(0, index) + by + text.slice(index + 1);
        const alone = [text, altered, other].map(skimmedAlone);
        expect([text, altered, other].map((each) => skimmed(each))).toEqual(alone);
        expect([other, altered, text].map((each) => skimmed(each))).toEqual(alone.reverse());
      }),
      { numRuns: 3_000 },
    );
  });

  it('is nothing while a byte of a known template is missing', () => {
    for (let length = 0; length < EVENT_TEXT.length; length += 1) {
      expect(skimmed(EVENT_TEXT)).not.toBeNull();
      expect(skimmed(EVENT_TEXT.slice(0, length), EVENT_TEXT.slice(length))).toBeNull();
    }
  });
});
