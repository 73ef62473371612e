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

/** How long a ceiling is measured, milliseconds: the compiler of Node warms up first, then requests count. */
interface CeilingTimes {
  warmMs: number;
  measureMs: number;
}

/** Less warm-up than this makes the ceiling a third too low. */
const LEAST: CeilingTimes = { warmMs: 100, measureMs: 125 };
/** Requests that make a figure. */
const ENOUGH = 1_000;

/**
 * A ceiling keeps two cores busy, so it is measured for an eighth of a pair, and no longer than `most`. After the least warm-up
 * the figure is 10 to 20 percent too low, which errs on the side of more load clients.
 */
export function ceilingTimes(pairDurationMs: number, most: CeilingTimes): CeilingTimes {
  const measureMs = Math.min(most.measureMs, Math.max(LEAST.measureMs, pairDurationMs / 8));
  return { warmMs: Math.min(most.warmMs, Math.max(LEAST.warmMs, measureMs / 2)), measureMs };
}

/**
 * Requests per second that this process can send and judge, against an endpoint in a thread of its own that answers at once.
 * Requests count after `warmMs`, for `measureMs`. On a machine that is busy with other work they count until there are enough of
 * them, for `mostMs` at most.
 */
export async function measureCeiling(
  { warmMs, measureMs, mostMs = measureMs }: CeilingTimes & { mostMs?: number },
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
  const enough = new AbortController();
  const bodies = bodiesOf(workload, 'ceiling');
  const warmUntilMs = performance.now() + warmMs;
  let counted = 0;
  const nextBody = () => {
    const nowMs = performance.now();
    if (nowMs >= warmUntilMs) counted += 1;
    if (counted >= ENOUGH && nowMs >= warmUntilMs + measureMs) enough.abort();
    return bodies();
  };
  try {
    const run = await runBlock({
      ...{ client, nextBody, concurrency: CONCURRENCY, arm: 'all', block: 0 },
      ...{ durationMs: warmMs + Math.max(measureMs, mostMs), atEnd: 'cancel' },
      signal: signal ? AbortSignal.any([signal, enough.signal]) : enough.signal,
    });
    return measureWindow(run.records, { startMs: run.startMs + warmMs, endMs: run.stopMs }).requestsPerSecond;
  } finally {
    await client.close();
    await responder.close();
  }
}
