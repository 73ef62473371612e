import { hasBytes } from '../../lib/bytes.ts';
import { protocolError } from './errors.ts';
import { parseHead, type ResponseHead } from './head.ts';

/** Takes a response as it comes. */
export interface ResponseSink {
  onHead(head: ResponseHead): void;
  /**
   * Takes bytes of the body from `start` to `end`. They are overwritten after the call. `isLast` is true where the response
   * is known to end with them, which it need not be.
   */
  onBody(bytes: Buffer, start: number, end: number, isLast: boolean): void;
}

/** How far the responses of one connection have come. */
export interface Decoder {
  state:
    | 'head'
    | 'data'
    | 'size'
    | 'extension'
    | 'size-lf'
    | 'data-cr'
    | 'data-lf'
    | 'trailer'
    | 'trailer-line'
    | 'trailer-lf'
    | 'end-lf'
    | 'done';
  /** Of the response that is being read; null until it is whole. */
  head: ResponseHead | null;
  /** The part of a head that came before the rest of it. */
  held: Buffer | null;
  /** Bytes of the body, or of the chunk, that are yet to come. */
  left: number;
  /** Digits of a chunk's size, or bytes of what is skipped. */
  count: number;
}

/** As Node's own clients have it. */
const MOST_HEAD_BYTES = 16 * 1024;
/** Bytes of a chunk's extensions, and of all trailers. */
const MOST_SKIPPED_BYTES = 16 * 1024;
const MOST_DIGITS = 8;

/**
 * The last head, with the empty line at its end. A server that adds nothing of its own repeats it for as long as its date
 * stays the same.
 */
let last: { bytes: Uint8Array; head: ResponseHead } | null = null;
const LAST = Buffer.allocUnsafeSlow(MOST_HEAD_BYTES + 4);

const CR = 13;
const LF = 10;

/** Makes a decoder ready for the next response of its connection. */
export function resetDecoder(decoder: Decoder): void {
  decoder.state = 'head';
  decoder.head = null;
  decoder.held = null;
}

/**
 * Decodes the first `end` bytes of a buffer. Returns the offset behind the last byte of the response, or -1 while there is
 * more to come. Interim responses (1xx) are skipped. Throws for what is not HTTP/1.1.
 */
export function decode(decoder: Decoder, bytes: Buffer, end: number, sink: ResponseSink): number {
  let at = 0;
  while (at < end) {
    if (decoder.state === 'head') at = takeHead(decoder, bytes, at, end, sink);
    else if (decoder.state === 'data') at = takeData(decoder, bytes, at, end, sink);
    else {
      takeByte(decoder, bytes[at] as number);
      at += 1;
    }
    if (decoder.state === 'done') return at;
  }
  return -1;
}

/** Whether the end of the connection is the end of the response. */
export function endsWithConnection({ state, head }: Decoder): boolean {
  return state === 'data' && head?.framing === 'close';
}

function takeHead(decoder: Decoder, bytes: Buffer, at: number, end: number, sink: ResponseSink): number {
  const { held } = decoder;
  if (held !== null) return takeHeldHead(decoder, held, bytes.subarray(at, end), at, sink);
  if (last !== null && at + last.bytes.length <= end && hasBytes(bytes, at, last.bytes)) {
    take(decoder, last.head, sink);
    return at + last.bytes.length;
  }
  const stop = headEnd(bytes, at, end);
  if (stop === -1) {
    decoder.held = hold(bytes.subarray(at, end));
    return end;
  }
  begin(decoder, bytes, at, stop, sink);
  return stop + 4;
}

/** The same for a head that came in parts, which is rare. */
function takeHeldHead(decoder: Decoder, held: Buffer, more: Buffer, at: number, sink: ResponseSink): number {
  const whole = Buffer.concat([held, more]);
  const stop = headEnd(whole, Math.max(0, held.length - 3), whole.length);
  if (stop === -1) {
    decoder.held = hold(whole);
    return at + more.length;
  }
  decoder.held = null;
  begin(decoder, whole, 0, stop, sink);
  return at + stop + 4 - held.length;
}

function hold(part: Buffer): Buffer {
  if (part.length > MOST_HEAD_BYTES) throw headTooLong();
  return Buffer.from(part);
}

/** Offset of the empty line that ends a head; -1 without one. */
function headEnd(bytes: Buffer, at: number, end: number): number {
  for (let i = at + 3; i < end; i += 1) {
    if (bytes[i] === LF && bytes[i - 1] === CR && bytes[i - 2] === LF && bytes[i - 3] === CR) return i - 3;
  }
  return -1;
}

function begin(decoder: Decoder, bytes: Buffer, at: number, stop: number, sink: ResponseSink): void {
  if (stop - at > MOST_HEAD_BYTES) throw headTooLong();
  const head = parseHead(bytes.toString('latin1', at, stop));
  bytes.copy(LAST, 0, at, stop + 4);
  last = { bytes: LAST.subarray(0, stop + 4 - at), head };
  take(decoder, head, sink);
}

function take(decoder: Decoder, head: ResponseHead, sink: ResponseSink): void {
  if (head.status === 101) throw protocolError('the server changed the protocol');
  if (head.status < 200) return;
  decoder.head = head;
  sink.onHead(head);
  const { framing } = head;
  decoder.state = framing === 'none' ? 'done' : framing === 'chunked' ? 'size' : 'data';
  decoder.left = framing === 'close' ? Number.POSITIVE_INFINITY : head.length;
  decoder.count = 0;
}

function headTooLong(): Error {
  return protocolError(`the head of the response has more than ${MOST_HEAD_BYTES} bytes`);
}

function takeData(decoder: Decoder, bytes: Buffer, at: number, end: number, sink: ResponseSink): number {
  const stop = Math.min(end, at + decoder.left);
  decoder.left -= stop - at;
  const isChunked = decoder.head?.framing === 'chunked';
  if (decoder.left === 0) decoder.state = isChunked ? 'data-cr' : 'done';
  sink.onBody(bytes, at, stop, decoder.state === 'done');
  return stop;
}

/** One byte of what lies between the data of chunks (RFC 9112, section 7.1). */
function takeByte(decoder: Decoder, byte: number): void {
  switch (decoder.state) {
    case 'size':
      takeSize(decoder, byte);
      break;
    case 'extension':
      if (byte === CR) decoder.state = 'size-lf';
      else skip(decoder, byte);
      break;
    case 'size-lf':
      decoder.count = 0;
      demand(decoder, byte, LF, decoder.left === 0 ? 'trailer' : 'data');
      break;
    case 'data-cr':
      demand(decoder, byte, CR, 'data-lf');
      break;
    case 'data-lf':
      demand(decoder, byte, LF, 'size');
      break;
    case 'trailer':
    case 'trailer-line':
      if (byte === CR) decoder.state = decoder.state === 'trailer' ? 'end-lf' : 'trailer-lf';
      else {
        decoder.state = 'trailer-line';
        skip(decoder, byte);
      }
      break;
    case 'trailer-lf':
      demand(decoder, byte, LF, 'trailer');
      break;
    case 'end-lf':
      demand(decoder, byte, LF, 'done');
      break;
  }
}

function takeSize(decoder: Decoder, byte: number): void {
  const digit = hexDigit(byte);
  if (digit !== -1) {
    decoder.left = 16 * decoder.left + digit;
    decoder.count += 1;
    if (decoder.count > MOST_DIGITS) throw protocolError('a chunk of the response is larger than any answer');
    return;
  }
  if (decoder.count === 0) throw protocolError('a chunk of the response has no size');
  decoder.count = 0;
  if (byte === CR) decoder.state = 'size-lf';
  else if (byte === 0x3b || byte === 0x20 || byte === 0x09) decoder.state = 'extension';
  else throw protocolError('the size of a chunk of the response is not a number');
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function skip(decoder: Decoder, byte: number): void {
  decoder.count += 1;
  if (byte === LF) throw protocolError('a line of the response ends without CR');
  if (decoder.count > MOST_SKIPPED_BYTES) throw protocolError('the trailer of the response is too long');
}

function demand(decoder: Decoder, byte: number, wanted: number, next: Decoder['state']): void {
  if (byte !== wanted) throw protocolError('a chunk of the response is longer than its size');
  decoder.state = next;
}
