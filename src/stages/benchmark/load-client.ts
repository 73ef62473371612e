export const COMPLETIONS = '/v1/completions';
/**
 * For each timed request, from its send to its last byte, milliseconds: a minute, or a tenth of a second for each token that is
 * ordered. A replica that serves users gives a token in less than 50 ms.
 */
export function requestDeadlineMs({ maxTokens }: { maxTokens: number }): number {
  return Math.max(60_000, 100 * maxTokens);
}
