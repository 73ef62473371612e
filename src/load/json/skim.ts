import { hasBytes } from '../../lib/bytes.ts';
import { addHole, forgetTemplate, keepTemplate, NOWHERE, readByTemplate } from './template.ts';
import {
  CLOSE,
  CLOSE_LIST,
  COLON,
  COMMA,
  isDigit,
  isNull,
  MINUS,
  NOT_PLAIN,
  OPEN,
  OPEN_LIST,
  QUOTE,
  readCount,
  readLiteral,
  readNumber,
  readString,
  skipBlank,
  token,
} from './tokens.ts';

/** What the client needs of a completion, or of an event of a streamed one. */
export interface Skimmed {
  /** Offset behind the JSON. */
  end: number;
  /** Whether CR or LF is between its tokens. */
  hasLineEnd: boolean;
  /** Of `choices[0]`, in UTF-16 units; -1 where a text is null or missing. */
  text: number;
  content: number;
  /** Of `reasoning`, or without it of its deprecated name `reasoning_content`. */
  reasoning: number;
  hasMessage: boolean;
  hasDelta: boolean;
  hasRole: boolean;
  /** Null where it is null or missing; no other reason is plain. */
  finishReason: 'stop' | 'length' | null;
  hasUsage: boolean;
  /** Of the usage; -1 where a count is null or missing. */
  promptTokens: number;
  completionTokens: number;
  cachedTokens: number;
}

/**
 * Reads a completion's JSON where it lies. `JSON.parse` makes a string, a dozen objects and garbage of it, for four times
 * the CPU. Null leaves it to `JSON.parse`: what is not JSON, has no choice, an error, a byte beyond ASCII, an escape in a
 * name, or a needed field twice or with an unusual value. What is returned is overwritten by the next call.
 *
 * The JSON begins at `start`, and something else may follow it before `end`.
 */
export function skim(bytes: Uint8Array, start: number, end: number): Skimmed | null {
  if (start >= end || bytes[start] !== OPEN) return null;
  let stop = readByTemplate(bytes, start, found);
  if (stop === NOT_PLAIN) {
    stop = readAnswer(bytes, start);
    if (stop === NOT_PLAIN || stop > end || found[CHOICE] === -1) return null;
    keepTemplate(bytes, start, stop);
  }
  if (stop > end) return null;
  // Of both, the texts would be mixed up. An empty reasoning does not stand for the other one.
  if (valueIn(MESSAGE) !== -1 && valueIn(DELTA) !== -1) return null;
  if (valueIn(REASONING) === 0 && valueIn(REASONING_CONTENT) > 0) return null;
  skimmed.end = stop;
  skimmed.hasLineEnd = token.hasLineEnd;
  skimmed.text = valueIn(TEXT);
  skimmed.content = valueIn(CONTENT);
  skimmed.reasoning = valueIn(REASONING) === -1 ? valueIn(REASONING_CONTENT) : valueIn(REASONING);
  skimmed.hasMessage = valueIn(MESSAGE) !== -1;
  skimmed.hasDelta = valueIn(DELTA) !== -1;
  skimmed.hasRole = valueIn(ROLE) !== -1;
  skimmed.finishReason = REASONS[valueIn(REASON)]?.name ?? null;
  skimmed.hasUsage = valueIn(USAGE) !== -1;
  skimmed.promptTokens = valueIn(PROMPT);
  skimmed.completionTokens = valueIn(COMPLETION);
  skimmed.cachedTokens = valueIn(CACHED);
  return skimmed;
}

/** Reads an answer by the grammar, with the holes of its template. */
function readAnswer(bytes: Uint8Array, start: number): number {
  forgetTemplate();
  for (let slot = 0; slot < found.length; slot += 1) found[slot] = -1;
  token.hasLineEnd = false;
  return readObject(bytes, start, ANSWER, 0);
}

/** One object for all answers: there are thousands a second. */
const skimmed: Skimmed = {
  ...{ end: 0, hasLineEnd: false, text: -1, content: -1, reasoning: -1, hasMessage: false, hasDelta: false },
  ...{ hasRole: false, finishReason: null, hasUsage: false, promptTokens: -1, completionTokens: -1, cachedTokens: -1 },
};

const valueIn = (slot: number) => found[slot] as number;
/** Of each needed field: the length of its text, its count, or 0 where it is there; -1 where it is null or missing. */
const found = new Int32Array(NOWHERE + 1);
const CHOICE = 0;
const USAGE = 1;
const TEXT = 2;
const MESSAGE = 3;
const DELTA = 4;
const REASON = 5;
const CONTENT = 6;
const REASONING = 7;
const REASONING_CONTENT = 8;
const ROLE = 9;
const PROMPT = 10;
const COMPLETION = 11;
const CACHED = 12;

/** A needed field, and what is plain for it beside null. */
interface Field {
  name: Uint8Array;
  length: number;
  slot: number;
  takes: 'text' | 'count' | 'reason' | 'object' | 'list' | 'nothing';
  /** Of the object, or of the first one in the list. */
  fields: readonly Field[];
}

function field(name: string, slot: number, takes: Field['takes'], fields: readonly Field[] = []): Field {
  return { name: Buffer.from(name), length: name.length, slot, takes, fields };
}

const NONE: readonly Field[] = [];
const SAID = [
  field('content', CONTENT, 'text'),
  field('reasoning', REASONING, 'text'),
  field('reasoning_content', REASONING_CONTENT, 'text'),
  field('role', ROLE, 'text'),
  field('tool_calls', NOWHERE, 'nothing'),
];
const OF_CHOICE = [
  field('text', TEXT, 'text'),
  field('message', MESSAGE, 'object', SAID),
  field('delta', DELTA, 'object', SAID),
  field('finish_reason', REASON, 'reason'),
];
const OF_USAGE = [
  field('prompt_tokens', PROMPT, 'count'),
  field('completion_tokens', COMPLETION, 'count'),
  field('prompt_tokens_details', NOWHERE, 'object', [field('cached_tokens', CACHED, 'count')]),
];
const ANSWER = [
  field('choices', CHOICE, 'list', OF_CHOICE),
  field('usage', USAGE, 'object', OF_USAGE),
  field('error', NOWHERE, 'nothing'),
];

const REASONS = (['stop', 'length'] as const).map((name) => ({ name, quoted: Buffer.from(`"${name}"`) }));
const MOST_DEPTH = 32;

function readObject(bytes: Uint8Array, from: number, fields: readonly Field[], depth: number): number {
  let at = skipBlank(bytes, from + 1);
  if (bytes[at] === CLOSE) return at + 1;
  let met = 0;
  while (bytes[at] === QUOTE) {
    const name = at + 1;
    at = readString(bytes, at);
    if (at === NOT_PLAIN || token.isEscaped) return NOT_PLAIN;
    const index = indexOf(fields, bytes, name, at - 1);
    at = skipBlank(bytes, at);
    if (bytes[at] !== COLON) return NOT_PLAIN;
    at = skipBlank(bytes, at + 1);
    if (index === -1) at = readAny(bytes, at, depth);
    else {
      // The last one of a name would count.
      if (met & (1 << index)) return NOT_PLAIN;
      met |= 1 << index;
      at = readNeeded(bytes, at, fields[index] as Field, depth);
    }
    if (at === NOT_PLAIN) return NOT_PLAIN;
    at = skipBlank(bytes, at);
    if (bytes[at] === CLOSE) return at + 1;
    if (bytes[at] !== COMMA) return NOT_PLAIN;
    at = skipBlank(bytes, at + 1);
  }
  return NOT_PLAIN;
}

function indexOf(fields: readonly Field[], bytes: Uint8Array, start: number, end: number): number {
  for (let index = 0; index < fields.length; index += 1) {
    const { name, length } = fields[index] as Field;
    if (length === end - start && hasBytes(bytes, start, name)) return index;
  }
  return -1;
}

/** Reads a list. With fields, its first element has to be an object. */
function readList(bytes: Uint8Array, from: number, fields: readonly Field[], depth: number): number {
  let at = skipBlank(bytes, from + 1);
  if (bytes[at] === CLOSE_LIST) return fields === NONE ? at + 1 : NOT_PLAIN;
  let first = fields;
  for (;;) {
    if (first === NONE) at = readAny(bytes, at, depth);
    else at = bytes[at] === OPEN ? readObject(bytes, at, first, depth + 1) : NOT_PLAIN;
    if (at === NOT_PLAIN) return NOT_PLAIN;
    first = NONE;
    at = skipBlank(bytes, at);
    if (bytes[at] === CLOSE_LIST) return at + 1;
    if (bytes[at] !== COMMA) return NOT_PLAIN;
    at = skipBlank(bytes, at + 1);
  }
}

function readAny(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > MOST_DEPTH) return NOT_PLAIN;
  const byte = bytes[at];
  if (byte === QUOTE) return addHole(at, readString(bytes, at), NOWHERE);
  if (byte === OPEN) return readObject(bytes, at, NONE, depth + 1);
  if (byte === OPEN_LIST) return readList(bytes, at, NONE, depth + 1);
  if (byte === MINUS || isDigit(byte)) return addHole(at, readNumber(bytes, at), NOWHERE);
  return readLiteral(bytes, at);
}

function readNeeded(bytes: Uint8Array, at: number, wanted: Field, depth: number): number {
  if (isNull(bytes, at)) return readLiteral(bytes, at);
  const byte = bytes[at];
  let stop = NOT_PLAIN;
  let value = 0;
  if (wanted.takes === 'text' && byte === QUOTE) {
    stop = addHole(at, readString(bytes, at), wanted.slot);
    value = token.units;
  } else if (wanted.takes === 'count' && isDigit(byte)) {
    stop = addHole(at, readNumber(bytes, at), wanted.slot);
    value = readCount(bytes, at, stop);
    if (value === -1) return NOT_PLAIN;
  } else if (wanted.takes === 'reason') {
    value = reasonAt(bytes, at);
    if (value === -1) return NOT_PLAIN;
    stop = readString(bytes, at);
  } else if (wanted.takes === 'object' && byte === OPEN) stop = readObject(bytes, at, wanted.fields, depth + 1);
  else if (wanted.takes === 'list' && byte === OPEN_LIST) {
    stop = readList(bytes, at, wanted.fields, depth + 1);
  }
  found[wanted.slot] = value;
  return stop;
}

/** Which reason it is; -1 for another. */
function reasonAt(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < REASONS.length; index += 1) {
    if (hasBytes(bytes, at, (REASONS[index] as (typeof REASONS)[number]).quoted)) return index;
  }
  return -1;
}
