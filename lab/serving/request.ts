import { hash32 } from './random.ts';
import { type ApiError, apiError, badRequest, invalid, summary, validation } from './refusals.ts';
import { solved } from './solver.ts';
import { countTokens, naturalLength, renderChat, textOfTokens } from './tokenizer.ts';

export interface Prompt {
  text: string;
  tokens: number;
  outputTokens: number;
  finishReason: 'stop' | 'length';
  /** Decides the words of the answer. */
  seed: number;
  /** False where only tokens are allowed that have no text. */
  hasText: boolean;
  /** The text of the answer, where the prompt is a task that the model knows. */
  reply?: string;
  /** Share of the work that is done for it; all of it where nothing is said. */
  workShare?: number;
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
  /** False for a base model, which refuses every chat. */
  chatTemplate: boolean;
  /** Share of the tasks that it knows which it can do; all of them where nothing is said. */
  skill?: number;
}

type Json = Record<string, unknown>;

/**
 * Reads the body of `/v1/completions` or `/v1/chat/completions` as vLLM 0.32 does: unknown fields are ignored,
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
    return validation("Unsupported Media Type: Only 'application/json' is allowed", null);
  }
  const body = parseBody(raw);
  if ('status' in body) return body;
  return readFields(endpoint, body.json, limits, draw);
}

export function isError(result: ParsedRequest | ApiError): result is ApiError {
  return 'status' in result;
}

function parseBody(raw: Buffer): { json: Json } | ApiError {
  if (raw.length === 0) return invalid('missing', 'body', 'Field required', 'None');
  let json: unknown;
  try {
    json = JSON.parse(raw.toString());
  } catch {
    const at = `body.${raw.toString().trimEnd().length}`;
    return invalid(
      'json_invalid',
      at,
      'JSON decode error',
      summary({}),
      `, 'ctx': {'error': "Expecting ':' delimiter"}`,
    );
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return { json: json as Json };
  const msg = 'Input should be a valid dictionary or object to extract fields from';
  return invalid('model_attributes_type', 'body', msg, summary(json));
}

function readFields(endpoint: Endpoint, json: Json, limits: Limits, draw: () => number): ParsedRequest | ApiError {
  const texts = endpoint === 'chat' ? chatTexts(json) : promptTexts(json.prompt);
  if (!Array.isArray(texts)) return texts;
  const model = json.model ?? limits.modelNames[0];
  if (typeof model !== 'string' || !limits.modelNames.includes(model)) {
    const message = `The model \`${model}\` does not exist. Valid aliases: ${limits.modelNames.join(', ')}.`;
    return apiError(404, 'NotFoundError', message, 'model');
  }
  if (endpoint === 'chat' && !limits.chatTemplate) return badRequest(NO_CHAT_TEMPLATE);
  if (json.stream_options && !json.stream) {
    return badRequest('Stream options can only be defined when `stream=True`.', 'stream_options');
  }
  if ((json.n ?? 1) !== 1 || (json.best_of ?? 1) !== 1) return badRequest('Only n=1 is served here.');
  const temperature = json.temperature ?? 1;
  if (Number(temperature) < 0) {
    const value = Number.isInteger(temperature) ? `${temperature}.0` : String(temperature);
    return badRequest(`temperature must be non-negative, got ${value}.`, 'temperature', value);
  }
  // Greedy decoding ignores the seed, so only a sampled request is refused (tpu.py validate_request).
  if (temperature !== 0 && json.seed !== undefined && json.seed !== null) {
    return badRequest('Torch XLA does not support per-request seed.');
  }
  const prompts: Prompt[] = [];
  for (const text of texts) {
    const seed = temperature === 0 ? hash32(text) : draw();
    const prompt = planAnswer(endpoint, json, text, seed, limits);
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

/** The tokenizer library's sentence, which vLLM passes on. */
const NO_CHAT_TEMPLATE =
  'As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the ' +
  'tokenizer does not define one.';

function planAnswer(endpoint: Endpoint, json: Json, text: string, seed: number, { maxModelLen, skill = 1 }: Limits) {
  const tokens = countTokens(text);
  if (tokens > maxModelLen) return tooLong(maxModelLen);
  const room = maxModelLen - tokens;
  const asked = (endpoint === 'chat' ? json.max_completion_tokens : null) ?? json.max_tokens;
  if (Number(asked) > maxModelLen) {
    const message = `max_tokens=${asked} cannot be greater than max_model_len=${maxModelLen}. Please request fewer output tokens.`;
    return badRequest(message, 'max_tokens', Number(asked));
  }
  // What does not fit behind the prompt is cut off without a word.
  const limit = Math.min(Number(asked ?? (endpoint === 'chat' ? room : 16)), room);
  if (!Number.isInteger(limit) || limit < 1) {
    return badRequest(`max_tokens must be at least 1, got ${limit}.`, 'max_tokens', limit);
  }
  const least = Number(json.min_tokens ?? 0);
  if (least > limit) return badRequest(`min_tokens must be less than or equal to max_tokens=${limit}, got ${least}.`);
  const reply = json.ignore_eos === true ? null : solved(text, skill);
  // The token that ends the answer has no text.
  const natural = Math.max(least, reply === null ? naturalLength(seed) : countTokens(reply) + 1);
  const stops = json.ignore_eos !== true && natural < limit;
  return {
    text,
    tokens,
    outputTokens: stops ? natural : limit,
    finishReason: stops ? ('stop' as const) : ('length' as const),
    seed,
    hasText: !onlyWithoutText(json.allowed_token_ids),
    ...(reply === null ? {} : { reply }),
  };
}

/** The tokenizer stops one token behind the limit, so the refusal does not know how many there are. */
function tooLong(maxModelLen: number): ApiError {
  return badRequest(
    `This model's maximum context length is ${maxModelLen} tokens. However, your prompt contains at least ` +
      `${maxModelLen + 1} input tokens, which exceeds this limit even without any output tokens. ` +
      'Please reduce the length of the input prompt.',
    'input_tokens',
    maxModelLen + 1,
  );
}

/** Special tokens and single bytes come first in a vocabulary; no text comes of them alone. */
const FIRST_WITH_TEXT = 261;

function onlyWithoutText(allowed: unknown): boolean {
  return Array.isArray(allowed) && allowed.length > 0 && allowed.every((id) => Number(id) < FIRST_WITH_TEXT);
}

/** A prompt is a text, token ids, or a list of either. */
function promptTexts(prompt: unknown): string[] | ApiError {
  if (typeof prompt === 'string') return nonEmpty([prompt]);
  if (Array.isArray(prompt) && prompt.length > 0) {
    if (prompt.every((item) => typeof item === 'number')) return [textOfTokens(prompt)];
    const texts = prompt.map((item) => (Array.isArray(item) ? textOfTokens(item) : item));
    if (texts.every((text) => typeof text === 'string')) return nonEmpty(texts);
  }
  return noPrompt();
}

function nonEmpty(texts: string[]): string[] | ApiError {
  return texts.every((text) => text.length > 0) ? texts : noPrompt();
}

const noPrompt = () => badRequest('Either prompt or prompt_embeds must be provided and non-empty.', 'prompt');

function chatTexts(json: Json): string[] | ApiError {
  const { messages } = json;
  if (messages === undefined) {
    return invalid('missing', 'body.messages', 'Field required', summary(json));
  }
  if (!Array.isArray(messages) || messages.length === 0) {
    return invalid('list_type', 'body.messages', 'Input should be a valid list', summary(messages));
  }
  return [renderChat(messages.map(({ role, content }) => ({ role: String(role), content: textOf(content) })))];
}

/** Content is a text or a list of parts; only text parts reach this model. */
function textOf(content: unknown): string {
  if (Array.isArray(content)) return content.map((part: { text?: unknown }) => String(part.text ?? '')).join('\n');
  return typeof content === 'string' ? content : '';
}
