import { Duplex, PassThrough, Writable } from 'node:stream';
import { type KubeConfig, PortForward } from '@kubernetes/client-node';
import { errorText } from '../../lib/failure.ts';
import { orAbort } from '../../lib/poll.ts';

/** A port of a pod. */
export interface PodPort {
  namespace: string;
  pod: string;
  port: number;
}

/** How long what came before the end of the connection may take to be read. */
const REST_MS = 1_000;

/** A connection to a port of a pod. */
export interface Forward {
  stream: Duplex;
  /** Never resolves; rejects with the words of the kubelet, or because the connection ended. */
  failed: Promise<never>;
  close(): void;
}

/**
 * Opens a connection to a port of a pod through the API server's port-forward. It enters the pod's own network by way of the
 * kubelet, so neither a NetworkPolicy nor a mesh in strict mode stands in its way. Throws when the API server refuses, and
 * with the signal's reason.
 */
export async function openForward(
  config: KubeConfig,
  { namespace, pod, port }: PodPort,
  signal: AbortSignal,
): Promise<Forward> {
  const tunnel = createTunnel(pod);
  const opening = new PortForward(config)
    .portForward(namespace, pod, [port], tunnel.data, tunnel.problems, tunnel.input)
    .then((socket) => (typeof socket === 'function' ? socket() : socket))
    .catch((error: unknown) => {
      throw new Error(`port-forward to ${pod}: ${upgradeText(error)}`);
    });
  const close = () => {
    // Also one that opens later than the deadline.
    opening.then(
      (socket) => socket?.close(),
      () => {},
    );
    tunnel.stream.destroy();
    tunnel.input.destroy();
  };
  try {
    const socket = await orAbort(opening, signal);
    socket?.addEventListener('close', () => tunnel.end());
    return { stream: tunnel.stream, failed: tunnel.failed, close };
  } catch (error) {
    close();
    throw error;
  }
}

interface Tunnel {
  /** What an HTTP client sees of it. */
  stream: Duplex;
  /** Where the port-forward writes what the pod sends, and what the kubelet says of it. */
  data: Writable;
  problems: Writable;
  /** Where it reads what is meant for the pod. */
  input: PassThrough;
  /** Never answers; throws what the kubelet said, or that the connection ended early. */
  failed: Promise<never>;
  end(): void;
}

function createTunnel(pod: string): Tunnel {
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const input = new PassThrough();
  const stream = new Duplex({
    read() {},
    write: (chunk, _encoding, done) => {
      input.write(chunk);
      done();
    },
  });
  // The exchange tells what went wrong; nobody listens once it is over.
  stream.on('error', () => {});
  input.on('error', () => {});
  const data = new Writable({
    write(chunk, _encoding, done) {
      if (!stream.destroyed) stream.push(chunk);
      done();
    },
  });
  const problems = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // The first frame is the port alone.
      const text = chunk.toString('utf8').slice(0, 300);
      if (text !== '') fail(new Error(`port-forward to ${pod}: ${text}`));
      done();
    },
  });
  const end = () => {
    if (!stream.destroyed) stream.push(null);
    setTimeout(
      () => fail(new Error(`port-forward to ${pod}: the connection ended before the answer`)),
      REST_MS,
    ).unref();
  };
  return { stream, data, problems, input, failed, end };
}

/** `ws` rejects with an event; its message says which status the server answered in place of the upgrade. */
function upgradeText(error: unknown): string {
  const message = error !== null && typeof error === 'object' && 'message' in error ? error.message : undefined;
  return typeof message === 'string' && message !== '' ? message : errorText(error);
}
