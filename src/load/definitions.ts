import type { RequestRecord } from './types.ts';

/**
 * The latencies of a streamed answer, in one place, since tools use the same words for different quantities:
 *
 * - TTFT, time to first token: from the request sent to the first token event, which may have no text (`stream.ts`).
 * - ITL, inter-token latency: the gap between one token event and the next, each gap counted once. An event of several
 *   tokens is not divided among them: ITL is what a reader sees, and TPOT is the time of a token.
 * - TPOT, time per output token: (last token − first token) ÷ (output tokens − 1), one value for each request.
 * - E2E, end to end: from the moment the request was meant to be sent to the last byte, so that a late client shows.
 *
 * TTFT, ITL and TPOT are those of `vllm bench serve` 0.32 (benchmarks/serve.py and benchmarks/lib/endpoint_request_func.py)
 * but for two points. It counts the role of a chat as the first token. Its end to end latency begins when the request is
 * sent and ends with the last token.
 */

type Streamed = Pick<
  RequestRecord,
  'intendedMs' | 'sentMs' | 'firstTokenMs' | 'lastTokenMs' | 'endMs' | 'completionTokens'
>;

/** Milliseconds; null for an answer without token events. */
export function timeToFirstToken(record: Streamed): number | null {
  return record.firstTokenMs === null ? null : record.firstTokenMs - record.sentMs;
}

/** Milliseconds; null with fewer than two tokens, or when the tokens were not counted. */
export function timePerOutputToken(record: Streamed): number | null {
  const { firstTokenMs, lastTokenMs, completionTokens } = record;
  if (firstTokenMs === null || lastTokenMs === null || completionTokens === null || completionTokens < 2) return null;
  return (lastTokenMs - firstTokenMs) / (completionTokens - 1);
}

/** Milliseconds, from the intended start. */
export function endToEnd(record: Pick<Streamed, 'intendedMs' | 'endMs'>): number {
  return record.endMs - record.intendedMs;
}

/** Answers of more tokens than this have something between the first and the last. */
const FEWEST_TOKENS = 10;
const BUFFERED = 0.95;

/**
 * Whether a stream came as one piece: its first token arrived when nearly all of its time was over. Something on the way
 * buffers then, and times of tokens say nothing.
 */
export function isBuffered(record: Streamed): boolean {
  const ttft = timeToFirstToken(record);
  const total = record.endMs - record.sentMs;
  return ttft !== null && (record.completionTokens ?? 0) > FEWEST_TOKENS && total > 0 && ttft / total > BUFFERED;
}
