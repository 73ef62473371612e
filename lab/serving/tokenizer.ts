import { createRandom } from './random.ts';

/**
 * The lab's tokenizer: every four UTF-16 units are one token. Real vocabularies average about that on English, and
 * equal beginnings give equal tokens, which is what a prefix cache needs.
 */
export const CHARACTERS_PER_TOKEN = 4;

export function countTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** A prompt given as token ids, as text of one token each. The ids sit where no plain text has characters. */
export function textOfTokens(ids: number[]): string {
  return ids.map((id) => String.fromCharCode(0xe000, (id >>> 16) & 0xffff, id & 0xffff, 0xe000)).join('');
}

export interface ChatMessage {
  role: string;
  content: string;
}

/** Applies Qwen2.5's chat template, which adds its own system prompt when the first message is not one. */
export function renderChat(messages: ChatMessage[]): string {
  const system = { role: 'system', content: 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' };
  const turns = messages[0]?.role === 'system' ? messages : [system, ...messages];
  const rendered = turns.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`);
  return `${rendered.join('')}<|im_start|>assistant\n`;
}

const WORDS =
  `the a of and to in is that it for as with on by an be this are from or which can at more than its into has one
  model models token tokens each layer layers attention weights data learns patterns text language large trained
  predicts next word sequence context means between many answer simple example step first second then because while
  memory cache prefix request server replica chip matrix multiply network train small fast value key query block
  number units results input output time energy light water people system systems process idea question`.split(/\s+/);

/** How long the answer would be before its end-of-sequence token. */
export function naturalLength(seed: number): number {
  return 24 + (seed % 97);
}

/** One token in so many is the first part of a character that two tokens spell. */
const CHARACTER_EVERY = 64;
const CHARACTERS = ['é', 'ü', '☕', '→'];

/**
 * The answer, token by token. Equal seeds give equal answers on every replica, as greedy decoding does. A token may have
 * no text: the first part of a character, and the token that ends the answer.
 */
export function answerTokens(seed: number, count: number, ends: boolean): string[] {
  const random = createRandom(seed);
  const pick = (texts: string[]) => texts[Math.floor(random() * texts.length)] as string;
  const tokens: string[] = [];
  while (tokens.length < count) {
    if (random() * CHARACTER_EVERY < 1) tokens.push('', pick(CHARACTERS));
    else tokens.push(` ${pick(WORDS)}`);
  }
  tokens.length = count;
  if (ends) tokens[count - 1] = '';
  return tokens;
}

/** A given answer in `count` tokens; those behind its end have no text. */
export function replyTokens(reply: string, count: number): string[] {
  const at = (index: number) => reply.slice(index * CHARACTERS_PER_TOKEN, (index + 1) * CHARACTERS_PER_TOKEN);
  return Array.from({ length: count }, (_, index) => at(index));
}
