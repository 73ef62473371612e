import { hash32 } from './random.ts';
import { countTokens, naturalLength, renderChat, textOfTokens } from './tokenizer.ts';

/** An error as vLLM answers it. */
export interface ApiError {
  status: number;
  body: { error: { message: string; type: string; param: string | null; code: number } };
}

export interface Prompt {
  text: string;
  tokens: number;
  outputTokens: number;
  finishReason: 'stop' | 'length';
  /** Decides the words of the answer. */
  seed: number;
}

export interface ParsedRequest {
  model: string;
  prompts: Prompt[];
  stream: boolean;
  includeUsage: boolean;
  cacheSalt: string;
}

export type Endpoint = 'completions' | 'chat';

export interface Limits {
  modelNames: string[];
  maxModelLen: number;
}

type Json = Record<string, unknown>;

/**
 * Reads the body of `/v1/completions` or `/v1/chat/completions` as vLLM 0.11 on TPU does: unknown fields are ignored,
 * refusals carry vLLM's sentences. `draw` gives the seed of answers that are sampled.
 */
export function parseRequest(
  endpoint: Endpoint,
  contentType: string,
  raw: Buffer,
  limits: Limits,
  draw: () => number,
): ParsedRequest | ApiError {
  if (contentType.split(';', 1)[0]!.trim().toLowerCase() !== 'application/json') {
    return invalid(`"Unsupported Media Type: Only 'application/json' is allowed"`);
  }
  const body = parseBody(raw);
  if ('status' in body) return body;
  return readFields(endpoint, body.json, limits, draw);
}

export function isError(result: ParsedRequest | ApiError): result is ApiError {
  return 'status' in result;
}

export function apiError(status: number, type: string, message: string): ApiError {
  return { status, body: { error: { message, type, param: null, code: status } } };
}

const badRequest = (message: string) => apiError(400, 'BadRequestError', message);
/** FastAPI's validation errors go out under the phrase of the status. */
const invalid = (detail: string) => apiError(400, 'Bad Request', `[${detail}]`);

function parseBody(raw: Buffer): { json: Json } | ApiError {
  if (raw.length === 0) return invalid(`{'type': 'missing', 'loc': ('body',), 'msg': 'Field required', 'input': None}`);
  try {
    const json: unknown = JSON.parse(raw.toString());
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return { json: json as Json };
  } catch {
    const where = `'loc': ('body', 0), 'msg': 'JSON decode error', 'input': {}`;
    return invalid(`{'type': 'json_invalid', ${where}, 'ctx': {'error': 'Expecting value'}}`);
  }
  const what = `'msg': 'Input should be a valid dictionary or object to extract fields from'`;
  return invalid(`{'type': 'model_attributes_type', 'loc': ('body',), ${what}}`);
}

function readFields(endpoint: Endpoint, json: Json, limits: Limits, draw: () => number): ParsedRequest | ApiError {
  const texts = endpoint === 'chat' ? chatTexts(json) : promptTexts(json.prompt);
  if (!Array.isArray(texts)) return texts;
  const model = json.model ?? limits.modelNames[0];
  if (typeof model !== 'string' || !limits.modelNames.includes(model)) {
    return apiError(404, 'NotFoundError', `The model \`${model}\` does not exist.`);
  }
  if (json.stream_options && !json.stream) {
    return badRequest('Stream options can only be defined when `stream=True`.');
  }
  if ((json.n ?? 1) !== 1 || (json.best_of ?? 1) !== 1) return badRequest('Only n=1 is served here.');
  const temperature = json.temperature ?? 1;
  // Greedy decoding ignores the seed, so only a sampled request is refused (tpu.py validate_request).
  if (temperature !== 0 && json.seed !== undefined && json.seed !== null) {
    return badRequest('Torch XLA does not support per-request seed.');
  }
  const prompts: Prompt[] = [];
  for (const text of texts) {
    const seed = temperature === 0 ? hash32(text) : draw();
    const prompt = planAnswer(endpoint, json, text, seed, limits.maxModelLen);
    if ('status' in prompt) return prompt;
    prompts.push(prompt);
  }
  return {
    model,
    prompts,
    stream: json.stream === true,
    includeUsage: (json.stream_options as Json | undefined)?.include_usage === true,
    cacheSalt: typeof json.cache_salt === 'string' ? json.cache_salt : '',
  };
}

function planAnswer(endpoint: Endpoint, json: Json, text: string, seed: number, maxModelLen: number) {
  const tokens = countTokens(text);
  if (tokens >= maxModelLen) {
    return badRequest(
      `This model's maximum context length is ${maxModelLen} tokens. However, your request has ${tokens} input ` +
        'tokens. Please reduce the length of the input messages.',
    );
  }
  const room = maxModelLen - tokens;
  const asked = (endpoint === 'chat' ? json.max_completion_tokens : null) ?? json.max_tokens;
  const limit = Number(asked ?? (endpoint === 'chat' ? room : 16));
  if (!Number.isInteger(limit) || limit < 1) return badRequest(`max_tokens must be at least 1, got ${limit}.`);
  const least = Number(json.min_tokens ?? 0);
  if (least > limit) return badRequest(`min_tokens must be less than or equal to max_tokens=${limit}, got ${least}.`);
  if (limit > room) {
    if (asked === undefined || asked === null) return answer(text, tokens, room, 'length', seed);
    return badRequest(
      `'max_tokens' or 'max_completion_tokens' is too large: ${limit}. This model's maximum context length is ` +
        `${maxModelLen} tokens and your request has ${tokens} input tokens (${limit} > ${maxModelLen} - ${tokens}).`,
    );
  }
  const natural = Math.max(least, naturalLength(seed));
  const stops = json.ignore_eos !== true && natural < limit;
  return answer(text, tokens, stops ? natural : limit, stops ? 'stop' : 'length', seed);
}

const answer = (
  text: string,
  tokens: number,
  outputTokens: number,
  finishReason: 'stop' | 'length',
  seed: number,
): Prompt => ({ text, tokens, outputTokens, finishReason, seed });

/** A prompt is a text, token ids, or a list of either. */
function promptTexts(prompt: unknown): string[] | ApiError {
  if (typeof prompt === 'string') return nonEmpty([prompt]);
  if (Array.isArray(prompt) && prompt.length > 0) {
    if (prompt.every((item) => typeof item === 'number')) return [textOfTokens(prompt)];
    const texts = prompt.map((item) => (Array.isArray(item) ? textOfTokens(item) : item));
    if (texts.every((text) => typeof text === 'string')) return nonEmpty(texts);
  }
  const message = 'Value error, At least one of `prompt` or `prompt_embeds` must be set.';
  return invalid(`{'type': 'value_error', 'loc': ('body',), 'msg': '${message}'}`);
}

function nonEmpty(texts: string[]): string[] | ApiError {
  return texts.every((text) => text.length > 0) ? texts : badRequest('The decoder prompt cannot be empty');
}

function chatTexts(json: Json): string[] | ApiError {
  const { messages } = json;
  if (messages === undefined) {
    return invalid(`{'type': 'missing', 'loc': ('body', 'messages'), 'msg': 'Field required'}`);
  }
  if (!Array.isArray(messages) || messages.length === 0) {
    return invalid(`{'type': 'list_type', 'loc': ('body', 'messages'), 'msg': 'Input should be a valid list'}`);
  }
  return [renderChat(messages.map(({ role, content }) => ({ role: String(role), content: textOf(content) })))];
}

/** Content is a text or a list of parts; only text parts reach this model. */
function textOf(content: unknown): string {
  if (Array.isArray(content)) return content.map((part: { text?: unknown }) => String(part.text ?? '')).join('\n');
  return typeof content === 'string' ? content : '';
}
