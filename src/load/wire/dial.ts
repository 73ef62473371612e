import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { hostAndPort } from '../../lib/url.ts';

/** What happens to the connections of a client. */
export interface ConnectionEvents<Connection> {
  /** It can take a request; with TLS, after the handshake. */
  onOpen(connection: Connection): void;
  /** The first `length` bytes of the buffer came. They are overwritten after the call. */
  onRead(connection: Connection, bytes: Buffer, length: number): void;
  /** The server sends no more. */
  onEnd(connection: Connection): void;
  /** It is over: by an error, or null where there was none. */
  onClose(connection: Connection, socket: Socket, error: Error | null): void;
}

export interface DialOptions {
  /** Name for the TLS listener; without it the host name of the origin. */
  servername?: string;
  /** Accepts any certificate. */
  tlsInsecure?: boolean;
}

/**
 * All connections read into one buffer. Node fills it and hands it on in one turn of its event loop, so that nobody else
 * reads before its bytes have been taken. A buffer for each of 10,000 streams would be most of the memory.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

const KEEP_ALIVE_MS = 60_000;

/** Opens connections to the origin of a URL. All of them share one TLS session. Throws for a scheme other than HTTP. */
export function createDialer<Connection>(
  base: URL,
  options: DialOptions,
  events: ConnectionEvents<Connection>,
): (connection: Connection) => Socket {
  const secure = base.protocol === 'https:';
  if (!secure && base.protocol !== 'http:') throw new TypeError(`${base.protocol} is not a scheme of HTTP`);
  const { host, port } = hostAndPort(base);
  const servername = options.servername ?? (net.isIP(host) === 0 ? host : undefined);
  let session: Buffer | undefined;

  const connect = (onread: net.OnReadOpts): Socket => {
    if (!secure) return net.connect({ host, port, onread });
    const given = {
      ...{ host, port, onread, ALPNProtocols: ['http/1.1'], rejectUnauthorized: !options.tlsInsecure },
      ...(servername === undefined ? {} : { servername }),
      ...(session === undefined ? {} : { session }),
    };
    return tls.connect(given).on('session', (newest: Buffer) => {
      session = newest;
    });
  };
  return (connection) => {
    const socket = connect({
      buffer: READ_BUFFER,
      callback: (length) => {
        events.onRead(connection, READ_BUFFER, length);
        return true;
      },
    });
    // A long prefill sends nothing for minutes, and what lies between forgets a silent connection.
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    let failure: Error | null = null;
    socket.once(secure ? 'secureConnect' : 'connect', () => events.onOpen(connection));
    socket.once('end', () => events.onEnd(connection));
    socket.on('error', (error) => {
      failure ??= error;
    });
    socket.once('close', () => events.onClose(connection, socket, failure));
    return socket;
  };
}
