import { createLoadClient, type LoadClient, type LoadClientOptions } from '../../load/client.ts';
import { WAY_HEADER } from './way-objects.ts';

export const COMPLETIONS = '/v1/completions';
export const REQUEST_DEADLINE_MS = 60_000;
/** More would be in flight only in a system that falls behind, and its users would wait for a connection then too. */
export const OPEN_LOOP_CONNECTIONS = 256;

/**
 * A load client of the completions endpoint; `maxTokens` is what every answer must have, null for any number. With
 * `onGap` answers are streamed; `gapsOfStream` takes those of each stream. `way` is the value of the way header; without it none is sent.
 */
export function loadClient(
  endpoint: string,
  hostname: string | null,
  concurrency: number,
  maxTokens: number | null,
  { onGap, gapsOfStream, way }: Pick<LoadClientOptions, 'onGap' | 'gapsOfStream'> & { way?: string } = {},
): LoadClient {
  return createLoadClient({
    baseUrl: endpoint,
    headers: { ...(hostname ? { host: hostname } : {}), ...(way ? { [WAY_HEADER]: way } : {}) },
    path: COMPLETIONS,
    connections: concurrency,
    deadlineMs: REQUEST_DEADLINE_MS,
    expect: { completionTokens: maxTokens },
    tlsInsecure: true,
    ...(onGap ? { streaming: true, onGap } : {}),
    ...(gapsOfStream ? { gapsOfStream } : {}),
  });
}
