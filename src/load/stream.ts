import { StringDecoder } from 'node:string_decoder';
import { createParser, type EventSourceParser } from 'eventsource-parser';
import { hasBytes } from '../lib/bytes.ts';
import { type Skimmed, skim } from './json/skim.ts';
import { type Expectation, type Judged, judgeUsage, NOTHING, unitsOf } from './response.ts';

export interface StreamReader {
  /** Takes the bytes from `start` to `end`, a piece of the body as it came; borders between pieces mean nothing. */
  push(bytes: Buffer, start: number, end: number, atMs: number): void;
  /** Judges what has come when the connection is at its end. */
  end(): Judged;
  /** Arrival of the first and of the last event with a token; null before there is one. The last is final after `end`. */
  firstTokenMs(): number | null;
  lastTokenMs(): number | null;
}

/**
 * Reads a completion that is streamed as server-sent events, chat or plain. A stream counts only when it ends with
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
export function createStreamReader(expectation: Expectation, onGap?: (ms: number) => void): StreamReader {
  const seen: Seen = {
    onGap,
    firstMs: null,
    lastMs: null,
    nowMs: 0,
    events: 0,
    counted: 0,
    heldMs: null,
    done: false,
    usage: null,
    refused: null,
    error: null,
    textChars: 0,
    finishReason: null,
    parser: null,
    isMidEvent: false,
  };
  /** Made for the first character that is cut by a border: most streams never need one. */
  let decoder: StringDecoder | undefined;
  return {
    push(bytes, start, end, atMs) {
      seen.nowMs = atMs;
      const at = decoder || seen.isMidEvent ? start : takePlainEvents(seen, bytes, start, end);
      if (at === end) return;
      const chunk = bytes.subarray(at, end);
      if (!decoder && (chunk[chunk.length - 1] ?? 0) < 0x80) return feed(seen, chunk.toString('utf8'));
      decoder ??= new StringDecoder('utf8');
      feed(seen, decoder.write(chunk));
    },
    end() {
      const tokens = seen.usage?.completion_tokens;
      release(seen, typeof tokens !== 'number' || seen.events < tokens);
      if (seen.error !== null) return bad('error-body', `HTTP 200, and the stream reported: ${seen.error}`);
      if (seen.refused !== null) return bad('not-json', `HTTP 200 with ${seen.refused}`);
      if (!seen.done) return bad('truncated', 'the stream ended without [DONE]');
      if (seen.firstMs === null) return bad('no-choices', 'HTTP 200 with a stream without a token');
      return judgeUsage(seen.usage, seen, expectation, null);
    },
    firstTokenMs: () => seen.firstMs,
    lastTokenMs: () => seen.lastMs,
  };
}

/** What a stream has brought so far. One object and no closures for it: thousands of streams are open at a time. Times are monotonic milliseconds. */
interface Seen {
  readonly onGap: ((ms: number) => void) | undefined;
  firstMs: number | null;
  lastMs: number | null;
  nowMs: number;
  /** Token events. */
  events: number;
  /** Tokens that the events' own usage has counted. */
  counted: number;
  /** Arrival of a last event without text, until it is known whether it was a token. */
  heldMs: number | null;
  done: boolean;
  usage: StreamEvent['usage'];
  refused: string | null;
  error: string | null;
  textChars: number;
  finishReason: string | null;
  /** Made for the first event that does not come in one piece: most streams never need one. */
  parser: EventSourceParser | null;
  /** The parser has the beginning of an event, or has had another thing than data. */
  isMidEvent: boolean;
}

const DATA = 'data: ';
const DATA_BYTES = Buffer.from(DATA);
const LF = 10;

/**
 * Takes the token events at the start of some bytes that are plain, where they lie. Most of them are. Returns the offset
 * behind the last of them.
 */
function takePlainEvents(seen: Seen, bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && hasBytes(bytes, at, DATA_BYTES)) {
    const event = skim(bytes, at + DATA.length, end - 2);
    // A line end in the JSON is the end of a line of data.
    if (event === null || event.hasLineEnd || bytes[event.end] !== LF || bytes[event.end + 1] !== LF) break;
    const behind = event.end + 2;
    if (!takePlain(seen, event)) break;
    at = behind;
  }
  return at;
}

/** Takes an event as `onData` would. Returns false for one that it does not understand. */
function takePlain(seen: Seen, event: Skimmed): boolean {
  const { text, content, reasoning, finishReason, hasDelta } = event;
  if (event.hasUsage || event.hasMessage || event.hasRole || (text === -1 && !hasDelta)) return false;
  const units = unitsOf(text) + unitsOf(content) + unitsOf(reasoning);
  seen.textChars += units;
  if (finishReason !== null) seen.finishReason = finishReason;
  release(seen, true);
  if (finishReason !== null && units === 0) seen.heldMs = seen.nowMs;
  else token(seen, seen.nowMs);
  return true;
}

/**
 * Takes text of the stream. Servers write an event as one line of data and send it whole, so that it is mostly there to be
 * read. The parser takes whatever else the format allows.
 */
function feed(seen: Seen, text: string): void {
  let at = 0;
  if (!seen.isMidEvent && !text.includes('\r')) at = takeWholeEvents(seen, text);
  if (at === text.length) return;
  seen.parser ??= createParser({ onEvent: ({ data }) => onData(seen, data) });
  seen.parser.feed(at === 0 ? text : text.slice(at));
  seen.isMidEvent = !text.endsWith('\n\n');
}

/** Takes the events at the start of a text that are one line of data each. Returns the offset behind the last of them. */
function takeWholeEvents(seen: Seen, text: string): number {
  let at = 0;
  while (text.startsWith(DATA, at)) {
    const end = text.indexOf('\n', at);
    if (end === -1 || text.charCodeAt(end + 1) !== 10) break;
    onData(seen, text.slice(at + DATA.length, end));
    at = end + 2;
  }
  return at;
}

function onData(seen: Seen, data: string): void {
  // The format has no event without data; the parser reports one.
  if (data === '') return;
  if (data === '[DONE]') {
    seen.done = true;
    return;
  }
  let event: StreamEvent;
  try {
    event = JSON.parse(data);
  } catch {
    seen.refused ??= `an event that is not JSON: ${data.slice(0, 80)}`;
    return;
  }
  if (event?.error) seen.error ??= JSON.stringify(event.error).slice(0, 160);
  const choice = event?.choices?.[0];
  if (choice) take(seen, choice);
  if (event?.usage) {
    seen.usage = event.usage;
    const tokens = event.usage.completion_tokens;
    if (choice && typeof tokens === 'number') {
      if (tokens > seen.counted) token(seen, seen.nowMs);
      seen.counted = tokens;
      return;
    }
  }
  if (!isOutput(choice, seen.firstMs === null)) return;
  release(seen, true);
  if (choice.finish_reason && isSilent(choice)) seen.heldMs = seen.nowMs;
  else token(seen, seen.nowMs);
}

function take(seen: Seen, { text, delta, finish_reason }: StreamChoice): void {
  seen.textChars += lengthOf(text) + lengthOf(delta?.content) + lengthOf(delta?.reasoning ?? delta?.reasoning_content);
  if (typeof finish_reason === 'string') seen.finishReason = finish_reason;
}

function lengthOf(text: unknown): number {
  return typeof text === 'string' ? text.length : 0;
}

function token(seen: Seen, atMs: number): void {
  if (seen.lastMs !== null) seen.onGap?.(atMs - seen.lastMs);
  seen.firstMs ??= atMs;
  seen.lastMs = atMs;
  seen.events += 1;
}

function release(seen: Seen, isToken: boolean): void {
  if (seen.heldMs !== null && isToken) token(seen, seen.heldMs);
  seen.heldMs = null;
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
