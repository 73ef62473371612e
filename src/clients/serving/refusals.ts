import { type Refusal, type RefusalRow, rowFor } from '../../lib/refusal.ts';

/** Where the replicas are. */
export interface ServingPlace {
  namespace: string;
  service: string;
}

const logs = ({ namespace, service }: ServingPlace) =>
  `kubectl -n ${namespace} logs -l app.kubernetes.io/name=${service} -c main --tail 200`;

/**
 * What an error of vLLM's OpenAI server means. Reasons are the `type` of its error object; sentences are those of vLLM 0.11
 * to 0.32. Its bodies are JSON, which no reply of Envoy is.
 */
export const SERVING_REFUSALS: readonly RefusalRow<ServingPlace>[] = [
  {
    code: 'engine-dead',
    next: 'final',
    words: /EngineDeadError|EngineCore encountered an issue|engine (?:loop )?(?:is|has) (?:dead|died|stopped)/i,
    remedy: (_, place) => `Look for the first error of EngineCore, above the API server’s: ${logs(place)}`,
  },
  {
    code: 'model-unknown',
    next: 'final',
    statuses: [404],
    words: /\bmodel\b.* does not exist|\bmodel\b.* not found/i,
    remedy: () => 'Set --served-model-name to spec.model.name.',
  },
  {
    code: 'too-long',
    next: 'final',
    statuses: [400],
    words: /maximum context length|longer than the maximum model length/i,
    remedy: () => 'Lower "prompt-tokens" or "max-tokens", or raise --max-model-len.',
  },
  {
    code: 'api-key',
    next: 'final',
    statuses: [401],
    remedy: () => 'Take --api-key and VLLM_API_KEY out of the replicas: the gate sends no key.',
  },
];

/** The error object of vLLM in `HTTP 500: {…}`; null where the words are of somebody else, such as Envoy. */
export function servingRefusal(seen: string): Refusal | null {
  const [, status, body = ''] = /HTTP (\d{3}): *(\{.*)$/s.exec(seen) ?? [];
  // The body may be cut off, so that it cannot be parsed as a whole.
  if (status === undefined || !/^\{\s*"(?:error|object)"\s*:/.test(body)) return null;
  const field = (name: string) => new RegExp(`"${name}"\\s*:\\s*"((?:[^"\\\\]|\\\\.)*)`).exec(body)?.[1] ?? null;
  const type = field('type');
  return {
    status: Number(status),
    reasons: type === null ? [] : [type],
    text: field('message') ?? field('error') ?? body,
  };
}

/** The row that fits an error of vLLM; null for a reason of its own. */
export function servingRow(refusal: Refusal): RefusalRow<ServingPlace> | null {
  return rowFor(SERVING_REFUSALS, refusal);
}
