import { describe, expect, it } from 'vitest';
import { createStreamReader } from '../../../src/load/stream.ts';

const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
const text = (word: string) => event({ choices: [{ index: 0, text: word }] });
const USAGE = event({ choices: [], usage: { prompt_tokens: 20, completion_tokens: 3 } });
const DONE = 'data: [DONE]\n\n';
const WHOLE = `${text('Grüße')}${text(' from')}${text(' 🚀')}${USAGE}${DONE}`;

/** Reads a body in pieces that arrive a millisecond apart. */
function read(pieces: Buffer[], completionTokens: number | null = null) {
  const gaps: number[] = [];
  const reader = createStreamReader({ completionTokens }, (ms) => gaps.push(ms));
  for (const [index, piece] of pieces.entries()) reader.push(piece, 100 + index);
  return { judged: reader.end(), first: reader.firstTokenMs(), last: reader.lastTokenMs(), gaps };
}

const pieces = (body: string, size: number) => {
  const bytes = Buffer.from(body);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
};

describe('a streamed answer', () => {
  it('is read the same wherever its pieces end, in the middle of a character too', () => {
    for (let size = 1; size <= 40; size += 1) {
      expect(read(pieces(WHOLE, size)).judged).toMatchObject({ valid: true, promptTokens: 20, completionTokens: 3 });
    }
  });

  it('tells when its first and last text came, and each gap between', () => {
    const { first, last, gaps } = read(
      [text('a'), text('b'), text('c'), USAGE + DONE].map((part) => Buffer.from(part)),
    );
    expect([first, last, gaps]).toEqual([100, 102, [1, 1]]);
  });

  it('does not count a role or an empty delta as a token', () => {
    const role = event({ choices: [{ delta: { role: 'assistant', content: '' } }] });
    const delta = event({ choices: [{ delta: { content: 'Hi' } }] });
    expect(read([role, delta, USAGE + DONE].map((part) => Buffer.from(part))).first).toBe(101);
  });

  it.each([
    ['cut short', text('a') + USAGE, 'truncated', 'without [DONE]'],
    ['without usage', text('a') + DONE, 'no-usage', 'without usage'],
    ['without text', USAGE + DONE, 'no-choices', 'without text'],
    [
      'with an error in it',
      text('a') + event({ error: { message: 'out of memory' } }) + DONE,
      'not-json',
      'out of memory',
    ],
    ['that is no JSON', `${text('a')}data: <html>\n\n${USAGE}${DONE}`, 'not-json', '<html>'],
    ['of another length', WHOLE, 'wrong-length', '3 output tokens instead of 4'],
  ])('%s does not count', (_, body, errorKind, errorText) => {
    const { judged } = read([Buffer.from(body)], errorKind === 'wrong-length' ? 4 : null);
    expect(judged).toMatchObject({ valid: false, errorKind });
    expect(judged.errorText).toContain(errorText);
  });
});
