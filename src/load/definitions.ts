import type { RequestRecord } from './types.ts';

/**
 * The latencies of a streamed answer, in one place, since tools use the same words for different quantities:
 *
 * - TTFT, time to first token: from the request sent to the first event with text.
 * - ITL, inter-token latency: the gap between one event with text and the next, each gap counted once.
 * - TPOT, time per output token: (last token − first token) ÷ (output tokens − 1), one value for each request.
 * - E2E, end to end: from the moment the request was meant to be sent to the last byte, so that a late client shows.
 */

type Streamed = Pick<
  RequestRecord,
  'intendedMs' | 'sentMs' | 'firstTokenMs' | 'lastTokenMs' | 'endMs' | 'completionTokens'
>;

/** Milliseconds; null for an answer without text events. */
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
