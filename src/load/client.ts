import { buildConnector, type Client, type Dispatcher } from 'undici';
import { errorText } from '../lib/failure.ts';
import { type Connections, createConnections, type Tenant } from './connections.ts';
import { createInFlight, type InFlight, type Waiting } from './in-flight.ts';
import { PICKER_HEADER } from './picker-header.ts';
import { type Expectation, type Judged, judgeResponse, NOTHING, networkErrorKind } from './response.ts';
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
  /** Of a streamed answer: each gap between two token events, milliseconds. */
  onGap?: (ms: number) => void;
  /** Of a streamed answer: takes the gaps of this stream alone, beside `onGap`. */
  gapsOfStream?: () => (ms: number) => void;
}

export interface LoadClient {
  /** Sends one JSON body. Never rejects: whatever happens is in the response. */
  send(body: Buffer, signal?: AbortSignal): Promise<Response>;
  /** Breaks what is in flight and closes the connections. */
  close(): Promise<void>;
}

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
    ...(options.streaming ? { accept: 'text/event-stream' } : {}),
  };
  // With its origin, which undici would else ask of a URL at each request.
  const request = { origin: base.origin, path, method: 'POST', headers } as const;
  const connections = createConnections(new URL(base.origin), options.connections, request, {
    // One connection per request in flight, in both arms; HTTP/2 would put them all on one.
    allowH2: false,
    // Connections idle while the other arm runs may be closed by the far side, and the reset would count as its error;
    // they are opened again instead, before the window of the next block begins.
    keepAliveTimeout: 4_000,
    // The deadline of each request covers both; undici's own timers are coarser.
    headersTimeout: 0,
    bodyTimeout: 0,
    // One for all connections: each would make its own, with its own cache of TLS sessions.
    connect: buildConnector({
      allowH2: false,
      timeout: options.deadlineMs,
      rejectUnauthorized: !options.tlsInsecure,
      // A gateway chooses its listener by this name when the route is bound to one.
      ...(options.headers?.host ? { servername: options.headers.host } : {}),
    }),
  });

  const inFlight = createInFlight(clock);
  const shared: Shared = { clock, inFlight, options, connections };
  const send = (body: Buffer, signal?: AbortSignal): Promise<Response> =>
    new Promise((resolve) => {
      const exchange = new Exchange(shared, body, resolve, signal);
      if (signal?.aborted) return exchange.onAbort();
      inFlight.add(exchange);
      connections.send(exchange);
    });

  return {
    send,
    async close() {
      await connections.close();
      inFlight.close();
    },
  };
}

interface Shared {
  clock: Stopwatch;
  inFlight: InFlight;
  connections: Connections;
  options: LoadClientOptions;
}

/** One request and its answer. A class, since thousands of them a second would each make a dozen closures. */
class Exchange implements Tenant, Waiting {
  connection: Client | null = null;
  body: Buffer | null;
  readonly endsMs: number;
  private sentMs: number;
  private firstByteMs: number | null = null;
  private status: number | null = null;
  private pickerHeader: boolean | null = null;
  private controller: Dispatcher.DispatchController | null = null;
  private first: Buffer | null = null;
  private more: Buffer[] | null = null;
  private stream: StreamReader | null = null;
  private bytes = 0;
  private readonly bodyBytes: number;
  settled = false;
  private readonly shared: Shared;
  private readonly resolve: (response: Response) => void;
  readonly signal: AbortSignal | undefined;

  constructor(shared: Shared, body: Buffer, resolve: (response: Response) => void, signal: AbortSignal | undefined) {
    this.shared = shared;
    this.body = body;
    this.bodyBytes = body.length;
    this.resolve = resolve;
    this.signal = signal;
    this.sentMs = shared.clock.now();
    this.endsMs = this.sentMs + shared.options.deadlineMs;
  }

  onDeadline(): void {
    this.giveUp('timeout', `no complete answer within ${this.shared.options.deadlineMs} ms`);
  }

  onAbort(): void {
    this.giveUp('cancelled', 'cancelled');
  }

  fail(error: unknown): void {
    this.settle(failed(networkErrorKind(error), errorText(error)), this.shared.clock.now());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // It may have been given up while it waited for a connection; it must not be sent then.
    if (this.settled) controller.abort(new Error('given up before it was sent'));
    else this.sentMs = this.shared.clock.now();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController & { rawHeaders?: unknown },
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (statusCode < 200) return;
    // A stream lives long, and undici would keep a Buffer for each of its headers and the packet that they came in.
    controller.rawHeaders = null;
    const { clock, options } = this.shared;
    this.firstByteMs = clock.now();
    this.status = statusCode;
    this.pickerHeader = headers[PICKER_HEADER] !== undefined;
    // An error comes as JSON whatever was asked for.
    if (options.streaming && statusCode === 200 && String(headers['content-type']).startsWith('text/event-stream')) {
      this.stream = createStreamReader(options.expect, gapTaker(options));
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes > MAX_BODY_BYTES) this.giveUp('too-large', `answer of more than ${MAX_BODY_BYTES} bytes`);
    else if (this.stream) this.stream.push(chunk, this.shared.clock.now());
    else if (this.first === null) this.first = chunk;
    else {
      this.more ??= [];
      this.more.push(chunk);
    }
  }

  onResponseEnd(): void {
    const endMs = this.shared.clock.now();
    const { first, more, stream } = this;
    const whole = first === null ? NO_BODY : more === null ? first : Buffer.concat([first, ...more]);
    this.settle(stream ? stream.end() : judgeResponse(this.status ?? 0, whole, this.shared.options.expect), endMs);
    this.shared.connections.free(this);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
    this.shared.connections.free(this);
  }

  private giveUp(errorKind: ErrorKind, text: string): void {
    this.settle(failed(errorKind, text), this.shared.clock.now());
    this.controller?.abort(new Error(text));
  }

  private settle(judged: Judged, endMs: number): void {
    if (this.settled) return;
    this.settled = true;
    this.shared.inFlight.remove(this);
    this.resolve({
      sentMs: this.sentMs,
      firstByteMs: this.firstByteMs,
      firstTokenMs: this.stream ? this.stream.firstTokenMs() : null,
      lastTokenMs: this.stream ? this.stream.lastTokenMs() : null,
      endMs,
      status: this.status,
      valid: judged.valid,
      errorKind: judged.errorKind,
      errorText: judged.errorText,
      promptTokens: judged.promptTokens,
      completionTokens: judged.completionTokens,
      cachedTokens: judged.cachedTokens,
      bodyBytes: this.bodyBytes,
      textChars: judged.textChars,
      pickerHeader: this.pickerHeader,
    });
    // What the answer held must not live as long as undici remembers its handler.
    this.first = null;
    this.more = null;
    this.stream = null;
  }
}

/** Takes each gap of one stream, for all streams and for this one. */
function gapTaker({ onGap, gapsOfStream }: LoadClientOptions): ((ms: number) => void) | undefined {
  const own = gapsOfStream?.();
  if (!own) return onGap;
  return (ms) => {
    onGap?.(ms);
    own(ms);
  };
}

const NO_BODY = Buffer.alloc(0);

function failed(errorKind: ErrorKind, text: string): Judged {
  return { valid: false, errorKind, errorText: text, ...NOTHING };
}
