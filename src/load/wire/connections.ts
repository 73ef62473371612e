import type { Socket } from 'node:net';
import type { Stopwatch } from '../types.ts';
import { type Decoder, decode, endsWithConnection, type ResponseSink, resetDecoder } from './decoder.ts';
import { createDialer, type DialOptions } from './dial.ts';
import { brokenError } from './errors.ts';
import { createRequestWriter, type RequestLine } from './request.ts';

/** A request on its way, from `send` to its end. */
export interface Tenant extends ResponseSink {
  /** The connection that it has; null before and after. */
  connection: Connection | null;
  /** Null once it has been written, so that it does not live as long as the answer. */
  body: Buffer | null;
  /** Its outcome is known, so that it must not be sent any more. */
  readonly settled: boolean;
  /** Its connection is open, and it is written now. */
  onSent(): void;
  /** The response is complete. */
  onComplete(): void;
  fail(error: unknown): void;
}

/**
 * One object with its decoder. Thousands of streams are more than a cache of the processor holds, so that a chunk costs a
 * wait for memory for each object that it needs.
 */
export interface Connection extends Decoder {
  tenant: Tenant | null;
  socket: Socket | null;
  isOpen: boolean;
  /** It takes no further request. */
  isGone: boolean;
  /** Until when it is used again while it is idle, monotonic milliseconds. */
  idleUntilMs: number;
}

export interface Connections {
  /** Sends at once on a free connection, or when one becomes free, in the order of the calls. */
  send(tenant: Tenant): void;
  /** Breaks the connection of a request that was given up. */
  abandon(tenant: Tenant): void;
  /** Breaks what is in flight; what waits fails. */
  close(): Promise<void>;
}

export interface ConnectionsOptions extends DialOptions, Omit<RequestLine, 'authority'> {
  origin: URL;
  /** Connections at a time. */
  most: number;
  clock: Stopwatch;
}

/**
 * Connections that idle while the other arm runs may be closed by the far side, and the reset would count as its error. They
 * are opened again instead. uvicorn, which serves vLLM, closes them after 5 s.
 */
const IDLE_MS = 4_000;
/** A server that states its limit may count from the moment before its last byte came. */
const IDLE_MARGIN_MS = 1_000;

/**
 * Keep-alive connections to one origin, opened as they are needed, with one request on each at a time. Node's own agent and
 * undici do the same for twice the CPU per request, which would itself become what is measured.
 */
export function createConnections(options: ConnectionsOptions): Connections {
  const { clock, most, origin, path, headers } = options;
  const all = new Set<Connection>();
  /** Of all connections, also of those that were left: until the system has closed them. */
  const sockets = new Set<Socket>();
  /** The newest last, so that those that are not needed end first. */
  const idle: Connection[] = [];
  const waiting: Tenant[] = [];
  let closed = false;
  let sweep: NodeJS.Timeout | undefined;
  let dial: ((connection: Connection) => Socket) | undefined;
  let write: ReturnType<typeof createRequestWriter> | undefined;

  const connect = (tenant: Tenant) => {
    const connection: Connection = {
      // What each chunk needs lies side by side.
      ...{ tenant, state: 'head', left: 0, count: 0, head: null, held: null },
      ...{ socket: null, isOpen: false, isGone: false, idleUntilMs: 0 },
    };
    tenant.connection = connection;
    all.add(connection);
    try {
      write ??= createRequestWriter({ path, headers, authority: origin.host });
      dial ??= createDialer(origin, options, { onOpen: open, onRead: read, onEnd: end, onClose: close });
      const socket = dial(connection);
      sockets.add(socket);
      connection.socket = socket;
    } catch (error) {
      lose(connection, error);
    }
  };
  const close = (connection: Connection, socket: Socket, error: Error | null) => {
    sockets.delete(socket);
    lose(connection, error ?? cutShort());
  };
  const open = (connection: Connection) => {
    connection.isOpen = true;
    if (connection.tenant) start(connection, connection.tenant);
  };
  const start = (connection: Connection, tenant: Tenant) => {
    const { socket } = connection;
    const { body } = tenant;
    if (!socket || !body) return;
    connection.tenant = tenant;
    tenant.connection = connection;
    tenant.body = null;
    resetDecoder(connection);
    tenant.onSent();
    write?.(socket, body);
  };
  const read = (connection: Connection, bytes: Buffer, length: number) => {
    const { tenant } = connection;
    // Nobody asked for it.
    if (tenant === null) return leave(connection);
    try {
      const stop = decode(connection, bytes, length, tenant);
      if (stop !== -1 && connection.tenant === tenant) complete(connection, tenant, stop === length);
    } catch (error) {
      lose(connection, error);
    }
  };
  const end = (connection: Connection) => {
    const { tenant } = connection;
    if (tenant && endsWithConnection(connection)) complete(connection, tenant, false);
    else lose(connection, cutShort());
  };
  const complete = (connection: Connection, tenant: Tenant, isClean: boolean) => {
    connection.tenant = null;
    tenant.connection = null;
    tenant.onComplete();
    const { head } = connection;
    // A server that answers before it has read the whole request goes on with the rest of it.
    const isReusable = isClean && head?.keepAlive && connection.socket?.writableLength === 0;
    if (isReusable) rest(connection, head.idleMs);
    else leave(connection);
  };
  const rest = (connection: Connection, statedMs: number | null) => {
    const idleMs = statedMs === null ? IDLE_MS : statedMs - IDLE_MARGIN_MS;
    if (idleMs <= 0) return leave(connection);
    connection.idleUntilMs = clock.now() + idleMs;
    idle.push(connection);
    sweep ??= setInterval(endIdle, IDLE_MS).unref();
    if (waiting.length > 0) turn();
  };
  const endIdle = () => {
    const now = clock.now();
    for (const connection of idle) if (connection.idleUntilMs <= now) leave(connection);
    idle.splice(0, idle.length, ...idle.filter(({ isGone }) => !isGone));
    if (idle.length > 0) return;
    clearInterval(sweep);
    sweep = undefined;
  };
  /** Ends a connection, and makes room for another. */
  const leave = (connection: Connection) => {
    if (connection.isGone) return;
    connection.isGone = true;
    all.delete(connection);
    connection.socket?.destroy();
    if (waiting.length > 0) turn();
  };
  const lose = (connection: Connection, error: unknown) => {
    const { tenant } = connection;
    connection.tenant = null;
    leave(connection);
    if (!tenant) return;
    tenant.connection = null;
    tenant.fail(error);
  };
  const takeIdle = (): Connection | undefined => {
    for (let connection = idle.pop(); connection; connection = idle.pop()) {
      if (connection.isGone) continue;
      if (connection.idleUntilMs > clock.now()) return connection;
      leave(connection);
    }
    return undefined;
  };
  /** Gives what waits its turn. Whoever gives up a request may be about to give up the next as well. */
  const turn = () => queueMicrotask(serve);
  const serve = () => {
    while (waiting.length > 0 && !closed) {
      if (waiting[0]?.settled) waiting.shift();
      else if (!place(waiting[0] as Tenant)) return;
      else waiting.shift();
    }
  };
  const place = (tenant: Tenant): boolean => {
    const connection = takeIdle();
    if (connection) start(connection, tenant);
    else if (all.size < most) connect(tenant);
    else return false;
    return true;
  };

  return {
    send(tenant) {
      if (closed) tenant.fail(clientClosed());
      else if (!place(tenant)) waiting.push(tenant);
    },
    abandon(tenant) {
      const { connection } = tenant;
      if (!connection) return;
      tenant.connection = null;
      connection.tenant = null;
      leave(connection);
    },
    async close() {
      closed = true;
      clearInterval(sweep);
      for (const tenant of waiting.splice(0)) tenant.fail(clientClosed());
      const ended = [...sockets].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
      for (const connection of all) lose(connection, clientClosed());
      await Promise.all(ended);
    },
  };
}

const cutShort = () => brokenError('the server closed the connection before its answer was complete');
const clientClosed = () => brokenError('the load client was closed');
