import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SpdyStream, type StreamEvents, serveSpdy } from './spdy.ts';

/** Where a port of the pod can be reached on this machine; null when nothing listens there. */
export type Target = (port: number) => { host: string; port: number } | null;

/** The one protocol of port-forward over SPDY, and its name where a WebSocket carries the SPDY connection. */
export const SPDY_PROTOCOL = 'portforward.k8s.io';
export const TUNNEL_PROTOCOL = `SPDY/3.1+${SPDY_PROTOCOL}`;

/** Accepts an upgrade to SPDY/3.1, as `kubectl` asks for where it has no WebSocket, and serves it. */
export function upgradeToSpdy(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  pod: string,
  target: Target,
): void {
  const offered = String(request.headers['x-stream-protocol-version'] ?? '')
    .split(',')
    .map((name) => name.trim());
  if (!offered.includes(SPDY_PROTOCOL)) {
    const text = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${SPDY_PROTOCOL}]`;
    socket.end(`HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    return;
  }
  const answer = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1'];
  socket.write(`${answer.join('\r\n')}\r\nX-Stream-Protocol-Version: ${SPDY_PROTOCOL}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  servePairs(socket, pod, target);
}

/** One forwarded connection: a stream for its data and a stream for the reason why it failed. */
interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  socket?: Socket;
  /** What the client sent before both streams were there. */
  early: Buffer[];
  isEnded: boolean;
}

/**
 * Forwards each pair of streams with one request id to its port (k8s.io/kubelet, pkg/cri/streaming/portforward). The
 * client opens the error stream first and ends its own half of it at once.
 */
export function servePairs(wire: Duplex, pod: string, target: Target): void {
  const pairs = new Map<string, Pair>();

  const start = (pair: Pair, data: SpdyStream, error: SpdyStream) => {
    const port = Number(data.headers.port);
    const fail = (reason: string) => {
      error.write(Buffer.from(`error forwarding port ${port} to pod ${pod}: ${reason}`));
      error.end();
      data.reset();
    };
    const address = target(port);
    if (!address) return fail(`failed to connect to localhost:${port} inside namespace: connection refused`);
    const socket = connect(address.port, address.host);
    pair.socket = socket;
    for (const bytes of pair.early) socket.write(bytes);
    if (pair.isEnded) socket.end();
    socket.on('data', (bytes) => {
      if (data.write(bytes)) return;
      socket.pause();
      wire.once('drain', () => socket.resume());
    });
    socket.on('end', () => {
      data.end();
      error.end();
    });
    socket.on('error', (reason) => fail(reason.message));
  };

  serveSpdy(wire, (stream): StreamEvents => {
    const { streamtype: type, requestid: id, port } = stream.headers;
    if ((type !== 'data' && type !== 'error') || id === undefined || !(Number(port) > 0)) {
      throw new Error('a stream of port-forward has a type, a port and a request id');
    }
    const pair: Pair = pairs.get(id) ?? { early: [], isEnded: false };
    pairs.set(id, pair);
    pair[type] = stream;
    if (pair.data && pair.error) {
      pairs.delete(id);
      // The client learns of the stream before anything is sent on it.
      setImmediate(start, pair, pair.data, pair.error);
    }
    if (type === 'error') return { data: () => {}, end: () => {}, reset: () => {} };
    return {
      data(bytes) {
        if (pair.socket) pair.socket.write(bytes);
        else pair.early.push(bytes);
      },
      end() {
        pair.isEnded = true;
        pair.socket?.end();
      },
      reset: () => pair.socket?.destroy(),
    };
  });
}
