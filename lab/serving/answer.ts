import type { Endpoint, ParsedRequest } from './request.ts';

export interface Usage {
  promptTokens: number;
  completionTokens: number;
  /** Null unless the server runs with `--enable-prompt-tokens-details`. */
  cachedTokens: number | null;
}

/** What all parts of one response share. */
export interface AnswerHead {
  endpoint: Endpoint;
  id: string;
  /** Seconds since the epoch. */
  created: number;
  model: string;
  /** All of the text is reasoning, as of a chat that a reasoning parser reads and that never ends its thought. */
  reasoning: boolean;
}

export interface Choice {
  text: string;
  finishReason: 'stop' | 'length';
}

/** `cmpl-…` or `chatcmpl-…`; vLLM takes the rest from the `X-Request-Id` that the gateway sends along. */
export function answerHead(
  endpoint: Endpoint,
  request: ParsedRequest,
  requestId: string,
  reasoning: boolean,
): AnswerHead {
  const prefix = endpoint === 'chat' ? 'chatcmpl' : 'cmpl';
  const created = Math.floor(Date.now() / 1_000);
  return { endpoint, id: `${prefix}-${requestId}`, created, model: request.model, reasoning };
}

/** Token counts; a chat counts the blocks that it made for the cache as well, which are none without a flag. */
function usageBody({ endpoint, reasoning }: AnswerHead, { promptTokens, completionTokens, cachedTokens }: Usage) {
  const created = endpoint === 'chat' ? 0 : null;
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
    prompt_tokens_details:
      cachedTokens === null
        ? null
        : { cached_tokens: cachedTokens, created_cache_tokens: created, multimodal_tokens: null },
    // A thought that does not end is not counted.
    completion_tokens_details: reasoning ? { reasoning_tokens: 0 } : null,
  };
}

/** Without its members that are null, as at the end of a stream. */
function present(value: object): object {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) => {
      if (each === null) return [];
      return [[name, typeof each === 'object' ? present(each) : each]];
    }),
  );
}

/** vLLM's version, its parallelism and a hash of its configuration. */
const FINGERPRINT = 'vllm-0.32.0-tp4-5c1ed0a7';

/** In responses, for tracing; null unless a request asks for it, which the lab does not serve. */
const UNTRACED = { token_ids: null, routed_experts: null };

/** The whole response as JSON, for a request that does not stream. */
export function renderAnswer(head: AnswerHead, choices: Choice[], usage: Usage): string {
  const isChat = head.endpoint === 'chat';
  return JSON.stringify({
    id: head.id,
    object: isChat ? 'chat.completion' : 'text_completion',
    created: head.created,
    model: head.model,
    choices: choices.map(({ text, finishReason }, index) =>
      isChat
        ? {
            index,
            message: {
              role: 'assistant',
              content: head.reasoning ? null : text,
              refusal: null,
              annotations: null,
              audio: null,
              function_call: null,
              reasoning: head.reasoning ? text : null,
            },
            logprobs: null,
            finish_reason: finishReason,
            stop_reason: null,
            ...UNTRACED,
          }
        : {
            index,
            text,
            logprobs: null,
            finish_reason: finishReason,
            stop_reason: null,
            ...UNTRACED,
            prompt_logprobs: null,
            prompt_token_ids: null,
          },
    ),
    service_tier: null,
    system_fingerprint: FINGERPRINT,
    usage: usageBody(head, usage),
    ...(isChat ? { prompt_logprobs: null, prompt_token_ids: null, prompt_text: null } : {}),
    kv_transfer_params: null,
    ec_transfer_params: null,
    metrics: null,
  });
}

const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;

function chunk({ endpoint, id, created, model }: AnswerHead, choices: unknown[]) {
  return { id, object: endpoint === 'chat' ? 'chat.completion.chunk' : 'text_completion', created, model, choices };
}

/** The chat stream's first event, which names the role; completions have none. */
export function renderOpening(head: AnswerHead, choices: number): string {
  if (head.endpoint === 'completions') return '';
  return Array.from({ length: choices }, (_, index) =>
    event({
      ...chunk(head, [{ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }]),
      prompt_token_ids: null,
      prompt_text: null,
    }),
  ).join('');
}

/**
 * One event of a stream: new text of one choice, which is empty for a token without text; `finishReason` is null until
 * its last token. `isEnd`: no event with the usage follows the last token's.
 */
export function renderDelta(
  head: AnswerHead,
  index: number,
  { text, finishReason, isEnd }: { text: string; finishReason: string | null; isEnd: boolean },
): string {
  const isLast = finishReason !== null;
  const isChat = head.endpoint === 'chat';
  const content = head.reasoning ? { reasoning: text } : { content: text };
  const choice = {
    index,
    ...(isChat ? { delta: content } : { text }),
    logprobs: null,
    finish_reason: finishReason,
    ...(!isChat || isLast ? { stop_reason: null } : {}),
    ...(isChat ? {} : { prompt_token_ids: null }),
    token_ids: null,
  };
  return event({ ...chunk(head, [choice]), ...(isLast && isEnd ? { system_fingerprint: FINGERPRINT } : {}) });
}

/** The end of a stream: usage, when asked for with `stream_options.include_usage`, and the terminator. */
export function renderEnding(head: AnswerHead, usage: Usage | null): string {
  const fingerprint = { system_fingerprint: FINGERPRINT };
  const last = usage ? event({ ...chunk(head, []), usage: present(usageBody(head, usage)), ...fingerprint }) : '';
  return `${last}data: [DONE]\n\n`;
}
