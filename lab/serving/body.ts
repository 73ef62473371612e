import type { IncomingMessage } from 'node:http';

/** Reads a whole request body. Never resolves when the client leaves before its end, so nothing is answered then. */
export function onBody(request: IncomingMessage, then: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => then(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
  // The response's own 'close' tells the rest of the program.
  request.on('error', () => {});
}
