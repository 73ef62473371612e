import { StringDecoder } from 'node:string_decoder';
import { createParser, type EventSourceParser } from 'eventsource-parser';
import { hasBytes } from '../lib/bytes.ts';
import { type Skimmed, skim } from './json/skim.ts';
import { type Expectation, type Judged, judgeUsage, NOTHING, unitsOf } from './response.ts';

/**
 * Begins a completion that is streamed as server-sent events, chat or plain. A stream counts only when it ends with
 * `[DONE]` and has its usage (`stream_options.include_usage`): one that is cut short looks fast.
 *
 * Each event with a choice is a token event, with text or without, as in `vllm bench serve` 0.32
 * (benchmarks/lib/endpoint_request_func.py). vLLM sends such an event for each output of its engine, and none before the
 * first token (entrypoints/openai/{completion,chat_completion}/serving.py). The text is empty for a special token, for a
 * part of a character, and while a parser holds it back. An event may hold several tokens (speculative decoding,
 * `--stream-interval`); their number is in the usage alone. No token events are:
 * - the first delta of a chat, which has a role and nothing else (`vllm bench serve` counts it);
 * - the usage at the end, which has no choice;
 * - an event whose own usage counts no new token (`continuous_usage_stats`, `--enable-force-include-usage`);
 * - a last event with a finish reason and no text, if the usage counts fewer tokens than events. vLLM sends the reason
 *   with the last token; other servers send it after that.
 */
export function createStream(onGap?: (ms: number) => void): Stream {
  return {
    ...{ isMidEvent: false, decoder: null, heldMs: null, lastMs: null, firstMs: null, onGap },
    ...{ textChars: 0, events: 0, counted: 0, finishReason: null, nowMs: 0 },
    ...{ done: false, usage: null, refused: null, error: null, parser: null },
  };
}

/**
 * What a stream has brought so far. One object, with the fields that each event needs first: thousands of streams are open
 * at a time, so that an event waits for memory once for each object. Times are monotonic milliseconds.
 */
export interface Stream {
  /** The parser has the beginning of an event, or has had another thing than data. */
  isMidEvent: boolean;
  /** Made for the first character that is cut by a border: most streams never need one. */
  decoder: StringDecoder | null;
  /** Arrival of a last event without text, until it is known whether it was a token. */
  heldMs: number | null;
  /** Arrival of the last event with a token; null before there is one. It is final after `judgeStream`. */
  lastMs: number | null;
  /** The same of the first one. */
  firstMs: number | null;
  readonly onGap: ((ms: number) => void) | undefined;
  textChars: number;
  /** Token events. */
  events: number;
  /** Tokens that the events' own usage has counted. */
  counted: number;
  finishReason: string | null;
  /** Arrival of the piece that the parser has. */
  nowMs: number;
  done: boolean;
  usage: StreamEvent['usage'];
  refused: string | null;
  error: string | null;
  /** Made for the first event that does not come in one piece: most streams never need one. */
  parser: EventSourceParser | null;
}

/** Takes the bytes from `start` to `end`, a piece of the body as it came; borders between pieces mean nothing. */
export function readStream(stream: Stream, bytes: Buffer, start: number, end: number, atMs: number): void {
  const at = stream.decoder || stream.isMidEvent ? start : takePlainEvents(stream, bytes, start, end, atMs);
  if (at === end) return;
  stream.nowMs = atMs;
  const chunk = bytes.subarray(at, end);
  if (!stream.decoder && (chunk[chunk.length - 1] ?? 0) < 0x80) feed(stream, chunk.toString('utf8'));
  else {
    stream.decoder ??= new StringDecoder('utf8');
    feed(stream, stream.decoder.write(chunk));
  }
}

/** Judges what has come when the connection is at its end. */
export function judgeStream(stream: Stream, expectation: Expectation): Judged {
  const tokens = stream.usage?.completion_tokens;
  release(stream, typeof tokens !== 'number' || stream.events < tokens);
  if (stream.error !== null) return bad('error-body', `HTTP 200, and the stream reported: ${stream.error}`);
  if (stream.refused !== null) return bad('not-json', `HTTP 200 with ${stream.refused}`);
  if (!stream.done) return bad('truncated', 'the stream ended without [DONE]');
  if (stream.firstMs === null) return bad('no-choices', 'HTTP 200 with a stream without a token');
  return judgeUsage(stream.usage, stream, expectation, null);
}

const DATA = 'data: ';
const DATA_BYTES = Buffer.from(DATA);
const LF = 10;

/**
 * Takes the token events at the start of some bytes that are plain, where they lie. Most of them are. Returns the offset
 * behind the last of them.
 */
function takePlainEvents(stream: Stream, bytes: Buffer, start: number, end: number, atMs: number): number {
  let at = start;
  while (at < end && hasBytes(bytes, at, DATA_BYTES)) {
    const event = skim(bytes, at + DATA.length, end - 2);
    // A line end in the JSON is the end of a line of data.
    if (event === null || event.hasLineEnd || bytes[event.end] !== LF || bytes[event.end + 1] !== LF) break;
    const behind = event.end + 2;
    if (!takePlain(stream, event, atMs)) break;
    at = behind;
  }
  return at;
}

/** Takes an event as `onData` would. Returns false for one that it does not understand. */
function takePlain(stream: Stream, event: Skimmed, atMs: number): boolean {
  const { text, content, reasoning, finishReason, hasDelta } = event;
  if (event.hasUsage || event.hasMessage || event.hasRole || (text === -1 && !hasDelta)) return false;
  const units = unitsOf(text) + unitsOf(content) + unitsOf(reasoning);
  stream.textChars += units;
  if (finishReason !== null) stream.finishReason = finishReason;
  release(stream, true);
  if (finishReason !== null && units === 0) stream.heldMs = atMs;
  else token(stream, atMs);
  return true;
}

/**
 * Takes text of the stream. Servers write an event as one line of data and send it whole, so that it is mostly there to be
 * read. The parser takes whatever else the format allows.
 */
function feed(stream: Stream, text: string): void {
  let at = 0;
  if (!stream.isMidEvent && !text.includes('\r')) at = takeWholeEvents(stream, text);
  if (at === text.length) return;
  stream.parser ??= createParser({ onEvent: ({ data }) => onData(stream, data) });
  stream.parser.feed(at === 0 ? text : text.slice(at));
  stream.isMidEvent = !text.endsWith('\n\n');
}

/** Takes the events at the start of a text that are one line of data each. Returns the offset behind the last of them. */
function takeWholeEvents(stream: Stream, text: string): number {
  let at = 0;
  while (text.startsWith(DATA, at)) {
    const end = text.indexOf('\n', at);
    if (end === -1 || text.charCodeAt(end + 1) !== 10) break;
    onData(stream, text.slice(at + DATA.length, end));
    at = end + 2;
  }
  return at;
}

function onData(stream: Stream, data: string): void {
  // The format has no event without data; the parser reports one.
  if (data === '') return;
  if (data === '[DONE]') {
    stream.done = true;
    return;
  }
  let event: StreamEvent;
  try {
    event = JSON.parse(data);
  } catch {
    stream.refused ??= `an event that is not JSON: ${data.slice(0, 80)}`;
    return;
  }
  if (event?.error) stream.error ??= JSON.stringify(event.error).slice(0, 160);
  const choice = event?.choices?.[0];
  if (choice) take(stream, choice);
  if (event?.usage) {
    stream.usage = event.usage;
    const tokens = event.usage.completion_tokens;
    if (choice && typeof tokens === 'number') {
      if (tokens > stream.counted) token(stream, stream.nowMs);
      stream.counted = tokens;
      return;
    }
  }
  if (!isOutput(choice, stream.firstMs === null)) return;
  release(stream, true);
  if (choice.finish_reason && isSilent(choice)) stream.heldMs = stream.nowMs;
  else token(stream, stream.nowMs);
}

function take(stream: Stream, { text, delta, finish_reason }: StreamChoice): void {
  stream.textChars +=
    lengthOf(text) + lengthOf(delta?.content) + lengthOf(delta?.reasoning ?? delta?.reasoning_content);
  if (typeof finish_reason === 'string') stream.finishReason = finish_reason;
}

function lengthOf(text: unknown): number {
  return typeof text === 'string' ? text.length : 0;
}

function token(stream: Stream, atMs: number): void {
  if (stream.lastMs !== null) stream.onGap?.(atMs - stream.lastMs);
  stream.firstMs ??= atMs;
  stream.lastMs = atMs;
  stream.events += 1;
}

function release(stream: Stream, isToken: boolean): void {
  if (stream.heldMs !== null && isToken) token(stream, stream.heldMs);
  stream.heldMs = null;
}

/** Whether a choice is an output of the engine; the first delta of a chat may be the role alone. */
function isOutput(choice: StreamChoice | null | undefined, isFirst: boolean): choice is StreamChoice {
  if (typeof choice?.text === 'string') return true;
  const delta = choice?.delta;
  if (typeof delta !== 'object' || delta === null) return false;
  return !(isFirst && delta.role && isSilent(choice as StreamChoice));
}

function isSilent({ text, delta }: StreamChoice): boolean {
  return !(text || delta?.content || delta?.reasoning || delta?.reasoning_content || delta?.tool_calls?.length);
}

function bad(errorKind: Judged['errorKind'], errorText: string): Judged {
  return { valid: false, errorKind, errorText, ...NOTHING };
}

interface StreamChoice {
  text?: string;
  delta?: {
    role?: string;
    content?: string | null;
    reasoning?: string | null;
    /** The deprecated name of `reasoning`. */
    reasoning_content?: string | null;
    tool_calls?: readonly unknown[] | null;
  } | null;
  finish_reason?: string | null;
}

interface StreamEvent {
  choices?: (StreamChoice | null)[];
  usage?: { completion_tokens?: unknown } | null;
  error?: unknown;
}
