import { createLoadClient } from './client.ts';
import { runBlock } from './closed-loop.ts';
import { bodiesOf } from './source.ts';
import { measureWindow } from './window.ts';
import { startResponder } from './wire/responder.ts';

const CONCURRENCY = 32;
const TOKENS = 16;
const PROMPT_TOKENS = 640;
const ANSWER = JSON.stringify({
  id: 'ceiling',
  object: 'text_completion',
  choices: [{ index: 0, text: 'word '.repeat(TOKENS), finish_reason: 'length' }],
  usage: { prompt_tokens: PROMPT_TOKENS, completion_tokens: TOKENS, total_tokens: PROMPT_TOKENS + TOKENS },
});

/**
 * Requests per second that this process can send and judge, against an endpoint in a thread of its own that answers at once.
 * `warmMs` come before the `measureMs` that count.
 */
export async function measureCeiling(
  { warmMs, measureMs }: { warmMs: number; measureMs: number },
  signal?: AbortSignal,
): Promise<number> {
  const responder = await startResponder(ANSWER);
  const client = createLoadClient({
    ...{ baseUrl: responder.url, path: '/v1/completions', connections: CONCURRENCY, deadlineMs: 10_000 },
    expect: { completionTokens: TOKENS },
  });
  const workload = {
    runKey: 'ceiling',
    model: 'ceiling',
    prompts: null,
    promptTokens: PROMPT_TOKENS,
    maxTokens: TOKENS,
  };
  try {
    const run = await runBlock({
      ...{ client, nextBody: bodiesOf(workload, 'ceiling'), concurrency: CONCURRENCY, arm: 'all', block: 0 },
      ...{ durationMs: warmMs + measureMs, atEnd: 'cancel', ...(signal ? { signal } : {}) },
    });
    return measureWindow(run.records, { startMs: run.startMs + warmMs, endMs: run.stopMs }).requestsPerSecond;
  } finally {
    await client.close();
    await responder.close();
  }
}
