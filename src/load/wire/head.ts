import { PICKER_HEADER } from '../picker-header.ts';
import { protocolError } from './errors.ts';

/** What the client needs of the head of an HTTP/1.1 response. */
export interface ResponseHead {
  status: number;
  /** What ends the body: nothing follows, a number of bytes, the last chunk, or the end of the connection. */
  framing: 'none' | 'length' | 'chunked' | 'close';
  /** Bytes of the body where its framing is `length`; otherwise 0. */
  length: number;
  /** Whether the connection can take another request after this response. */
  keepAlive: boolean;
  /** How long the server keeps an idle connection, milliseconds (`keep-alive: timeout`); null where it is not stated. */
  idleMs: number | null;
  /** As it came; empty without one. */
  contentType: string;
  /** Whether the endpoint picker marked the response. */
  isPicked: boolean;
}

/** Fields of a head as they came, in lower case. */
interface Fields {
  contentLength: string | null;
  transferEncoding: string | null;
  connection: string;
  keepAlive: string;
  contentType: string;
  isPicked: boolean;
}

const NAMES = ['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'content-type', PICKER_HEADER];
/** Most fields of a head are not needed. Their names mostly have other lengths, so that they are not looked at. */
const LENGTHS: ReadonlySet<number> = new Set(NAMES.map(({ length }) => length));

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: .*)?$/;
const DIGITS = /^\d{1,15}$/;

/**
 * Parses the head of a response, without the empty line at its end (RFC 9112). It is as strict as Node's own parser is: a
 * client that guesses where a body ends reports the next answer wrongly. Throws for a head that is not HTTP/1.x, or that
 * states the length of its body twice.
 */
export function parseHead(text: string): ResponseHead {
  if (!isClean(text)) throw protocolError('the head of the response holds a control character');
  const line = lineEnd(text, 0);
  const [, minor, status] = STATUS_LINE.exec(text.slice(0, line)) ?? [];
  if (status === undefined) throw protocolError('the response does not begin with an HTTP/1.1 status line');
  const fields: Fields = {
    contentLength: null,
    transferEncoding: null,
    connection: '',
    keepAlive: '',
    contentType: '',
    isPicked: false,
  };
  for (let at = line + 2; at < text.length; ) {
    const end = lineEnd(text, at);
    takeLine(fields, text, at, end);
    at = end + 2;
  }
  return headOf(Number(status), minor === '1', fields);
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\r\n', from);
  return end === -1 ? text.length : end;
}

/** Whether all that is in it can be in a head: no control character but tabs, and CR and LF together alone. */
function isClean(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 32 && code !== 127) continue;
    if (code === 9) continue;
    if (code !== 13 || text.charCodeAt(at + 1) !== 10) return false;
    at += 1;
  }
  return true;
}

function takeLine(fields: Fields, text: string, at: number, end: number): void {
  const colon = text.indexOf(':', at);
  const isName = colon > at && colon < end && !isBlank(text, at) && !isBlank(text, colon - 1);
  // A blank at the start continues the line before, which RFC 9112 lets a client refuse.
  if (!isName) throw protocolError('a header of the response has no name');
  if (!LENGTHS.has(colon - at)) return;
  const value = text.slice(colon + 1, end).trim();
  switch (text.slice(at, colon).toLowerCase()) {
    case 'content-length':
      if (fields.contentLength !== null) throw protocolError('the response has two content lengths');
      fields.contentLength = value;
      break;
    case 'transfer-encoding':
      if (fields.transferEncoding !== null) throw protocolError('the response has two transfer encodings');
      fields.transferEncoding = value.toLowerCase();
      break;
    case 'connection':
      fields.connection += `,${value.toLowerCase()}`;
      break;
    case 'keep-alive':
      fields.keepAlive = value.toLowerCase();
      break;
    case 'content-type':
      fields.contentType = value;
      break;
    case PICKER_HEADER:
      fields.isPicked = true;
      break;
  }
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || code === 9;
}

function headOf(status: number, isNew: boolean, fields: Fields): ResponseHead {
  const { contentType, isPicked } = fields;
  const { framing, length } = framingOf(status, fields);
  const options = fields.connection === '' ? [] : fields.connection.split(',').map((each) => each.trim());
  const keepAlive = framing !== 'close' && (isNew ? !options.includes('close') : options.includes('keep-alive'));
  const seconds = fields.keepAlive === '' ? undefined : /(?:^|[\s,])timeout=(\d{1,9})/.exec(fields.keepAlive)?.[1];
  const idleMs = seconds === undefined ? null : 1_000 * Number(seconds);
  return { status, framing, length, keepAlive, idleMs, contentType, isPicked };
}

function framingOf(status: number, fields: Fields): Pick<ResponseHead, 'framing' | 'length'> {
  const { contentLength, transferEncoding } = fields;
  if (status < 200 || status === 204 || status === 304) return { framing: 'none', length: 0 };
  if (transferEncoding !== null) {
    if (contentLength !== null) throw protocolError('the response has a content length and a transfer encoding');
    if (transferEncoding !== 'chunked') throw protocolError('the response has another transfer encoding than chunked');
    return { framing: 'chunked', length: 0 };
  }
  if (contentLength === null) return { framing: 'close', length: 0 };
  if (!DIGITS.test(contentLength)) throw protocolError('the content length of the response is not a number');
  const length = Number(contentLength);
  return length === 0 ? { framing: 'none', length } : { framing: 'length', length };
}
