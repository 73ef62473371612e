import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { wholeBody } from '../../lab/whole-body.ts';
import { forwarder } from './forwarder.ts';

/** What happens to one request, or to it and those after it. */
export type Fault =
  | { kind: 'reset'; times: number }
  /** Every connection is cut, and none is taken for so long. */
  | { kind: 'cut'; ms: number }
  | { kind: 'lost-reply' }
  /** The request is read and never answered. */
  | { kind: 'hang' }
  /** The reply comes so many milliseconds late. */
  | { kind: 'late'; ms: number }
  | { kind: 'status'; status: number; times: number }
  /** The reply is this text, whatever was asked; the server is not asked. Once, where `times` is left out. */
  | { kind: 'garbage'; status: number; type: string; text: string; times?: number }
  /** The reply ends so many bytes early, and its headers agree. */
  | { kind: 'truncated'; bytes: number }
  /** The client dies as it sends the request (`before`), or as the server has carried it out. */
  | { kind: 'kill'; before: boolean }
  /** The client is told to stop at this request, which goes on. */
  | { kind: 'interrupt' };

export interface FaultProxy {
  origin: string;
  port: number;
  /** Requests since the last `arm`, as `METHOD path`. */
  seen(): string[];
  /** From now on counts anew; the fault meets the request with this index, among all or among those of one shape. */
  arm(fault: Fault | null, index: number, shape?: string): void;
  /** Until the next `arm`, each request meets what `choose` returns for it. */
  disturb(choose: (request: string) => Fault | null): void;
  /** Whether the fault has met its request since the last `arm`. */
  met(): boolean;
  /** Nobody is there: every request is dropped until the next `arm`. */
  bury(): void;
  close(): Promise<void>;
}

/** How Google Cloud and Kubernetes each word an error of this status. */
export const FAULT_BODIES = {
  google: (code: number) => ({ error: { code, message: 'a fault', status: GOOGLE_STATUSES[code] ?? 'UNKNOWN' } }),
  kube: (code: number) => ({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason: 'Fault',
    message: 'a fault',
  }),
};

const GOOGLE_STATUSES: Record<number, string> = {
  401: 'UNAUTHENTICATED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
};

/** Method and path without what differs from run to run: ids, names of pods and operations, queries. */
export function shapeOf(request: string): string {
  return request
    .replace(/\?.*$/, '')
    .replace(/operation-[\w-]+/, '*')
    .replace(/tpu-gate-one-[\w-]+/, 'tpu-gate-one-*')
    .replace(/\/(pods|nodes|endpointslices|runs|comments|deployments)\/[^/:]+/g, '/$1/*');
}

/** A reverse proxy that lets one chosen thing go wrong. With `tls` it ends TLS itself and verifies nothing behind it. */
export async function startFaultProxy(options: {
  target: { origin: () => string };
  tls?: { key: string; cert: string };
  body: (status: number) => unknown;
  onKill: () => void;
  onInterrupt: () => void;
  /** What a client must be told differently so that it comes this way again. */
  rewrite?: (text: string) => string;
}): Promise<FaultProxy> {
  let fault: Fault | null = null;
  let before = 0;
  let left = 0;
  let wanted: string | undefined;
  let choose: ((request: string) => Fault | null) | null = null;
  let met = false;
  let buried = false;
  let cutUntil = 0;
  const seen: string[] = [];
  const streams = new Set<Duplex>();
  const { forward, end } = forwarder();
  const isGone = () => buried || Date.now() < cutUntil;

  /** What happens to the request that comes now. */
  const meet = (request: string): Fault | null => {
    seen.push(request);
    if (choose) return begin(choose(request));
    if (!fault) return null;
    if (before >= 0 && (wanted === undefined || shapeOf(request) === wanted)) {
      if (before === 0) left = 'times' in fault ? (fault.times ?? 1) : 1;
      before -= 1;
    }
    if (left === 0) return null;
    left -= 1;
    met = true;
    return begin(fault);
  };
  const begin = (hit: Fault | null): Fault | null => {
    if (hit?.kind === 'cut') {
      cutUntil = Date.now() + hit.ms;
      for (const stream of streams) stream.destroy();
    }
    return hit;
  };

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const drop = () => incoming.socket.destroy();
    if (isGone()) return drop();
    const hit = meet(`${incoming.method} ${incoming.url}`);
    const body = await wholeBody(incoming);
    if (hit?.kind === 'reset' || hit?.kind === 'cut') return drop();
    if (hit?.kind === 'hang') return;
    if (hit?.kind === 'status') {
      outgoing
        .writeHead(hit.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(options.body(hit.status)));
      return;
    }
    if (hit?.kind === 'garbage') {
      outgoing.writeHead(hit.status, { 'content-type': hit.type }).end(hit.text);
      return;
    }
    if (hit?.kind === 'kill' && hit.before) {
      buried = true;
      drop();
      return options.onKill();
    }
    if (hit?.kind === 'interrupt') options.onInterrupt();
    if (hit?.kind === 'late') await new Promise((resolve) => setTimeout(resolve, hit.ms));
    const { status, headers, text } = await forward(options.target.origin(), incoming, body);
    if (hit?.kind === 'lost-reply') return drop();
    if (hit?.kind === 'kill') {
      buried = true;
      drop();
      return options.onKill();
    }
    if (buried) return drop();
    const whole = options.rewrite ? Buffer.from(options.rewrite(text.toString())) : text;
    const length = hit?.kind === 'truncated' ? Math.max(0, whole.length - hit.bytes) : whole.length;
    outgoing.writeHead(status, headers).end(whole.subarray(0, length));
  };

  /** A stream has no reply that could be lost: what would lose it cuts it. */
  const tunnel = (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    streams.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => streams.delete(socket));
    const hit = isGone() ? null : meet(`${incoming.method} ${incoming.url}`);
    if (hit?.kind === 'kill') {
      buried = true;
      options.onKill();
    }
    if (isGone() || hit?.kind === 'reset' || hit?.kind === 'lost-reply') return socket.destroy();
    if (hit?.kind === 'hang') return;
    if (hit?.kind === 'status' || hit?.kind === 'garbage') {
      return socket.end(`HTTP/1.1 ${hit.status} Fault\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
    }
    if (hit?.kind === 'interrupt') options.onInterrupt();
    const { protocol, hostname, port } = new URL(options.target.origin());
    const to = { host: hostname, port: Number(port) };
    const upstream: Socket = protocol === 'https:' ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
    const fields = incoming.rawHeaders.flatMap((text, at) =>
      at % 2 ? [] : [`${text}: ${incoming.rawHeaders[at + 1]}`],
    );
    upstream.write([`${incoming.method} ${incoming.url} HTTP/1.1`, ...fields, '', ''].join('\r\n'));
    upstream.write(head);
    upstream.on('error', () => socket.destroy());
    upstream.on('close', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
    upstream.pipe(socket).pipe(upstream);
  };
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    answer(incoming, outgoing).catch(() => incoming.socket.destroy());
  };
  const server = options.tls ? createHttps(options.tls, listener) : createHttp(listener);
  server.on('upgrade', tunnel);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    seen: () => [...seen],
    arm(next, index, shape) {
      fault = next;
      choose = null;
      before = index;
      left = 0;
      wanted = shape;
      met = false;
      buried = false;
      cutUntil = 0;
      seen.length = 0;
    },
    disturb(next) {
      choose = next;
    },
    met: () => met,
    bury() {
      buried = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        end();
        for (const stream of streams) stream.destroy();
      }),
  };
}
