/** Which server a request is for: they differ in model and flags. */
export type ServerKind = 'chat' | 'base' | 'reasoning';

/** One request, by the name of its recording. */
export interface Exchange {
  name: string;
  server: ServerKind;
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  /** JSON, or a text that is sent as it is. */
  body?: unknown;
}

export const MODEL = 'qwen';
/** Tokens, prompt and answer together, that every server is started with. */
export const MAX_MODEL_LEN = 2048;

/** The flags of each server beside its model, address and length. */
export const FLAGS: Readonly<Record<ServerKind, readonly string[]>> = {
  chat: ['--enable-prompt-tokens-details'],
  base: [],
  reasoning: ['--reasoning-parser=deepseek_r1'],
};

const COMPLETIONS = '/v1/completions';
const CHAT = '/v1/chat/completions';
/** Greedy, and of one length whatever the model would do. */
const FIXED = { max_tokens: 6, min_tokens: 6, temperature: 0, ignore_eos: true };
const USAGE = { stream: true, stream_options: { include_usage: true } };
const messages = [{ role: 'user', content: 'Hello, how are you?' }];
const prompt = 'Hello, how are you?';
const LONG = 'the of and to '.repeat(300);

const get = (name: string, path: string): Exchange => ({ name, server: 'chat', method: 'GET', path });
const complete = (name: string, body: object): Exchange => ({
  name,
  server: 'chat',
  method: 'POST',
  path: COMPLETIONS,
  body: { model: MODEL, ...body },
});
const chat = (name: string, body: object, server: ServerKind = 'chat'): Exchange => ({
  ...complete(name, body),
  server,
  path: CHAT,
});

/** Requests that are answered, in this order: the second of the two long prompts finds the first one's blocks. */
export const ANSWERED: readonly Exchange[] = [
  get('health', '/health'),
  get('version', '/version'),
  get('models', '/v1/models'),
  { ...complete('completion', { prompt, ...FIXED }), headers: { 'x-request-id': 'given' } },
  complete('completion-of-two', { prompt: [prompt, 'What is AI?'], ...FIXED }),
  complete('completion-of-ids', { prompt: [300, 301, 302, 303], ...FIXED }),
  complete('completion-uncached', { prompt: LONG, ...FIXED }),
  complete('completion-cached', { prompt: LONG, ...FIXED }),
  complete('completion-stream', { prompt, ...FIXED, stream: true }),
  complete('completion-stream-usage', { prompt, ...FIXED, ...USAGE }),
  { ...chat('chat', { messages, ...FIXED }), headers: { 'x-request-id': 'given' } },
  chat('chat-stream', { messages, ...FIXED, stream: true }),
  chat('chat-stream-usage', { messages, ...FIXED, ...USAGE }),
  chat('reasoning', { messages, ...FIXED }, 'reasoning'),
  chat('reasoning-stream', { messages, ...FIXED, ...USAGE }, 'reasoning'),
  { ...complete('completion-base', { prompt, ...FIXED }), server: 'base' },
];

/** Streams whose tokens have no text: special tokens, and the first two of the three bytes of a character. */
export const WITHOUT_TEXT: readonly Exchange[] = [
  complete('stream-special-tokens', { prompt, ...FIXED, ...USAGE, allowed_token_ids: [3, 4] }),
  complete('stream-partial-characters', { prompt, ...FIXED, ...USAGE, allowed_token_ids: [163, 132] }),
  chat('chat-stream-special-tokens', { messages, ...FIXED, ...USAGE, allowed_token_ids: [3, 4] }),
];

/** Requests that are refused. */
export const REFUSED: readonly Exchange[] = [
  get('unknown-path', '/nothing'),
  get('wrong-method', COMPLETIONS),
  complete('unknown-model', { prompt, model: 'other' }),
  chat('unknown-model-chat', { messages, model: 'other' }),
  complete('prompt-too-long', { prompt: LONG.repeat(4) }),
  chat('prompt-too-long-chat', { messages: [{ role: 'user', content: LONG.repeat(4) }] }),
  complete('answer-too-long', { prompt, max_tokens: 4_000 }),
  { ...complete('bad-json', {}), body: '{"model"' },
  { ...complete('no-body', {}), body: '' },
  { ...complete('no-object', {}), body: '[1]' },
  { ...complete('wrong-type', {}), body: '{"model":"qwen","prompt":"hi"}', headers: { 'content-type': 'text/plain' } },
  complete('no-prompt', {}),
  complete('empty-prompt', { prompt: '' }),
  chat('no-messages', {}),
  chat('messages-no-list', { messages: 'hi' }),
  complete('no-tokens', { prompt, max_tokens: 0 }),
  complete('more-than-max', { prompt, max_tokens: 4, min_tokens: 8 }),
  complete('negative-temperature', { prompt, temperature: -1 }),
  complete('usage-without-stream', { prompt, stream_options: { include_usage: true } }),
  chat('no-chat-template', { messages, ...FIXED }, 'base'),
];
