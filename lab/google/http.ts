import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { wholeBody } from '../whole-body.ts';

/** A request as a handler sees it: the whole body as text. */
export interface ApiRequest {
  method: string;
  /** Decoded path, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Reply {
  status: number;
  /** Sent as JSON; left out for an empty answer. */
  body?: unknown;
  /** Sent as it is in place of `body`, under JSON's content type: an answer that was damaged on its way. */
  raw?: string;
  headers?: Record<string, string>;
  /** What happens in place of an answer: the connection is dropped, or nothing ever comes. */
  instead?: 'drop' | 'hang';
}

export type Handler = (request: ApiRequest) => Reply | Promise<Reply>;

/** A fault: an answer in place of the handler's own, or undefined to let the request through. */
export type Inject = (request: ApiRequest) => Reply | undefined | Promise<Reply | undefined>;

export const noFault: Inject = () => undefined;

export interface Listener {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/** Serves `handler` as JSON on a free loopback port. A handler that throws answers 500 and says why on stderr. */
export async function listen(handler: Handler): Promise<Listener> {
  const server = createServer((incoming, outgoing) => {
    const answer = async () => {
      const reply = await handler(await read(incoming));
      if (reply.instead === 'drop') incoming.socket.destroy();
      if (reply.instead) return;
      const text = reply.raw ?? (reply.body === undefined ? undefined : JSON.stringify(reply.body));
      outgoing.writeHead(reply.status, {
        ...(text !== undefined && { 'content-type': 'application/json; charset=UTF-8' }),
        ...reply.headers,
      });
      outgoing.end(text);
    };
    answer().catch((error: unknown) => {
      if (incoming.destroyed && !incoming.complete) return;
      process.stderr.write(`lab: ${incoming.method} ${incoming.url}: ${String(error)}\n`);
      if (!outgoing.headersSent) outgoing.writeHead(500);
      outgoing.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(incoming: IncomingMessage): Promise<ApiRequest> {
  const body = await wholeBody(incoming);
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  return {
    method: incoming.method ?? 'GET',
    path: decodePath(url.pathname),
    query: url.searchParams,
    headers: incoming.headers,
    body: body.toString('utf8'),
  };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The token of an `Authorization: Bearer` (GitHub also takes `token`) header. */
export function bearer(request: ApiRequest): string | undefined {
  return /^(?:bearer|token)\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** A JSON object body; null when it is anything else. An empty body reads as `{}`. */
export function jsonObject(body: string): Record<string, unknown> | null {
  if (body.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(body);
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
