import { createLoadClient, type LoadClient } from '../../load/client.ts';

const COMPLETIONS = '/v1/completions';
const REQUEST_DEADLINE_MS = 60_000;
/** More would be in flight only in a system that falls behind, and its users would wait for a connection then too. */
export const OPEN_LOOP_CONNECTIONS = 256;

/**
 * A load client of the completions endpoint; `maxTokens` is what every answer must have, null for any number. With
 * `onGap` answers are streamed.
 */
export function loadClient(
  endpoint: string,
  hostname: string | null,
  concurrency: number,
  maxTokens: number | null,
  onGap?: (ms: number) => void,
): LoadClient {
  return createLoadClient({
    baseUrl: endpoint,
    ...(hostname ? { headers: { host: hostname } } : {}),
    path: COMPLETIONS,
    connections: concurrency,
    deadlineMs: REQUEST_DEADLINE_MS,
    expect: { completionTokens: maxTokens },
    tlsInsecure: true,
    ...(onGap ? { streaming: true, onGap } : {}),
  });
}
