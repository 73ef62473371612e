import { Agent, request } from 'undici';
import { fromJson, object } from '../../lib/decode.ts';
import { errorText } from '../../lib/failure.ts';
import { deadline, orAbort } from '../../lib/poll.ts';
import { bodyText } from '../body.ts';
import type { KubeClient } from '../kubernetes/client.ts';
import { parseMetrics, type Sample, sumOf } from './metrics.ts';

/** The fields of vLLM's answers that checks read; each may be missing or of another type. */
export interface ServingBody {
  data?: { id?: unknown }[];
  choices?: { text?: unknown; message?: ServingMessage }[];
  usage?: { prompt_tokens?: unknown; completion_tokens?: unknown };
  error?: unknown;
}

/** A chat message. Reasoning parsers fill `reasoning`, formerly `reasoning_content`, and leave `content` null until they end. */
export interface ServingMessage {
  content?: unknown;
  reasoning?: unknown;
  reasoning_content?: unknown;
  tool_calls?: unknown;
}

/** How long one request may take, from its start to the end of its answer, milliseconds. */
export interface RequestLimit {
  limitMs: number;
}

export interface ServingAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Parsed body, or null when it is not JSON. */
  json: ServingBody | null;
  latencyMs: number;
}

/** Single requests to the service through its gateway, for checks; load goes through `load/`. */
export interface ServingClient {
  baseUrl: string;
  get(path: string, limit?: RequestLimit): Promise<ServingAnswer>;
  post(path: string, body: unknown, limit?: RequestLimit): Promise<ServingAnswer>;
  close(): Promise<void>;
}

/**
 * A client of an endpoint such as `http://34.1.2.3/ns/service`. Gateways of this kind carry self-signed certificates,
 * so an https endpoint is not verified unless `verifyTls`.
 */
export function createServingClient(options: {
  baseUrl: string;
  signal: AbortSignal;
  /** Host that the route is bound to, when the gateway is reached by another name or an address. */
  hostname?: string | null;
  /** Added to every request. */
  headers?: Record<string, string>;
  requestTimeoutMs?: number;
  verifyTls?: boolean;
}): ServingClient {
  const { hostname } = options;
  const agent = new Agent({
    connect: { rejectUnauthorized: options.verifyTls ?? false, ...(hostname ? { servername: hostname } : {}) },
  });
  const common = { ...options.headers, ...(hostname ? { host: hostname } : {}) };
  const base = options.baseUrl.replace(/\/$/, '');
  const send = async (
    method: 'GET' | 'POST',
    path: string,
    limit: RequestLimit | undefined,
    body?: unknown,
  ): Promise<ServingAnswer> => {
    const started = performance.now();
    const signal = deadline(options.signal, limit?.limitMs ?? options.requestTimeoutMs ?? 30_000);
    const asking = request(`${base}${path}`, {
      method,
      dispatcher: agent,
      signal,
      headers: body === undefined ? common : { ...common, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const response = await orAbort(asking, signal);
    const text = await orAbort(bodyText(response.body, MOST_BYTES), signal);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers)) headers[name] = String(value);
    return {
      status: response.statusCode,
      headers,
      body: text,
      json: parsed(text),
      latencyMs: performance.now() - started,
    };
  };
  return {
    baseUrl: base,
    get: (path, limit) => send('GET', path, limit),
    post: (path, body, limit) => send('POST', path, limit, body),
    close: () => agent.destroy(),
  };
}

/** Counters of one vLLM replica at one moment. Tokens for the prefix cache (vLLM ≥ 0.9); null when not exported. */
export interface ReplicaCounters {
  pod: string;
  requests: number;
  /** Tokens of prompts, those from the prefix cache among them, and tokens generated; null when not exported. */
  promptTokens: number | null;
  generationTokens: number | null;
  prefixQueries: number | null;
  prefixHits: number | null;
  waiting: number | null;
  running: number | null;
  preemptions: number | null;
  processStartSeconds: number | null;
  blockSizeTokens: number | null;
  /** Tokens that the KV cache holds. */
  kvCacheTokens: number | null;
  prefixCaching: boolean | null;
}

/** An answer to a check has some kilobytes. */
const MOST_BYTES = 16 * 1024 * 1024;

/** How long one way to a replica's metrics may take, and all ways together, milliseconds. */
const METRICS_LIMIT_MS = { each: 5_000, together: 12_000 } as const;

/**
 * Reads `/metrics` of one pod, by port-forward or else through the API server's pod proxy, which a NetworkPolicy or a
 * strict mesh may stop; the likelier scheme first. Throws with every reason when nothing answers within 12 s.
 */
export async function readReplica(
  kube: KubeClient,
  namespace: string,
  pod: string,
  port: number,
  scheme: 'https' | 'http',
): Promise<ReplicaCounters> {
  const schemes = scheme === 'https' ? (['https', 'http'] as const) : (['http', 'https'] as const);
  const problems: string[] = [];
  const endMs = performance.now() + METRICS_LIMIT_MS.together;
  for (const candidate of schemes) {
    const ways = [
      (limitMs: number) => kube.portForward({ namespace, pod, scheme: candidate, port, path: '/metrics' }, { limitMs }),
      (limitMs: number) => kube.podProxy(namespace, pod, `${candidate}:${port}`, '/metrics', { limitMs }),
    ];
    for (const ask of ways) {
      const leftMs = Math.min(METRICS_LIMIT_MS.each, endMs - performance.now());
      if (leftMs <= 0) continue;
      try {
        const answer = await ask(leftMs);
        const samples = answer.status === 200 ? parseMetrics(answer.body) : [];
        // A page of somebody else has none, and would read as a replica that has served nothing.
        if (samples.some(({ name }) => name.startsWith('vllm:'))) return countersOf(pod, samples);
        const what = answer.status === 200 ? 'no metrics of vLLM' : answer.body.slice(0, 160);
        problems.push(`${candidate}: HTTP ${answer.status}: ${what}`);
      } catch (error) {
        problems.push(`${candidate}: ${errorText(error)}`);
      }
    }
  }
  throw new Error(`could not read the metrics of pod ${pod}: ${problems.join('; ')}`);
}

/** Names of vLLM V1, with those of older builds (`gpu_` prefix). */
export function countersOf(pod: string, samples: readonly Sample[]): ReplicaCounters {
  const config = samples.find(({ name }) => name === 'vllm:cache_config_info')?.labels;
  const blockSize = Number(config?.block_size);
  return {
    pod,
    requests: sumOf(samples, 'vllm:request_success_total') ?? 0,
    promptTokens: sumOf(samples, 'vllm:prompt_tokens_total'),
    generationTokens: sumOf(samples, 'vllm:generation_tokens_total'),
    prefixQueries:
      sumOf(samples, 'vllm:prefix_cache_queries_total') ?? sumOf(samples, 'vllm:gpu_prefix_cache_queries_total'),
    prefixHits: sumOf(samples, 'vllm:prefix_cache_hits_total') ?? sumOf(samples, 'vllm:gpu_prefix_cache_hits_total'),
    waiting: sumOf(samples, 'vllm:num_requests_waiting'),
    running: sumOf(samples, 'vllm:num_requests_running'),
    preemptions: sumOf(samples, 'vllm:num_preemptions_total'),
    processStartSeconds: sumOf(samples, 'process_start_time_seconds'),
    blockSizeTokens: Number.isInteger(blockSize) && blockSize > 0 ? blockSize : null,
    kvCacheTokens:
      whole(config?.kv_cache_size_tokens) ?? product(whole(config?.num_gpu_blocks), whole(config?.block_size)),
    prefixCaching:
      config?.enable_prefix_caching === undefined ? null : /^(true|1)$/i.test(config.enable_prefix_caching),
  };
}

/** A label's whole number above 0; vLLM writes `None` for what it does not know. */
function whole(label: string | undefined): number | null {
  const value = Number(label);
  return Number.isInteger(value) && value > 0 ? value : null;
}

function product(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a * b;
}

/**
 * The body as far as checks read it; null where it is no JSON object. What is of another type is left out: a check then
 * finds it missing, and reports that.
 */
function parsed(text: string): ServingBody | null {
  try {
    const { data, choices, usage, ...others } = object({})(fromJson(text), '');
    return {
      ...others,
      ...(Array.isArray(data) ? { data: data.map(fieldsOf) } : {}),
      ...(Array.isArray(choices)
        ? { choices: choices.map(fieldsOf).map((choice) => ({ ...choice, message: fieldsOf(choice.message) })) }
        : {}),
      ...(usage === undefined ? {} : { usage: fieldsOf(usage) }),
    };
  } catch {
    return null;
  }
}

/** The fields of an object, and none of anything else. */
function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
