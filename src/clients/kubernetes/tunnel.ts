import { type AddressInfo, createServer, type Socket } from 'node:net';
import { errorText } from '../../lib/failure.ts';
import type { Forward } from './port-forward.ts';

/** A port of loopback that leads to a pod, for checks. It is too slow for load, and adds the API server to each latency. */
export interface Tunnel {
  port: number;
  /** Why the newest connection failed; null where none has. */
  problem(): string | null;
  close(): Promise<void>;
}

/** Opens a tunnel. Each connection to its port is one of `open`, whose signal aborts when the client has gone. */
export async function openTunnel(open: (signal: AbortSignal) => Promise<Forward>): Promise<Tunnel> {
  let problem: string | null = null;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const gone = new AbortController();
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      gone.abort();
    });
    carry(socket, open, gone.signal).catch((error: unknown) => {
      if (!gone.signal.aborted) problem = errorText(error);
      socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    problem: () => problem,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Carries bytes both ways until one end closes. Rejects where the way to the pod fails before that. */
async function carry(
  socket: Socket,
  open: (signal: AbortSignal) => Promise<Forward>,
  gone: AbortSignal,
): Promise<void> {
  const { stream, failed, close } = await open(gone);
  try {
    const ended = new Promise<void>((resolve) => {
      gone.addEventListener('abort', () => resolve(), { once: true });
      stream.once('end', () => resolve());
      if (gone.aborted) resolve();
    });
    socket.pipe(stream).pipe(socket);
    await Promise.race([ended, failed]);
    // What has come is still to be written.
    if (!gone.aborted) await new Promise<void>((resolve) => socket.end(() => resolve()));
  } finally {
    close();
  }
}
