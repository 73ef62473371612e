import { errorText } from '../lib/failure.ts';
import { createInFlight, type InFlight, type Waiting } from './in-flight.ts';
import { type Expectation, type Judged, judgeResponse, NOTHING, networkErrorKind } from './response.ts';
import { createStream, judgeStream, readStream, type Stream } from './stream.ts';
import type { ErrorKind, RequestRecord, Response, Stopwatch } from './types.ts';
import { type Connection, type Connections, createConnections, type Tenant } from './wire/connections.ts';
import type { ResponseHead } from './wire/head.ts';

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
 * An HTTP/1.1 client for load, on connections of its own. HTTP/2 would put all requests in flight on one connection, in one
 * arm as in the other.
 */
export function createLoadClient(options: LoadClientOptions): LoadClient {
  const clock = options.clock ?? performance;
  const base = new URL(options.baseUrl);
  const connections = createConnections({
    origin: base,
    path: base.pathname.replace(/\/+$/, '') + options.path,
    headers: {
      ...options.headers,
      'content-type': 'application/json',
      ...(options.streaming ? { accept: 'text/event-stream' } : {}),
    },
    most: options.connections,
    clock,
    tlsInsecure: options.tlsInsecure ?? false,
    // A gateway chooses its listener by this name when the route is bound to one.
    ...(options.headers?.host ? { servername: options.headers.host } : {}),
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
  // What each chunk needs lies side by side.
  settled = false;
  private bytes = 0;
  private stream: Stream | null = null;
  private readonly shared: Shared;
  connection: Connection | null = null;
  body: Buffer | null;
  readonly endsMs: number;
  place = -1;
  private sentMs: number;
  private firstByteMs: number | null = null;
  private status: number | null = null;
  private pickerHeader: boolean | null = null;
  /** Of an answer that came whole, with the moment before it was read. */
  private judged: Judged | null = null;
  private lastByteMs: number | null = null;
  private pieces: Buffer[] | null = null;
  private readonly bodyBytes: number;
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

  onSent(): void {
    this.sentMs = this.shared.clock.now();
  }

  onHead({ status, contentType, isPicked }: ResponseHead): void {
    const { clock, options } = this.shared;
    this.firstByteMs = clock.now();
    this.status = status;
    this.pickerHeader = isPicked;
    // An error comes as JSON whatever was asked for.
    if (options.streaming && status === 200 && contentType.startsWith('text/event-stream')) {
      this.stream = createStream(gapTaker(options));
    }
  }

  onBody(bytes: Buffer, start: number, end: number, isLast: boolean): void {
    if (this.settled) return;
    this.bytes += end - start;
    if (this.bytes > MAX_BODY_BYTES) {
      this.giveUp('too-large', `answer of more than ${MAX_BODY_BYTES} bytes`);
      return;
    }
    if (this.stream) readStream(this.stream, bytes, start, end, this.shared.clock.now());
    // Most answers come whole, and are read where they lie.
    else if (isLast && this.pieces === null) {
      this.lastByteMs = this.shared.clock.now();
      this.judged = this.judge(bytes, start, end);
    } else {
      this.pieces ??= [];
      this.pieces.push(Buffer.from(bytes.subarray(start, end)));
    }
  }

  onComplete(): void {
    const endMs = this.lastByteMs ?? this.shared.clock.now();
    this.settle(this.judgeStream() ?? this.judged ?? this.judgePieces(), endMs);
  }

  private judgeStream(): Judged | null {
    return this.stream && judgeStream(this.stream, this.shared.options.expect);
  }

  private judgePieces(): Judged {
    const whole = Buffer.concat(this.pieces ?? []);
    return this.judge(whole, 0, whole.length);
  }

  private judge(bytes: Buffer, start: number, end: number): Judged {
    return judgeResponse(this.status ?? 0, bytes, start, end, this.shared.options.expect);
  }

  private giveUp(errorKind: ErrorKind, text: string): void {
    this.settle(failed(errorKind, text), this.shared.clock.now());
    this.shared.connections.abandon(this);
  }

  private settle(judged: Judged, endMs: number): void {
    if (this.settled) return;
    this.settled = true;
    this.shared.inFlight.remove(this);
    const record: RequestRecord = {
      sentMs: this.sentMs,
      firstByteMs: this.firstByteMs,
      firstTokenMs: this.stream?.firstMs ?? null,
      lastTokenMs: this.stream?.lastMs ?? null,
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
      // Overwritten by `asRecord`. Fields that are added later would lie in a second object, one for each request kept.
      arm: 'all',
      block: 0,
      intendedMs: this.sentMs,
    };
    this.resolve(record);
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

function failed(errorKind: ErrorKind, text: string): Judged {
  return { valid: false, errorKind, errorText: text, ...NOTHING };
}
