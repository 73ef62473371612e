import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createLoadClient } from '../load/client.ts';
import { runBlock } from '../load/closed-loop.ts';
import { bodiesOf } from '../load/source.ts';
import { measureWindow } from '../load/window.ts';

const MEASURE_MS = 2_000;
const WARM_MS = 500;
const CONCURRENCY = 32;
const TOKENS = 16;
const ANSWER = JSON.stringify({
  id: 'ceiling',
  object: 'text_completion',
  choices: [{ index: 0, text: 'word '.repeat(TOKENS), finish_reason: 'length' }],
  usage: { prompt_tokens: 640, completion_tokens: TOKENS, total_tokens: 640 + TOKENS },
});

/**
 * Requests per second that this process can send and judge, measured against an endpoint in a thread of its own that
 * answers at once. `script` is the file that calls `serveCeiling` in a worker thread.
 */
export async function measureCeiling(script: string): Promise<number> {
  const worker = new Worker(script);
  try {
    const port = await new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    const client = createLoadClient({
      ...{ baseUrl: `http://127.0.0.1:${port}`, path: '/v1/completions', connections: CONCURRENCY, deadlineMs: 10_000 },
      expect: { completionTokens: TOKENS },
    });
    const workload = { runKey: 'ceiling', model: 'ceiling', prompts: null, promptTokens: 640, maxTokens: TOKENS };
    const nextBody = bodiesOf(workload, 'ceiling');
    try {
      const run = await runBlock({
        ...{ client, nextBody, concurrency: CONCURRENCY, arm: 'all', block: 0 },
        ...{ durationMs: WARM_MS + MEASURE_MS, atEnd: 'cancel' },
      });
      const bounds = { startMs: run.startMs + WARM_MS, endMs: run.stopMs };
      return measureWindow(run.records, bounds).requestsPerSecond;
    } finally {
      await client.close();
    }
  } finally {
    await worker.terminate();
  }
}

/** Serves the endpoint of `measureCeiling` in a worker thread; returns false in the main thread. */
export function serveCeiling(): boolean {
  if (isMainThread) return false;
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.setHeader('content-type', 'application/json').end(ANSWER));
  });
  server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
  return true;
}
