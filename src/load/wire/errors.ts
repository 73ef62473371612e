/** An answer that is not HTTP/1.1. */
export function protocolError(text: string): Error {
  return Object.assign(new Error(text), { code: 'ERR_HTTP_PROTOCOL' });
}

/** The connection ended before the answer did; Node reports a reset by the same code. */
export function brokenError(text: string): Error {
  return Object.assign(new Error(text), { code: 'ECONNRESET' });
}
