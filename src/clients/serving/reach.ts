import { connect } from 'node:net';
import { hostAndPort } from '../../lib/url.ts';

/** How long a connection may take to be accepted, milliseconds. */
export const CONNECT_LIMIT_MS = 3_000;

/**
 * Whether this machine can connect to an origin such as `http://10.0.0.5` or `https://gateway.example:8443`: null where it
 * can, otherwise a clause with the reason. Nothing is sent. Throws the signal's reason once it aborts.
 */
export async function whyUnreachable(
  origin: string,
  signal: AbortSignal,
  limitMs = CONNECT_LIMIT_MS,
): Promise<string | null> {
  signal.throwIfAborted();
  const problem = await new Promise<string | null>((resolve) => {
    const socket = connect(hostAndPort(origin));
    const end = (text: string | null) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(text);
    };
    const onAbort = () => end('the run ended');
    const timer = setTimeout(() => end(`it accepted no connection within ${limitMs / 1_000} s`), limitMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => end(null));
    socket.once('error', (error: NodeJS.ErrnoException) => end(WORDS[error.code ?? ''] ?? error.message));
  });
  signal.throwIfAborted();
  return problem;
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refuses connections',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'it accepts no connections',
  ENOTFOUND: 'its name is not known here',
};
