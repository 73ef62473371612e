import { describe, expect, it } from 'vitest';
import { type Endpoint, isError, parseRequest } from '../../serving/request.ts';

const LIMITS = { modelNames: ['qwen', 'alias'], maxModelLen: 2048, chatTemplate: true };

function parse(body: unknown, endpoint: Endpoint = 'completions', contentType = 'application/json') {
  const raw =
    body === undefined ? Buffer.alloc(0) : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return parseRequest(endpoint, contentType, raw, LIMITS, () => 7);
}

function refusal(body: unknown, endpoint: Endpoint = 'completions'): string {
  const result = parse(body, endpoint);
  return isError(result) ? `${result.status} ${result.body.error.type}: ${result.body.error.message}` : 'accepted';
}

function prompt(body: unknown, endpoint: Endpoint = 'completions') {
  const result = parse(body, endpoint);
  if (isError(result)) throw new Error(result.body.error.message);
  return result.prompts[0]!;
}

describe('refusals', () => {
  it.each([
    [
      'no body',
      undefined,
      "400 Bad Request: 1 validation error:\n  {'type': 'missing', 'loc': 'body', 'msg': 'Field required'",
    ],
    ['no JSON', '{"model"', "400 Bad Request: 1 validation error:\n  {'type': 'json_invalid', 'loc': 'body.8'"],
    [
      'no prompt',
      { model: 'qwen' },
      '400 BadRequestError: Either prompt or prompt_embeds must be provided and non-empty. (parameter=prompt)',
    ],
    [
      'unknown model',
      { model: 'x', prompt: 'hi' },
      '404 NotFoundError: The model `x` does not exist. Valid aliases: qwen, alias.',
    ],
    [
      'too long',
      { model: 'qwen', prompt: 'x'.repeat(2049 * 4) },
      "400 BadRequestError: This model's maximum context length is 2048 tokens. However, your prompt contains at least 2049 input tokens",
    ],
    [
      'answer too long',
      { model: 'qwen', prompt: 'hi', max_tokens: 4000 },
      '400 BadRequestError: max_tokens=4000 cannot be greater than max_model_len=2048. Please request fewer output tokens.',
    ],
    [
      'no tokens',
      { model: 'qwen', prompt: 'hi', max_tokens: 0 },
      '400 BadRequestError: max_tokens must be at least 1, got 0.',
    ],
    [
      'seed on TPU',
      { model: 'qwen', prompt: 'hi', seed: 1 },
      '400 BadRequestError: Torch XLA does not support per-request seed.',
    ],
    [
      'stream options alone',
      { model: 'qwen', prompt: 'hi', stream_options: { include_usage: true } },
      '400 BadRequestError: Stream options can only be defined when `stream=True`.',
    ],
  ])('%s', (_, body, expected) => {
    expect(refusal(body)).toContain(expected);
  });

  it('asks a chat for its messages', () => {
    expect(refusal({ model: 'qwen', prompt: 'hi' }, 'chat')).toContain(
      "'loc': 'body.messages', 'msg': 'Field required'",
    );
  });

  it('takes JSON only', () => {
    const result = parse({ model: 'qwen', prompt: 'hi' }, 'completions', 'text/plain');
    expect(isError(result) && result.body.error.message).toContain("Only 'application/json' is allowed");
    expect(parse({ model: 'qwen', prompt: 'hi' }, 'completions', 'Application/JSON; charset=utf-8')).toHaveProperty(
      'prompts',
    );
  });

  it('lets a greedy request name a seed, and any served name name the model', () => {
    expect(refusal({ model: 'alias', prompt: 'hi', seed: 1, temperature: 0 })).toBe('accepted');
  });
});

describe('answer length', () => {
  it('is 16 tokens for a completion that asks nothing', () => {
    expect(prompt({ model: 'qwen', prompt: 'hi' })).toMatchObject({ outputTokens: 16, finishReason: 'length' });
  });

  it('is max_tokens with ignore_eos, and the natural end without', () => {
    const long = { model: 'qwen', prompt: 'hi', temperature: 0, max_tokens: 500 };
    expect(prompt({ ...long, ignore_eos: true })).toMatchObject({ outputTokens: 500, finishReason: 'length' });
    const natural = prompt(long);
    expect(natural.finishReason).toBe('stop');
    expect(natural.outputTokens).toBeLessThanOrEqual(120);
    expect(prompt({ ...long, min_tokens: 200 })).toMatchObject({ outputTokens: 200, finishReason: 'stop' });
  });

  it('is cut off without a word where it does not fit behind the prompt', () => {
    const long = { model: 'qwen', prompt: 'x'.repeat(8000), max_tokens: 100, ignore_eos: true };
    expect(prompt(long)).toMatchObject({ tokens: 2000, outputTokens: 48, finishReason: 'length' });
  });

  it('is about four characters a token in the prompt, with the chat template around messages', () => {
    expect(prompt({ model: 'qwen', prompt: 'x'.repeat(2560) }).tokens).toBe(640);
    const chat = prompt({ model: 'qwen', messages: [{ role: 'user', content: 'Hello' }] }, 'chat');
    expect(chat.text).toContain('<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n');
    expect(prompt({ model: 'qwen', prompt: [1, 2, 3, 70_000] }).tokens).toBe(4);
  });
});
