import { StringDecoder } from 'node:string_decoder';
import { createParser } from 'eventsource-parser';
import { type Expectation, type Judged, judgeUsage, NOTHING } from './response.ts';

export interface StreamReader {
  /** Takes a piece of the body as it came; borders between pieces mean nothing. */
  push(chunk: Buffer, atMs: number): void;
  /** Judges what has come when the connection is at its end. */
  end(): Judged;
  /** Arrival of the first and of the last event with text; null before there is one. */
  firstTokenMs(): number | null;
  lastTokenMs(): number | null;
}

/**
 * Reads a completion that is streamed as server-sent events, chat or plain. A stream counts only when it ends with
 * `[DONE]` and tells its usage (`stream_options.include_usage`): one that is cut short looks fast.
 */
export function createStreamReader(expectation: Expectation, onGap?: (ms: number) => void): StreamReader {
  /** Made for the first character that is cut by a border: most streams never need one. */
  let decoder: StringDecoder | undefined;
  const textOf = (chunk: Buffer): string => {
    if (!decoder && (chunk.at(-1) ?? 0) < 0x80) return chunk.toString('utf8');
    decoder ??= new StringDecoder('utf8');
    return decoder.write(chunk);
  };
  let firstMs: number | null = null;
  let lastMs: number | null = null;
  let nowMs = 0;
  let done = false;
  let usage: unknown;
  let refused: string | null = null;

  const parser = createParser({
    onEvent({ data }) {
      if (data === '[DONE]') {
        done = true;
        return;
      }
      let event: StreamEvent;
      try {
        event = JSON.parse(data);
      } catch {
        refused ??= `an event that is not JSON: ${data.slice(0, 80)}`;
        return;
      }
      if (event?.error) refused ??= `the stream said: ${JSON.stringify(event.error).slice(0, 160)}`;
      if (event?.usage) usage = event.usage;
      const choice = event?.choices?.[0];
      if ((choice?.text ?? choice?.delta?.content ?? '') === '') return;
      if (lastMs !== null) onGap?.(nowMs - lastMs);
      firstMs ??= nowMs;
      lastMs = nowMs;
    },
  });

  return {
    push(chunk, atMs) {
      nowMs = atMs;
      parser.feed(textOf(chunk));
    },
    end() {
      const bad = (errorKind: Judged['errorKind'], errorText: string): Judged => ({
        valid: false,
        errorKind,
        errorText,
        ...NOTHING,
      });
      if (refused !== null) return bad('not-json', `HTTP 200 with ${refused}`);
      if (!done) return bad('truncated', 'the stream ended without [DONE]');
      if (firstMs === null) return bad('no-choices', 'HTTP 200 with a stream without text');
      return judgeUsage(usage, expectation, null);
    },
    firstTokenMs: () => firstMs,
    lastTokenMs: () => lastMs,
  };
}

interface StreamEvent {
  choices?: { text?: string; delta?: { content?: string | null } }[];
  usage?: unknown;
  error?: unknown;
}
