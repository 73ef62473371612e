import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { CEILING_ANSWER, ceilingAt } from '../load/ceiling.ts';

/**
 * Requests per second that this process can send and judge, measured against an endpoint in a thread of its own that
 * replies at once. `script` is the file that calls `serveCeiling` in a worker thread.
 */
export async function measureCeiling(script: string): Promise<number> {
  const worker = new Worker(script);
  try {
    const port = await new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    return await ceilingAt(port);
  } finally {
    await worker.terminate();
  }
}

/**
 * Serves the endpoint of `ceilingAt` in a worker thread, and posts its port to the main thread; returns false in the main
 * thread.
 */
export function serveCeiling(): boolean {
  if (isMainThread) return false;
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.setHeader('content-type', 'application/json').end(CEILING_ANSWER));
  });
  server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
  return true;
}
