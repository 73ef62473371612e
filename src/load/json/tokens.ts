import { hasBytes } from '../../lib/bytes.ts';

/**
 * The tokens of JSON (RFC 8259) in bytes. Each function takes the offset of a token's first byte and returns the offset
 * behind its last one, or `NOT_PLAIN`. They read on behind `end` where a value is cut off there, so that their caller
 * compares the last offset with it.
 */
export const NOT_PLAIN = -1;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN = 0x7b;
export const CLOSE = 0x7d;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;

const BACKSLASH = 0x5c;
const BLANK = 0x20;
const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const DOT = 0x2e;
export const MINUS = 0x2d;
const PLUS = 0x2b;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_E = 0x65;
const LETTER_U = 0x75;

/** What may follow a backslash, beside `u` and its four digits. */
const ESCAPED: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

/** What the last tokens were, beside where they ended. */
export const token = {
  /** UTF-16 units of the last string. */
  units: 0,
  /** Whether the last string has a backslash. */
  isEscaped: false,
  /** Whether CR or LF was between tokens. Its reader sets it to false before. */
  hasLineEnd: false,
};

/** Skips blanks and line ends. Never fails. */
export function skipBlank(bytes: Uint8Array, from: number): number {
  // Engines write none.
  return (bytes[from] as number) > BLANK ? from : behindBlanks(bytes, from);
}

function behindBlanks(bytes: Uint8Array, from: number): number {
  for (let at = from; ; at += 1) {
    const byte = bytes[at];
    if (byte === LF || byte === CR) token.hasLineEnd = true;
    else if (byte !== BLANK && byte !== TAB) return at;
  }
}

/** 1 for each byte that is a character of a string by itself, ASCII alone. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= BLANK && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/** Reads a string of ASCII, from its quote. */
export function readString(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  while (PLAIN[bytes[at] as number] === 1) at += 1;
  token.isEscaped = bytes[at] === BACKSLASH;
  if (token.isEscaped) return readEscaped(bytes, from, at);
  token.units = at - from - 1;
  return bytes[at] === QUOTE ? at + 1 : NOT_PLAIN;
}

/** Reads on at the first backslash of a string. */
function readEscaped(bytes: Uint8Array, from: number, backslash: number): number {
  let more = 0;
  let at = backslash;
  while (bytes[at] === BACKSLASH) {
    const length = escapeLength(bytes, at + 1);
    if (length === 0) return NOT_PLAIN;
    more += length;
    at += 1 + length;
    while (PLAIN[bytes[at] as number] === 1) at += 1;
  }
  token.units = at - from - 1 - more;
  return bytes[at] === QUOTE ? at + 1 : NOT_PLAIN;
}

/** Bytes of an escape behind its backslash; 0 for one that JSON does not have. */
function escapeLength(bytes: Uint8Array, at: number): number {
  if (ESCAPED.has(bytes[at] as number)) return 1;
  if (bytes[at] !== LETTER_U) return 0;
  for (let digit = at + 1; digit <= at + 4; digit += 1) if (!isHex(bytes[digit] as number)) return 0;
  return 5;
}

function isHex(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

export function readNumber(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === MINUS ? from + 1 : from;
  at = bytes[at] === ZERO ? at + 1 : readDigits(bytes, at);
  if (at !== NOT_PLAIN && bytes[at] === DOT) at = readDigits(bytes, at + 1);
  if (at === NOT_PLAIN || ((bytes[at] as number) | 0x20) !== LETTER_E) return at;
  const sign = bytes[at + 1];
  return readDigits(bytes, sign === MINUS || sign === PLUS ? at + 2 : at + 1);
}

function readDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(bytes[at])) at += 1;
  return at === from ? NOT_PLAIN : at;
}

/** So that a count fits into 32 bits. */
const MOST_DIGITS = 9;

/** Returns the number between two offsets; -1 for another than a count. */
export function readCount(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > MOST_DIGITS) return -1;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    if (!isDigit(bytes[at])) return -1;
    value = 10 * value + (bytes[at] as number) - ZERO;
  }
  return value;
}

const NULL = Buffer.from('null');
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/** Reads `null`, `true` or `false`. */
export function readLiteral(bytes: Uint8Array, from: number): number {
  const literal = bytes[from] === NULL[0] ? NULL : bytes[from] === TRUE[0] ? TRUE : FALSE;
  return hasBytes(bytes, from, literal) ? from + literal.length : NOT_PLAIN;
}

export function isNull(bytes: Uint8Array, from: number): boolean {
  return hasBytes(bytes, from, NULL);
}
