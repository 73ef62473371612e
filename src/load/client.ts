import { type Dispatcher, Pool } from 'undici';
import { errorText } from '../lib/failure.ts';
import { createInFlight, type Waiting } from './in-flight.ts';
import { type Expectation, judgeResponse, networkErrorKind } from './response.ts';
import { createStreamReader, type StreamReader } from './stream.ts';
import type { ErrorKind, Response, Stopwatch } from './types.ts';

export interface LoadClientOptions {
  /** `http://203.0.113.7` or `https://gateway.example/prefix`. */
  baseUrl: string;
  /** Path of the endpoint below `baseUrl`, e.g. `/llm/qwen/v1/completions`. */
  path: string;
  /** Keep-alive connections; at least the concurrency, or requests wait for one and the send lag shows it. */
  connections: number;
  /** From `send` to the last byte, waiting for a connection included. */
  deadlineMs: number;
  expect: Expectation;
  /** Added to every request, e.g. `host` or `authorization`. */
  headers?: Record<string, string>;
  /** Accepts any certificate: KServe's gateways serve self-signed ones. */
  tlsInsecure?: boolean;
  clock?: Stopwatch;
  /** Answers come as server-sent events; their bodies are read as they come, and no byte of them is kept. */
  streaming?: boolean;
  /** Of a streamed answer: each gap between two events with text, milliseconds. */
  onGap?: (ms: number) => void;
}

export interface LoadClient {
  /** Sends one JSON body. Never rejects: whatever happens is in the response. */
  send(body: Buffer, signal?: AbortSignal): Promise<Response>;
  /** Breaks what is in flight and closes the connections. */
  close(): Promise<void>;
}

/** Response header that the endpoint picker's ext_proc adds to what it has processed (GIE v0.5 and later). */
const PICKER_HEADER = 'x-went-into-resp-headers';
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * An HTTP/1.1 client for load, on undici's dispatch: less than a tenth of the CPU per request that fetch takes, which
 * would itself become what is measured.
 */
export function createLoadClient(options: LoadClientOptions): LoadClient {
  const clock = options.clock ?? performance;
  const base = new URL(options.baseUrl);
  const path = base.pathname.replace(/\/+$/, '') + options.path;
  const headers = {
    ...options.headers,
    'content-type': 'application/json',
    accept: options.streaming ? 'text/event-stream' : 'application/json',
  };
  const pool = new Pool(base.origin, {
    connections: options.connections,
    pipelining: 1,
    // One connection per request in flight, in both arms; HTTP/2 would put them all on one.
    allowH2: false,
    // Connections idle while the other arm runs may be closed by the far side, and the reset would count as its error;
    // they are opened anew instead, before the window of the next block begins.
    keepAliveTimeout: 4_000,
    // The deadline of each request covers both; undici's own timers are coarser.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: options.deadlineMs,
      rejectUnauthorized: !options.tlsInsecure,
      // A gateway chooses its listener by this name when the route is bound to one.
      ...(options.headers?.host ? { servername: options.headers.host } : {}),
    },
  });

  const inFlight = createInFlight(clock);
  const send = (body: Buffer, signal?: AbortSignal): Promise<Response> =>
    new Promise((resolve) => {
      const queuedMs = clock.now();
      let sentMs: number | null = null;
      let firstByteMs: number | null = null;
      let status: number | null = null;
      let pickerHeader: boolean | null = null;
      let controller: Dispatcher.DispatchController | null = null;
      let chunks: Buffer[] = [];
      let stream: StreamReader | null = null;
      let bytes = 0;
      let settled = false;

      const settle = (judged: Pick<Response, 'valid' | 'errorKind' | 'errorText'> & Partial<Response>) => {
        if (settled) return;
        settled = true;
        inFlight.remove(waiting, signal);
        resolve({
          sentMs: sentMs ?? queuedMs,
          firstByteMs,
          firstTokenMs: stream?.firstTokenMs() ?? null,
          lastTokenMs: stream?.lastTokenMs() ?? null,
          endMs: clock.now(),
          status,
          pickerHeader,
          promptTokens: null,
          completionTokens: null,
          cachedTokens: null,
          ...judged,
        });
      };
      const giveUp = (errorKind: ErrorKind, text: string) => {
        settle({ valid: false, errorKind, errorText: text });
        controller?.abort(new Error(text));
      };
      const waiting: Waiting = {
        endsMs: queuedMs + options.deadlineMs,
        onDeadline: () => giveUp('timeout', `no complete answer within ${options.deadlineMs} ms`),
        onAbort: () => giveUp('cancelled', 'cancelled'),
      };
      if (signal?.aborted) return waiting.onAbort();
      inFlight.add(waiting, signal);

      const handler: Dispatcher.DispatchHandler = {
        onRequestStart(given) {
          controller = given;
          // It may have been given up while it waited for a connection; it must not be sent then.
          if (settled) given.abort(new Error('given up before it was sent'));
          else sentMs = clock.now();
        },
        onResponseStart(_controller, statusCode, responseHeaders) {
          if (statusCode < 200) return;
          firstByteMs = clock.now();
          status = statusCode;
          pickerHeader = responseHeaders[PICKER_HEADER] !== undefined;
          // An error comes as JSON whatever was asked for.
          const isStream = String(responseHeaders['content-type'] ?? '').startsWith('text/event-stream');
          if (options.streaming && isStream && statusCode === 200) {
            stream = createStreamReader(options.expect, options.onGap);
          }
        },
        onResponseData(_controller, chunk) {
          bytes += chunk.length;
          if (bytes > MAX_BODY_BYTES) giveUp('too-large', `answer of more than ${MAX_BODY_BYTES} bytes`);
          else if (stream) stream.push(chunk, clock.now());
          else chunks.push(chunk);
        },
        onResponseEnd() {
          const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
          chunks = [];
          const endMs = clock.now();
          settle({ ...(stream ? stream.end() : judgeResponse(status ?? 0, whole, options.expect)), endMs });
        },
        onResponseError(_controller, error) {
          settle({ valid: false, errorKind: networkErrorKind(error), errorText: errorText(error) });
        },
      };
      try {
        pool.dispatch({ path, method: 'POST', headers, body }, handler);
      } catch (error) {
        settle({ valid: false, errorKind: networkErrorKind(error), errorText: errorText(error) });
      }
    });

  return {
    send,
    async close() {
      await pool.destroy();
      inFlight.close();
    },
  };
}
