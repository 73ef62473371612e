import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStream, judgeStream, readStream } from '../../../src/load/stream.ts';
import { answerText } from './json/answers.ts';

const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
const text = (word: string, finish: string | null = null) =>
  event({ choices: [{ index: 0, text: word, finish_reason: finish }] });
const delta = (fields: object, finish: string | null = null) =>
  event({ choices: [{ index: 0, delta: fields, finish_reason: finish }] });
const usage = (tokens: number) => event({ choices: [], usage: { prompt_tokens: 20, completion_tokens: tokens } });
const USAGE = usage(3);
const DONE = 'data: [DONE]\n\n';
const WHOLE = `${text('Grüße')}${text(' from')}${text(' 🚀', 'length')}${USAGE}${DONE}`;

/** Reads a body in pieces that arrive a millisecond apart, or as `atMs` has it, each between bytes of something else. */
function read(pieces: Buffer[], completionTokens: number | null = null, atMs = (index: number) => 100 + index) {
  const gaps: number[] = [];
  const stream = createStream((ms) => gaps.push(ms));
  for (const [index, piece] of pieces.entries()) {
    const bytes = Buffer.concat([BEFORE, piece, BEHIND]);
    readStream(stream, bytes, BEFORE.length, BEFORE.length + piece.length, atMs(index));
    bytes.fill(0);
  }
  return { judged: judgeStream(stream, { completionTokens }), first: stream.firstMs, last: stream.lastMs, gaps };
}
const BEFORE = Buffer.from('data: {"a":[');
const BEHIND = Buffer.from('}]}\n\ndata: [DONE]\n\n');

/** Reads events that arrive a millisecond apart. */
const arriving = (events: string[], completionTokens: number | null = null) =>
  read(
    events.map((each) => Buffer.from(each)),
    completionTokens,
  );

const pieces = (body: string, size: number) => {
  const bytes = Buffer.from(body);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
};

describe('a streamed answer', () => {
  it('is read the same wherever its pieces end, in the middle of a character too', () => {
    for (let size = 1; size <= 40; size += 1) {
      expect(read(pieces(WHOLE, size)).judged).toMatchObject({
        ...{ valid: true, promptTokens: 20, completionTokens: 3 },
        textChars: 'Grüße from 🚀'.length,
      });
    }
  });

  it.each([
    ['CRLF', WHOLE.replaceAll('\n', '\r\n')],
    ['CR', WHOLE.replaceAll('\n', '\r')],
    ['a byte order mark', `\ufeff${WHOLE}`],
    ['comments', `: ping\n\n${WHOLE.replaceAll('data:', ': ping\ndata:')}`],
    ['other fields', WHOLE.replaceAll('data:', 'event: token\nid: 7\nretry: 10\ndata:')],
    ['no blank after the colon', WHOLE.replaceAll('data: ', 'data:')],
    ['JSON over several lines', WHOLE.replaceAll(',"', ',\ndata: "')],
    ['an event of empty data', WHOLE.replace(USAGE, `data: \n\ndata\n\n${USAGE}`)],
    ['blank lines between events', WHOLE.replaceAll('\n\n', '\n\n\n')],
  ])('is read with %s, wherever its pieces end', (_, body) => {
    for (let size = 1; size <= 40; size += 1) {
      expect(read(pieces(body, size)).judged).toMatchObject({
        ...{ valid: true, promptTokens: 20, completionTokens: 3, textChars: 'Grüße from 🚀'.length },
      });
    }
    expect(read([Buffer.from(body)]).judged.valid).toBe(true);
  });

  it('does not count events that are not ended by a blank line', () => {
    expect(arriving([text('a', 'length'), USAGE, 'data: [DONE]\n']).judged.errorKind).toBe('truncated');
    expect(arriving([text('a', 'length'), USAGE, 'data: [DONE]']).judged.errorKind).toBe('truncated');
  });

  it('has a first and a last token, and a gap between each event and the next', () => {
    const { first, last, gaps } = read(
      [text('a'), text('b'), text('c'), USAGE + DONE].map((part) => Buffer.from(part)),
    );
    expect([first, last, gaps]).toEqual([100, 102, [1, 1]]);
  });

  it('counts an event without text as a token: a special token or a part of a character', () => {
    const { judged, first, last, gaps } = arriving(
      [text(''), text('a'), text(''), text('🚀'), text('', 'length'), usage(5) + DONE],
      5,
    );
    expect(judged).toMatchObject({ valid: true, completionTokens: 5 });
    expect([first, last, gaps]).toEqual([100, 104, [1, 1, 1, 1]]);
  });

  it('is valid when none of its tokens has text', () => {
    expect(arriving([text(''), text('', 'stop'), usage(2) + DONE]).judged.valid).toBe(true);
  });

  it('does not count the role of a chat as a token', () => {
    const { first, last, gaps } = arriving([
      delta({ role: 'assistant', content: '' }),
      delta({ content: 'Hi' }),
      delta({ content: '' }, 'stop'),
      usage(2) + DONE,
    ]);
    expect([first, last, gaps]).toEqual([101, 102, [1]]);
    expect(arriving([delta({ role: 'assistant', content: 'Hi' }), usage(1) + DONE]).first).toBe(100);
    expect(arriving([delta({ role: 'assistant', content: null }), usage(1) + DONE]).first).toBeNull();
  });

  it.each([
    ['reasoning', { reasoning: 'Let me' }],
    ['reasoning of older servers', { reasoning_content: 'Let me' }],
    ['tool calls', { tool_calls: [{ index: 0, function: { arguments: '{' } }] }],
    ['nothing, while a parser holds the text back', {}],
  ])('counts a delta of %s as a token', (_, fields) => {
    const { judged, first, gaps } = arriving([delta(fields), delta(fields, 'length'), usage(2) + DONE]);
    expect(judged.valid).toBe(true);
    expect([first, gaps]).toEqual([100, [1]]);
  });

  it('does not count a last event that only has the reason of the end, where usage counts fewer tokens', () => {
    const { last, gaps } = arriving([text('a'), text('b'), text('', 'stop'), usage(2) + DONE]);
    expect([last, gaps]).toEqual([101, [1]]);
  });

  it('has one gap for an event of several tokens, and the usage has their number', () => {
    const { judged, last, gaps } = arriving([text('a b c'), text(' d e f', 'length'), usage(6) + DONE], 6);
    expect(judged).toMatchObject({ valid: true, completionTokens: 6 });
    expect([last, gaps]).toEqual([101, [1]]);
  });

  it('follows a usage in each event: one without a new token is none', () => {
    const counted = (count: number, fields: object, finish: string | null = null) =>
      event({
        choices: [{ index: 0, delta: fields, finish_reason: finish }],
        usage: { prompt_tokens: 20, completion_tokens: count },
      });
    const { judged, first, last, gaps } = arriving([
      counted(0, { role: 'assistant', content: '' }),
      counted(0, { content: 'the echo of the prompt' }),
      counted(1, { content: '' }),
      counted(3, { content: 'b c' }),
      counted(3, {}, 'stop'),
      usage(3) + DONE,
    ]);
    expect(judged).toMatchObject({ valid: true, completionTokens: 3 });
    expect([first, last, gaps]).toEqual([102, 103, [1]]);
  });

  it.each([
    ['cut short', text('a') + USAGE, 'truncated', 'without [DONE]'],
    ['without usage', text('a') + DONE, 'no-usage', 'without usage'],
    ['without a token', USAGE + DONE, 'no-choices', 'without a token'],
    ['with choices that are none', event({ choices: [{}, null] }) + USAGE + DONE, 'no-choices', 'without a token'],
    [
      'with an error in it',
      text('a') + event({ error: { message: 'out of memory' } }) + DONE,
      'error-body',
      'out of memory',
    ],
    ['that is no JSON', `${text('a')}data: <html>\n\n${USAGE}${DONE}`, 'not-json', '<html>'],
    ['without a finish reason', text('a') + usage(1) + DONE, 'truncated', 'no finish reason'],
    ['that was broken off', text('a', 'abort') + usage(1) + DONE, 'truncated', 'finish reason abort'],
    ['of another length', WHOLE, 'wrong-length', '3 output tokens instead of 4'],
  ])('%s does not count', (_, body, errorKind, errorText) => {
    const { judged } = read([Buffer.from(body)], errorKind === 'wrong-length' ? 4 : null);
    expect(judged).toMatchObject({ valid: false, errorKind });
    expect(judged.errorText).toContain(errorText);
  });

  it('is read the same by its JSON where it lies, and by JSON.parse', () => {
    // An event that comes in two pieces is left to the parser and to JSON.parse.
    const halves = (events: string[]) =>
      events.flatMap((each) => [Buffer.from(each).subarray(0, 1), Buffer.from(each).subarray(1)]);
    fc.assert(
      fc.property(fc.array(answerText, { maxLength: 6 }), fc.boolean(), (answers, isWhole) => {
        const events = [...answers.map((json) => `data: ${json}\n\n`), ...(isWhole ? [usage(3), DONE] : [])];
        const whole = read(events.map((each) => Buffer.from(each)));
        expect(whole).toEqual(read(halves(events), null, (index) => 100 + Math.floor(index / 2)));
      }),
      { numRuns: 1_000 },
    );
  });
});
