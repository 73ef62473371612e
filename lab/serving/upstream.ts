/// <reference path="./undici.d.ts" />
import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
// The package's index loads five times as much.
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Stat } from './envoy-admin.ts';

export interface UpstreamRequest {
  method: string;
  path: string;
  headers: Record<string, string | string[]>;
  body: Buffer;
}

export interface Target {
  port: number;
  tls: boolean;
  /** Counts for the host. */
  count: (...stats: Stat[]) => void;
  /** Sends the request to another host after a connection that failed; false when no other is left. */
  retry: () => boolean;
}

export interface Upstreams {
  /**
   * Sends a request to a port of 127.0.0.1 and streams the answer through unbuffered, with `extraHeaders` on it. A
   * failure before the answer becomes Envoy's 503 with the same headers. A client that leaves aborts the request. A
   * connection that breaks is not retried.
   */
  forward(target: Target, request: UpstreamRequest, response: ServerResponse, extraHeaders: string[]): void;
  /** Drops the connections to a port, as when its pod is gone. */
  drop(port: number): void;
  close(): Promise<void>;
}

/** Headers that belong to one connection and are not passed on. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection', 'te']);

export function passedOn(name: string): boolean {
  return !HOP_BY_HOP.has(name);
}

/** Answers in Envoy's own words: plain text, its headers in its order. */
export function envoyReply(response: ServerResponse, status: number, text: string, extraHeaders: string[] = []): void {
  const body = Buffer.from(text);
  const headers = ['content-length', String(body.length)];
  if (text !== '') headers.push('content-type', 'text/plain');
  headers.push('date', new Date().toUTCString(), 'server', 'istio-envoy', ...extraHeaders);
  response.sendDate = false;
  response.writeHead(status, headers);
  response.end(body);
}

/** Keep-alive connection pools from the gateway to its backends. */
export function createUpstreams(): Upstreams {
  const pools = new Map<string, Pool>();
  const poolFor = ({ port, tls }: Pick<Target, 'port' | 'tls'>) => {
    const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
    let pool = pools.get(origin);
    if (!pool) {
      pool = new Pool(origin, {
        allowH2: false,
        // DestinationRules of KServe say insecureSkipVerify.
        connect: { rejectUnauthorized: false },
        keepAliveTimeout: 600_000,
        keepAliveMaxTimeout: 600_000,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      pools.set(origin, pool);
    }
    return pool;
  };
  return {
    forward: (target, request, response, extraHeaders) => {
      const { method, path, headers, body } = request;
      poolFor(target).dispatch(
        { method: method as Dispatcher.HttpMethod, path, headers, body: body.length > 0 ? body : null },
        relay(response, extraHeaders, target),
      );
    },
    drop: (port) => {
      for (const origin of [`https://127.0.0.1:${port}`, `http://127.0.0.1:${port}`]) {
        void pools.get(origin)?.destroy();
        pools.delete(origin);
      }
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      pools.clear();
    },
  };
}

/**
 * Copies one upstream answer to the client as it comes, and counts as Envoy does: a request once it is connected, a
 * connection that failed as an error without a request.
 */
function relay(response: ServerResponse, extraHeaders: string[], { count, retry }: Target): Dispatcher.DispatchHandler {
  const started = performance.now();
  let connected = false;
  let answered = false;
  return {
    onRequestStart: (controller) => {
      connected = true;
      count('rq_total');
      if (response.destroyed) return controller.abort(new Error('client closed the connection'));
      response.once('close', () => {
        if (!response.writableFinished) controller.abort(new Error('client closed the connection'));
      });
      response.on('drain', () => controller.paused && controller.resume());
    },
    onResponseStart: (_, status, headers) => {
      answered = true;
      count(status < 500 ? 'rq_success' : 'rq_error');
      const raw: string[] = [];
      for (const [name, value] of Object.entries(headers)) {
        if (value === undefined || name === 'server' || !passedOn(name)) continue;
        for (const item of Array.isArray(value) ? value : [value]) raw.push(name, item);
      }
      const elapsed = String(Math.round(performance.now() - started));
      raw.push('x-envoy-upstream-service-time', elapsed, 'server', 'istio-envoy', ...extraHeaders);
      response.writeHead(status, raw);
      // A stream's head must not wait for its first event; a short answer's head shares the segment of its body.
      if (headers['content-length'] === undefined) response.flushHeaders();
    },
    onResponseData: (controller, chunk) => {
      if (!response.write(chunk)) controller.pause();
    },
    onResponseEnd: () => {
      response.end();
    },
    onResponseError: (_, error) => {
      if (response.destroyed) return;
      if (!connected) {
        count('cx_connect_fail', 'rq_error');
        if (retry()) return;
      } else if (!answered) count('rq_error');
      // Envoy resets the client's connection too when the upstream breaks off in the middle of an answer.
      if (answered) response.destroy();
      else envoyReply(response, 503, resetText(error), extraHeaders);
    },
  };
}

const RESET = 'upstream connect error or disconnect/reset before headers. reset reason: ';
const CONNECTION_FAILURE = `${RESET}remote connection failure, transport failure reason: `;
export const CONNECTION_REFUSED = `${CONNECTION_FAILURE}delayed connect error: Connection refused`;

/** The body of Envoy's 503 for an upstream that failed before its answer began. */
function resetText(error: Error): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (/wrong.version.number|packet length too long/i.test(message)) {
    return `${CONNECTION_FAILURE}TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end`;
  }
  if (code === 'ECONNREFUSED') return CONNECTION_REFUSED;
  return `${RESET}connection termination`;
}
