import type { QualityTask } from './task.ts';

/** How tasks are put to a model: as a chat where it has a template, otherwise as text to complete. */
export type TaskApi = 'chat' | 'completions';

/** Where a completion ends: at the next question. */
const STOP = ['\nQuestion:', '\n\n'];

/** Shows a model without a chat template what an answer looks like. */
const EXAMPLES: Readonly<Record<Exclude<QualityTask['kind'], 'own'>, readonly [question: string, answer: string]>> = {
  arithmetic: ['Mara has 4 cups and buys 2 boxes with 3 cups in each. How many cups does Mara have now?', '10'],
  text: ['Write the characters of "stone7" in reverse order.', '7enots'],
  json: [
    'Write this as JSON of the schema {"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"}}}: Mara is 31 years old.',
    '{"name":"Mara","age":31}',
  ],
};

/**
 * Path and body of the request for a task: greedy (temperature 0), with a seed, never longer than the task allows. A chat
 * template that can leave out a thought is asked to (docs.vllm.ai, "Reasoning Outputs"); others ignore that.
 */
export function taskRequest(
  { kind, messages, maxTokens }: QualityTask,
  { api, model }: { api: TaskApi; model: string },
): { path: string; body: object } {
  const common = { model, max_tokens: maxTokens, temperature: 0, seed: 0 };
  if (api === 'chat') {
    const body = { ...common, messages, chat_template_kwargs: { enable_thinking: false } };
    return { path: '/v1/chat/completions', body };
  }
  const text = messages.map(({ content }) => content).join('\n\n');
  if (kind === 'own') return { path: '/v1/completions', body: { ...common, prompt: text } };
  const [question, answer] = EXAMPLES[kind];
  const prompt = `Question: ${question}\nAnswer: ${answer}\n\nQuestion: ${text}\nAnswer:`;
  return { path: '/v1/completions', body: { ...common, prompt, stop: STOP } };
}

/** The text of the first choice, empty where it has none; null where the response has no choice. */
export function answerText(choices: unknown): string | null {
  const [choice] = Array.isArray(choices) ? (choices as { text?: unknown; message?: { content?: unknown } }[]) : [];
  if (!choice) return null;
  const text = choice.text ?? choice.message?.content;
  return typeof text === 'string' ? text : '';
}
