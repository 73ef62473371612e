import { createLoadClient } from './client.ts';
import { runBlock } from './closed-loop.ts';
import { bodiesOf } from './source.ts';
import { measureWindow } from './window.ts';

const MEASURE_MS = 2_000;
const WARM_MS = 500;
const CONCURRENCY = 32;
const TOKENS = 16;

/** The body of each answer of the endpoint that a ceiling is measured with. */
export const CEILING_ANSWER = JSON.stringify({
  id: 'ceiling',
  object: 'text_completion',
  choices: [{ index: 0, text: 'word '.repeat(TOKENS), finish_reason: 'length' }],
  usage: { prompt_tokens: 640, completion_tokens: TOKENS, total_tokens: 640 + TOKENS },
});

/**
 * Requests per second that this process can send and judge, measured in 2.5 s with an endpoint on a port of loopback that
 * sends `CEILING_ANSWER` at once.
 */
export async function ceilingAt(port: number, signal?: AbortSignal): Promise<number> {
  const client = createLoadClient({
    ...{ baseUrl: `http://127.0.0.1:${port}`, path: '/v1/completions', connections: CONCURRENCY, deadlineMs: 10_000 },
    expect: { completionTokens: TOKENS },
  });
  const workload = { runKey: 'ceiling', model: 'ceiling', prompts: null, promptTokens: 640, maxTokens: TOKENS };
  const nextBody = bodiesOf(workload, 'ceiling');
  try {
    const run = await runBlock({
      ...{ client, nextBody, concurrency: CONCURRENCY, arm: 'all', block: 0 },
      ...{ durationMs: WARM_MS + MEASURE_MS, atEnd: 'cancel', ...(signal ? { signal } : {}) },
    });
    return measureWindow(run.records, { startMs: run.startMs + WARM_MS, endMs: run.stopMs }).requestsPerSecond;
  } finally {
    await client.close();
  }
}
