import type { ServingAnswer, ServingClient, ServingMessage } from '../../clients/serving/client.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { percentUpTo } from '../../lib/number.ts';
import { poll } from '../../lib/poll.ts';
import type { Check } from '../../report/model.ts';
import { clopperPearsonLower } from '../../verdict/statistics.ts';
import type { StageContext } from '../context.ts';
import { type RequestBudget, SILENT_LIMIT_MS } from './budget.ts';
import { add, ask, spend, status } from './request.ts';

const GATEWAY_LIMIT_MS = 60_000;
const PROBE_MAX_TOKENS = 8;

/**
 * Waits until the gateway carries requests: its proxies learn of new endpoints some time after Kubernetes calls the pods
 * Ready. When the time is over the checks are made all the same. Returns whether any request got an answer, good or bad.
 * Throws a Failure as soon as a node is lost.
 */
export async function awaitAnswer(context: StageContext, client: ServingClient): Promise<boolean> {
  let answered = false;
  await poll({
    stage: 'verify',
    what: 'an answer through the gateway',
    everyMs: Math.min(1_000, context.inputs.pollIntervalMs),
    limitMs: GATEWAY_LIMIT_MS,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => context.emit({ type: 'waiting', stage: 'verify', ...status }),
    probe: async () => {
      const tried = await Promise.all(
        ['/v1/models', '/health'].map((path) => ask(context, SILENT_LIMIT_MS, (limit) => client.get(path, limit))),
      );
      answered ||= tried.some(({ answer }) => answer !== null);
      const refused = tried.find(({ answer }) => answer?.status !== 200);
      if (!refused) return { done: true };
      await context.refuseLostNodes?.();
      return { waiting: status(refused) };
    },
  }).catch((error: unknown) => {
    context.signal.throwIfAborted();
    if (!(error instanceof Failure && error.code === 'timeout')) throw error;
    context.emit({ type: 'warning', text: errorText(error) });
  });
  return answered;
}

/** Asks for one completion and one chat completion, and notes what came of each. Returns whether chat works. */
export async function checkAnswers(
  context: StageContext,
  client: ServingClient,
  budget: RequestBudget,
  model: string,
): Promise<boolean> {
  const common = { model, max_tokens: PROBE_MAX_TOKENS, temperature: 0 };
  const completion = await spend(context, budget, (limit) =>
    client.post('/v1/completions', { ...common, prompt: 'The capital of France is' }, limit),
  );
  add(context, completionCheck(judgeAnswer(completion.answer, ofCompletion) ?? failed(status(completion))));
  const chat = await spend(context, budget, (limit) =>
    client.post('/v1/chat/completions', { ...common, messages: [{ role: 'user', content: 'Say hello.' }] }, limit),
  );
  const chatted = judgeAnswer(chat.answer, ofChat);
  const judged = chatted ?? withoutTemplate(chat.answer) ?? failed(status(chat));
  add(context, { id: 'chat', title: 'Chat completion', expected: 'HTTP 200 with tokens', ...judged });
  return chatted !== null && chatted.outcome !== 'fail';
}

/** The check of completions, which later requests may put into question. */
export function completionCheck(judged: Judged): Check {
  return { id: 'completion', title: 'Completion', expected: 'HTTP 200 with tokens', ...judged };
}

/**
 * Fails the check of completions where more were lost than the target allows, with 95 % confidence. One may be lost on a
 * connection that was just being closed, and proves nothing.
 */
export function noteLost(context: StageContext, sent: number, answered: number): void {
  const lost = sent - answered;
  const allowed = 1 - context.inputs.target.successRate;
  if (lost < 2 || clopperPearsonLower(lost, sent) <= allowed) return;
  const seen = `${lost} of ${sent} requests failed; ${percentUpTo(allowed, 2)} may`;
  add(context, completionCheck({ outcome: 'fail', seen }));
}

/** An outcome and what it rests on. */
export type Judged = Pick<Check, 'outcome' | 'seen'>;

const failed = (seen: string): Judged => ({ outcome: 'fail', seen });

/** What a choice brought: `5 characters`, `reasoning of 40 characters`; null when it brought none of what it may. */
type Reading = (choice: { text?: unknown; message?: ServingMessage }) => string | null;

const ofCompletion: Reading = ({ text }) => lengthOf(text);

/**
 * A reasoning parser leaves `content` null until the reasoning ends, and a model that calls a tool leaves it null
 * altogether. Eight tokens are all reasoning, as a rule.
 */
const ofChat: Reading = ({ message }) => {
  const content = lengthOf(message?.content);
  if (content) return content;
  const reasoning = lengthOf(message?.reasoning) ?? lengthOf(message?.reasoning_content);
  if (reasoning) return `reasoning of ${reasoning}`;
  const calls = Array.isArray(message?.tool_calls) ? message.tool_calls.length : 0;
  return calls > 0 ? `${calls} tool ${calls === 1 ? 'call' : 'calls'}` : null;
};

/** Judges an answer by its tokens. Null where it is not a completion. */
function judgeAnswer(answer: ServingAnswer | null, read: Reading): Judged | null {
  if (answer?.status !== 200) return null;
  const { choices, usage, error } = answer.json ?? {};
  if (error) return { outcome: 'fail', seen: `HTTP 200 with an error: ${JSON.stringify(error).slice(0, 160)}` };
  const [choice] = Array.isArray(choices) ? choices : [];
  if (!choice) return null;
  const tokens = typeof usage?.completion_tokens === 'number' ? usage.completion_tokens : null;
  const brought = read(choice);
  if (brought !== null) {
    if (tokens === 0) return { outcome: 'fail', seen: `HTTP 200, ${brought}, yet 0 tokens` };
    return { outcome: 'pass', seen: `HTTP 200, ${brought}` };
  }
  if (tokens === null || tokens === 0) return null;
  // Special tokens have no text. They were generated, and nothing shows that they make sense.
  return { outcome: 'warning', seen: `HTTP 200, ${tokens} tokens without text` };
}

/** vLLM's refusal of chat for a model without a chat template, such as a base model. Completions are not affected. */
function withoutTemplate(answer: ServingAnswer | null): Judged | null {
  if (answer?.status !== 400 || !/chat[ _-]?template/i.test(answer.body)) return null;
  return { outcome: 'warning', seen: 'HTTP 400: the model has no chat template, so it cannot serve chat' };
}

function lengthOf(text: unknown): string | null {
  return typeof text === 'string' && text !== '' ? `${text.length} characters` : null;
}
