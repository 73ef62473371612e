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
}

export interface Choice {
  text: string;
  finishReason: 'stop' | 'length';
}

/** `cmpl-…` or `chatcmpl-…`; vLLM takes the rest from the `X-Request-Id` that the gateway sends along. */
export function answerHead(endpoint: Endpoint, request: ParsedRequest, requestId: string): AnswerHead {
  const prefix = endpoint === 'chat' ? 'chatcmpl' : 'cmpl';
  const created = Math.floor(Date.now() / 1_000);
  return { endpoint, id: `${prefix}-${requestId}`, created, model: request.model };
}

function usageBody({ promptTokens, completionTokens, cachedTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
    prompt_tokens_details: cachedTokens === null ? null : { cached_tokens: cachedTokens },
  };
}

/** The whole response as JSON, for a request that does not stream. */
export function renderAnswer({ endpoint, id, created, model }: AnswerHead, choices: Choice[], usage: Usage): string {
  const object = endpoint === 'chat' ? 'chat.completion' : 'text_completion';
  return JSON.stringify({
    id,
    object,
    created,
    model,
    choices: choices.map(({ text, finishReason }, index) =>
      endpoint === 'chat'
        ? {
            index,
            message: { role: 'assistant', content: text, refusal: null, tool_calls: [], reasoning_content: null },
            logprobs: null,
            finish_reason: finishReason,
            stop_reason: null,
          }
        : { index, text, logprobs: null, finish_reason: finishReason, stop_reason: null, prompt_logprobs: null },
    ),
    service_tier: null,
    system_fingerprint: null,
    usage: usageBody(usage),
    kv_transfer_params: null,
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
    event(chunk(head, [{ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }])),
  ).join('');
}

/** One event of a stream: new text of one choice; `finishReason` is null until its last token. */
export function renderDelta(head: AnswerHead, index: number, text: string, finishReason: string | null): string {
  const ending = { logprobs: null, finish_reason: finishReason, stop_reason: null };
  if (head.endpoint === 'chat') return event(chunk(head, [{ index, delta: { content: text }, ...ending }]));
  return event({ ...chunk(head, [{ index, text, ...ending }]), usage: null });
}

/** The end of a stream: usage, when asked for with `stream_options.include_usage`, and the terminator. */
export function renderEnding(head: AnswerHead, usage: Usage | null): string {
  const last = usage ? event({ ...chunk(head, []), usage: usageBody(usage) }) : '';
  return `${last}data: [DONE]\n\n`;
}
