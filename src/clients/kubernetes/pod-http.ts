import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { KubeConfig } from '@kubernetes/client-node';
import { Client } from 'undici';
import { deadline, orAbort } from '../../lib/poll.ts';
import { bodyText } from '../body.ts';
import { openForward, type PodPort } from './port-forward.ts';

export interface PodTarget extends PodPort {
  scheme: 'https' | 'http';
  path: string;
}

/** HTTP to ports of pods. */
export interface PodHttp {
  /**
   * One GET. The pod's certificate is its own and is not verified. Throws when the API server refuses, when nothing listens,
   * and with the signal's reason.
   */
  get(target: PodTarget, signal: AbortSignal): Promise<{ status: number; body: string }>;
  close(): Promise<void>;
}

/** Answers of a pod are text of some kilobytes; a hundred megabytes would be an attack or a defect. */
const BODY_LIMIT = 32 * 1024 * 1024;

/** How long a port-forward may take to open, milliseconds. The request that needs it may give up earlier. */
const OPEN_MS = 10_000;

/**
 * How long a connection is kept for the next request, milliseconds. uvicorn, which serves vLLM, ends it after five seconds, and
 * a kubelet may not report that.
 */
const KEPT_MS = 3_000;

/**
 * Requests by port-forward. Each port-forward is a TLS connection to the API server, an upgrade, a connection from the kubelet
 * and mostly a second TLS handshake with the pod, so that one which has served a request is kept for the next.
 */
export function createPodHttp(config: KubeConfig, signal: AbortSignal): PodHttp {
  /** Those that wait for a request, by their port. */
  const idle = new Map<string, Client[]>();
  const all = new Set<Client>();
  const make = (target: PodTarget): Client => {
    const made = new Client(`http://localhost:${target.port}`, {
      connect: (_options, done) => {
        connect(config, target, deadline(signal, OPEN_MS)).then(
          // It reads and writes; an address, which a socket has besides, is asked for in error texts only.
          (socket) => done(null, socket as Socket),
          (error: Error) => done(error, null),
        );
      },
      keepAliveTimeout: KEPT_MS,
      // The caller's signal ends it.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    all.add(made);
    return made;
  };
  const getOnce = async (target: PodTarget, limit: AbortSignal) => {
    const key = [target.namespace, target.pod, target.scheme, target.port].join('/');
    const client = idle.get(key)?.pop() ?? make(target);
    try {
      const headers = { accept: '*/*' };
      const asking = client.request({ method: 'GET', path: target.path, headers, signal: limit });
      const { statusCode, body } = await orAbort(asking, limit);
      const answer = { status: statusCode, body: await orAbort(bodyText(body, BODY_LIMIT), limit) };
      idle.set(key, [...(idle.get(key) ?? []), client]);
      return answer;
    } catch (error) {
      all.delete(client);
      client.destroy().catch(() => {});
      throw error;
    }
  };
  return {
    async get(target, limit) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await getOnce(target, limit);
        } catch (error) {
          limit.throwIfAborted();
          if (!isClosed(error)) throw error;
          // The pod may have ended a kept connection at the moment of the first request.
          if (tries < 2) continue;
          throw new Error(`port-forward to ${target.pod}: the connection ended before the answer`, { cause: error });
        }
      }
    },
    async close() {
      await Promise.all([...all].map((client) => client.destroy()));
    },
  };
}

/** A connection to the port, with TLS where the pod has it. Its end closes the port-forward. */
async function connect(config: KubeConfig, { scheme, ...target }: PodTarget, limit: AbortSignal): Promise<Duplex> {
  const { stream, failed, close } = await openForward(config, target, limit);
  stream.once('close', close);
  failed.catch((error: Error) => stream.destroy(error));
  if (scheme === 'http') return stream;
  const socket = connectTls({ socket: stream, rejectUnauthorized: false });
  socket.once('close', close);
  const secured = new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve).on('error', reject);
  });
  try {
    await orAbort(Promise.race([secured, failed]), limit);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** undici's error for a connection that the other side has closed. */
function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'UND_ERR_SOCKET';
}
