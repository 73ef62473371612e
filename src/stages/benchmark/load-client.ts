import { SLOW_TOKEN_MS } from '../../load/silence.ts';

export const COMPLETIONS = '/v1/completions';
/**
 * For each timed request, from its send to its last byte, milliseconds: a minute, or twice what the ordered tokens take of a
 * slow engine.
 */
export function requestDeadlineMs({ maxTokens }: { maxTokens: number }): number {
  return Math.max(60_000, 2 * SLOW_TOKEN_MS * maxTokens);
}
