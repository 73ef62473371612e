import {
  createServer as createHttp,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What happens to one request, or to it and those after it. */
export type Fault =
  | { kind: 'reset'; times: number }
  | { kind: 'lost-reply' }
  | { kind: 'status'; status: number; times: number }
  /** The client dies as it sends the request (`before`), or as the server has carried it out. */
  | { kind: 'kill'; before: boolean }
  /** The client is told to stop at this request, which goes on. */
  | { kind: 'interrupt' };

export interface FaultProxy {
  origin: string;
  port: number;
  /** Requests since the last `arm`, as `METHOD path`. */
  seen(): string[];
  /** From now on counts anew; the fault meets the request with this index. */
  arm(fault: Fault | null, index: number): void;
  /** Nobody is there: every request is dropped until the next `arm`. */
  bury(): void;
  close(): Promise<void>;
}

/** A reverse proxy that lets one chosen thing go wrong. With `tls` it ends TLS itself and verifies nothing behind it. */
export async function startFaultProxy(options: {
  target: { origin: () => string };
  tls?: { key: string; cert: string };
  body: (status: number) => unknown;
  onKill: () => void;
  onInterrupt: () => void;
}): Promise<FaultProxy> {
  let fault: Fault | null = null;
  let at = 0;
  let buried = false;
  const seen: string[] = [];

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const drop = () => incoming.socket.destroy();
    if (buried) return drop();
    const index = seen.length;
    seen.push(`${incoming.method} ${incoming.url}`);
    const body = await buffer(incoming);
    const now = fault && index >= at ? fault : null;
    const burst = now && 'times' in now ? now.times : 1;
    const hit = now && index < at + burst ? now : null;
    if (hit?.kind === 'reset') return drop();
    if (hit?.kind === 'status') {
      outgoing
        .writeHead(hit.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(options.body(hit.status)));
      return;
    }
    if (hit?.kind === 'kill' && hit.before) {
      buried = true;
      drop();
      return options.onKill();
    }
    if (hit?.kind === 'interrupt') options.onInterrupt();
    const { status, headers, text } = await forward(options.target.origin(), incoming, body);
    if (hit?.kind === 'lost-reply') return drop();
    if (hit?.kind === 'kill') {
      buried = true;
      drop();
      return options.onKill();
    }
    if (buried) return drop();
    outgoing.writeHead(status, headers).end(text);
  };
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    answer(incoming, outgoing).catch(() => incoming.socket.destroy());
  };
  const server = options.tls ? createHttps(options.tls, listener) : createHttp(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    seen: () => [...seen],
    arm(next, index) {
      fault = next;
      at = index;
      buried = false;
      seen.length = 0;
    },
    bury() {
      buried = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function forward(origin: string, incoming: IncomingMessage, body: Buffer) {
  const target = new URL(incoming.url ?? '/', origin);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  const { host: _host, connection: _connection, ...headers } = incoming.headers;
  return new Promise<{ status: number; headers: Record<string, string>; text: Buffer }>((resolve, reject) => {
    const asking = send(
      target,
      { method: incoming.method, headers, rejectUnauthorized: false, agent: false },
      async (response) => {
        const type = String(response.headers['content-type'] ?? 'application/json');
        const retry = response.headers['retry-after'];
        resolve({
          status: response.statusCode ?? 502,
          headers: { 'content-type': type, ...(retry ? { 'retry-after': String(retry) } : {}) },
          text: await buffer(response),
        });
      },
    );
    asking.on('error', reject);
    asking.end(body);
  });
}
