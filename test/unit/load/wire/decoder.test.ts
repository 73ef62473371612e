import { describe, expect, it } from 'vitest';
import { type Decoder, decode, endsWithConnection } from '../../../../src/load/wire/decoder.ts';
import type { ResponseHead } from '../../../../src/load/wire/head.ts';

interface Read {
  head: ResponseHead | null;
  body: string;
  /** Offset behind the response in the last piece; -1 while it is not complete. */
  stop: number;
  endsWithConnection: boolean;
}

/** Decodes pieces that come one after another, each in a buffer that is overwritten after it was taken. */
function read(pieces: readonly string[]): Read {
  const decoder: Decoder = { state: 'head', head: null, held: null, left: 0, count: 0 };
  const found: Read = { head: null, body: '', stop: -1, endsWithConnection: false };
  for (const piece of pieces) {
    const bytes = Buffer.concat([Buffer.from(piece, 'latin1'), Buffer.from('\r\n\r\nleft over from before')]);
    found.stop = decode(decoder, bytes, piece.length, {
      onHead: (head) => {
        found.head = head;
      },
      onBody: (from, start, end) => {
        found.body += from.toString('latin1', start, end);
      },
    });
    bytes.fill(0);
  }
  return { ...found, endsWithConnection: endsWithConnection(decoder) };
}

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;
const LONG = 'x'.repeat(20_000);

describe('a response', () => {
  it.each([
    ['a length', `${OK}Content-Length: 5\r\n\r\nhello`, 'hello'],
    ['a length of nothing', `${OK}content-length: 0\r\n\r\n`, ''],
    ['chunks', `${CHUNKED}5\r\nhello\r\n00B\r\n and so on.\r\n0\r\n\r\n`, 'hello and so on.'],
    ['chunks with extensions', `${CHUNKED}5;a=b\r\nhello\r\n0 ;last\r\n\r\n`, 'hello'],
    ['trailers', `${CHUNKED}5\r\nhello\r\n0\r\nx-sum: 1\r\ny: 2\r\n\r\n`, 'hello'],
    ['line ends in its data', `${CHUNKED}8\r\n\r\n0\r\n\r\n\n\r\n0\r\n\r\n`, '\r\n0\r\n\r\n\n'],
    [
      'an interim response before it',
      `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${OK}content-length: 2\r\n\r\nok`,
      'ok',
    ],
    ['no reason phrase', `HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
    ['a status without a body', 'HTTP/1.1 204 No Content\r\ncontent-length: 7\r\n\r\n', ''],
  ])('with %s is the same wherever its pieces end', (_, text, body) => {
    expect(read([text])).toMatchObject({ body, stop: text.length });
    expect(read([...text])).toMatchObject({ body, stop: 1 });
    for (let at = 1; at < text.length; at += 1) {
      expect(read([text.slice(0, at), text.slice(at)])).toMatchObject({ body, stop: text.length - at });
    }
  });

  it('is not complete before its last byte', () => {
    for (const text of [`${OK}content-length: 5\r\n\r\nhello`, `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`]) {
      for (let at = 1; at < text.length; at += 1) expect(read([text.slice(0, at)]).stop).toBe(-1);
    }
  });

  it('ends where the next thing begins', () => {
    const text = `${OK}content-length: 5\r\n\r\nhello`;
    expect(read([`${text}HTTP/1.1 200 OK\r\n`]).stop).toBe(text.length);
  });

  it('without a length lasts as long as its connection', () => {
    expect(read(['HTTP/1.0 200 OK\r\n\r\nhello', ' and more'])).toMatchObject({
      ...{ body: 'hello and more', stop: -1, endsWithConnection: true, head: { keepAlive: false } },
    });
    expect(read([`${OK}content-length: 9\r\n\r\nhello`]).endsWithConnection).toBe(false);
    expect(read([`${CHUNKED}5\r\nhello`]).endsWithConnection).toBe(false);
  });

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'status line'],
    ['nothing in its head', '\r\n\r\n', 'status line'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n', 'status line'],
    ['a status of two digits', 'HTTP/1.1 99 What\r\n\r\n', 'status line'],
    ['two lengths', `${OK}content-length: 5\r\ncontent-length: 6\r\n\r\n`, 'two content lengths'],
    ['a length and chunks', `${OK}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`, 'and a transfer encoding'],
    ['a length that is no number', `${OK}content-length: 5, 5\r\n\r\n`, 'not a number'],
    ['a negative length', `${OK}content-length: -5\r\n\r\n`, 'not a number'],
    ['an encoding that nobody asked for', `${OK}transfer-encoding: gzip, chunked\r\n\r\n`, 'than chunked'],
    ['a header without a name', `${OK}: x\r\n\r\n`, 'no name'],
    ['a header without a colon', `${OK}content-length 5\r\n\r\n`, 'no name'],
    ['a blank before the colon', `${OK}content-length : 5\r\n\r\n`, 'no name'],
    ['a header of two lines', `${OK}x: a\r\n b\r\ncontent-length: 5\r\n\r\n`, 'no name'],
    ['a lone line feed', `${OK}x: a\ncontent-length: 5\r\n\r\n`, 'control character'],
    ['a lone return', `${OK}x: a\rcontent-length: 5\r\n\r\n`, 'control character'],
    ['a NUL', `${OK}x: a\0\r\n\r\n`, 'control character'],
    ['another protocol from now on', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'changed the protocol'],
    ['a head without an end', `${OK}x: ${LONG}`, 'more than 16384 bytes'],
    ['a long head', `${OK}x: ${LONG}\r\n\r\n`, 'more than 16384 bytes'],
    ['a chunk without a size', `${CHUNKED}\r\n`, 'has no size'],
    ['a chunk whose size is no number', `${CHUNKED}5g\r\n`, 'not a number'],
    ['a chunk of more than any answer', `${CHUNKED}123456789\r\n`, 'larger than any answer'],
    ['a chunk that is longer than its size', `${CHUNKED}4\r\nhello\r\n`, 'longer than its size'],
    ['a size with a lone line feed', `${CHUNKED}5\nhello`, 'not a number'],
    ['an extension without an end', `${CHUNKED}5;${LONG}`, 'too long'],
    ['a trailer without an end', `${CHUNKED}0\r\n${'x: y\r\n'.repeat(5_000)}`, 'too long'],
    ['a trailer with a lone line feed', `${CHUNKED}0\r\nx: y\n\r\n`, 'without CR'],
  ])('with %s is refused', (_, text, words) => {
    expect(() => read([text])).toThrow(words);
    expect(() => read([...text])).toThrow(words);
  });

  it.each([
    ['HTTP/1.1', `${OK}content-length: 0\r\n\r\n`, true],
    ['HTTP/1.1 that closes', `${OK}content-length: 0\r\nConnection: x, Close\r\n\r\n`, false],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n', false],
    ['HTTP/1.0 that stays', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: Keep-Alive\r\n\r\n', true],
  ])('of %s decides whether its connection stays', (_, text, keepAlive) => {
    expect(read([text]).head?.keepAlive).toBe(keepAlive);
  });

  it('has the fields that the client reads, whatever their case', () => {
    const fields = 'Content-Type: text/event-stream\r\nKeep-Alive: max=9, timeout=7\r\nX-Went-Into-Resp-Headers:\r\n';
    expect(read([`${OK}${fields}content-length: 0\r\n\r\n`]).head).toMatchObject({
      ...{ status: 200, contentType: 'text/event-stream', idleMs: 7_000, isPicked: true },
    });
    expect(read([`${OK}content-length: 0\r\n\r\n`]).head).toMatchObject({
      contentType: '',
      idleMs: null,
      isPicked: false,
    });
  });

  it('is read by its own head, however much of it the one before had too', () => {
    const head = `${OK}x: 1\r\ncontent-length: 5\r\n\r\n`;
    const other = `${OK}x: 2\r\ncontent-length: 2\r\n\r\n`;
    const longer = `${OK}x: 1\r\ncontent-length: 5\r\nconnection: close\r\n\r\n`;
    for (const next of [`${head}hello`, `${other}hi`, `${longer}hello`, `${OK}content-length: 0\r\n\r\n`]) {
      expect(read([`${head}hello`])).toMatchObject({ body: 'hello', head: { keepAlive: true } });
      for (let cut = 0; cut <= next.length; cut += 1) {
        read([`${head}hello`]);
        expect(read([next.slice(0, cut), next.slice(cut)])).toMatchObject({
          ...{ body: next.slice(next.indexOf('\r\n\r\n') + 4), head: { keepAlive: !next.includes('close') } },
        });
      }
    }
    read(['HTTP/1.1 100 Continue\r\n\r\n']);
    expect(read([`HTTP/1.1 100 Continue\r\n\r\n${head}hello`]).body).toBe('hello');
  });
});
