import type { IncomingMessage } from 'node:http';

/**
 * All bytes of a body. By events: an iterator costs more than all else of a small request. Rejects where the other side goes
 * before the end, and with what `tooLong` returns once there are more than `limit` bytes.
 */
export function wholeBody(
  message: IncomingMessage,
  limit = Number.POSITIVE_INFINITY,
  tooLong = () => new Error(`the body is longer than ${limit} bytes`),
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else reject(tooLong());
    });
    message.on('end', () => resolve(Buffer.concat(chunks)));
    message.on('error', reject);
    message.on('close', () => {
      if (!message.complete) reject(new Error('the other side went before the end of the body'));
    });
  });
}
