import { createHash } from 'node:crypto';
import { WORDS } from './vocabulary.ts';

/** Characters that make one token of plain English, roughly; the true count comes back in `usage.prompt_tokens`. */
export const CHARS_PER_TOKEN = 4;

export interface PromptOptions {
  /**
   * Every prompt follows from it. Put the run's id, attempt, arm and block into it: prompts that an earlier run or block
   * has sent would be answered from its prefix cache.
   */
  seed: string;
  promptTokens: number;
}

/**
 * Prompts that share nothing: a nonce comes first, so the first block, and with it every block after it, hashes
 * differently. Returns a function that gives the next one.
 */
export function uniquePrompts(options: PromptOptions): () => string {
  const { filler, next } = uniqueCuts(options);
  return () => {
    const { opening, start, end } = next();
    return opening + filler.slice(start, end);
  };
}

/** The same as a text, and what each prompt has before a part of it. */
export function uniqueCuts(options: PromptOptions): {
  filler: string;
  next: () => { opening: string; start: number; end: number };
} {
  const filler = fillerText(options.seed, 2 * options.promptTokens * CHARS_PER_TOKEN);
  const length = options.promptTokens * CHARS_PER_TOKEN;
  let sent = 0;
  return {
    filler,
    next() {
      const opening = `${nonce(options.seed, sent)} `;
      const start = (sent * 97) % Math.max(1, filler.length - length);
      sent++;
      return { opening, start, end: start + Math.max(0, length - opening.length) };
    },
  };
}

export interface SharedPrefixGroup {
  /** Opens with a nonce of its own, so that no earlier run has it cached. */
  prefix: string;
  /** The prefix and a suffix that begins with a nonce: nothing beyond the prefix is shared. */
  prompt(index: number): string;
}

/** A group of prompts with one long common prefix. */
export function sharedPrefixGroup(options: {
  seed: string;
  group: number;
  prefixTokens: number;
  suffixTokens: number;
}): SharedPrefixGroup {
  const name = `${options.seed}/group-${options.group}`;
  const prefix = fit(`${nonce(name, 0)} `, name, options.prefixTokens);
  return {
    prefix,
    prompt: (index) => `${prefix} ${fit(`${nonce(name, index + 1)} `, `${name}/${index}`, options.suffixTokens)}`,
  };
}

/** The runbook's own prompts: one sentence over and over, serially, and a numbered one in parallel. */
export const RUNBOOK_PROMPTS = {
  serial: (): string => 'Hello, how are you?',
  parallel: (number: number): string => `Request ${number}: What is AI?`,
  maxTokens: 10,
} as const;

export interface BodyOptions {
  api: 'completions' | 'chat';
  model: string;
  maxTokens: number;
  /** Orders exactly `maxTokens` (vLLM's `ignore_eos` and `min_tokens`): a shorter answer must not look like speed. */
  fixedLength: boolean;
  /** As server-sent events, with the token counts at their end. */
  stream?: boolean;
}

/** The JSON body of one request: greedy. No `seed`: vLLM on TPU refuses it per request. */
export function requestBody(prompt: string, options: BodyOptions): Buffer {
  const input: Record<string, unknown> =
    options.api === 'chat' ? { messages: [{ role: 'user', content: prompt }] } : { prompt };
  const length = options.fixedLength ? { min_tokens: options.maxTokens, ignore_eos: true } : {};
  const body = {
    model: options.model,
    ...input,
    max_tokens: options.maxTokens,
    ...length,
    temperature: 0,
    ...(options.stream ? { stream: true, stream_options: { include_usage: true } } : { stream: false }),
  };
  return Buffer.from(JSON.stringify(body));
}

function fit(opening: string, seed: string, tokens: number): string {
  const length = tokens * CHARS_PER_TOKEN;
  return (opening + fillerText(seed, length)).slice(0, Math.max(opening.length, length));
}

/** Sixteen hexadecimal digits that open the prompt at `index`. */
export function nonce(seed: string, index: number): string {
  return createHash('sha256').update(`${seed}\n${index}`).digest('hex').slice(0, 16);
}

/** At least `length` characters of words, drawn by a generator that is seeded from the text `seed`. */
function fillerText(seed: string, length: number): string {
  const random = createRandom(seed);
  let text = '';
  while (text.length < length) text += `${WORDS[Math.floor(random() * WORDS.length)]} `;
  return text;
}

/** Deterministic numbers in [0, 1) from a text: xorshift128 (Marsaglia 2003), seeded by SHA-256. */
export function createRandom(seed: string): () => number {
  const digest = createHash('sha256').update(seed).digest();
  let [x, y, z, w] = [digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE(8), digest.readInt32LE(12)];
  w |= 1;
  return () => {
    const t = x ^ (x << 11);
    [x, y, z] = [y, z, w];
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return (w >>> 0) / 0x1_0000_0000;
  };
}
