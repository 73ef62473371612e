import { createServingClient, type ServingClient } from '../../clients/serving/client.ts';
import { humanDuration } from '../../lib/duration.ts';
import { percentUpTo } from '../../lib/number.ts';
import { deadline } from '../../lib/poll.ts';
import { BUILT_IN_NAME, builtInTasks } from '../../quality/built-in.ts';
import { answerText, type TaskApi, taskRequest } from '../../quality/request.ts';
import type { QualityTask } from '../../quality/task.ts';
import type { QualityComparison } from '../../report/model.ts';
import type { StageContext } from '../context.ts';
import { checkEndpoint } from '../ready/reach.ts';
import { ask } from '../verify/request.ts';
import type { Arm } from './change-arms.ts';
import { hasTime, SPARE_MS } from './load.ts';
import { type Answers, compareAnswers, mostUnanswered } from './quality-figures.ts';

/** Requests in flight to each arm, at most: a replica may serve few sequences at a time. */
const MOST_CONCURRENT = 8;
const REQUEST_LIMIT_MS = 60_000;
/** For all tasks together. */
const LIMIT_MS = 10 * 60_000;
/** What a task takes as a rule, for all that is known before the first. */
const USUAL_TASK_MS = 1_000;
const ATTEMPTS = 2;

/**
 * Puts the same tasks to both stacks at the same time, each once, and compares the answers. Null where the input `quality`
 * turns that off. A task without a response is asked once more; too many of them end the measurement.
 */
export async function measureQuality(
  context: StageContext,
  arms: Record<Arm['name'], Arm>,
  { concurrency, isFailing }: { concurrency: number; isFailing: boolean },
): Promise<QualityComparison | null> {
  const { quality, qualityTasks: path, maxQualityDrop: maxDrop } = context.inputs;
  if (quality === 'off') return null;
  const tasks = context.qualityTasks ?? builtInTasks();
  const common = { tasks: context.qualityTasks ? path : BUILT_IN_NAME, maxDrop };
  const without = (reason: string): QualityComparison => ({
    ...{ verdict: 'not-measured', reason, ...common, figures: null },
  });
  if (isFailing) return without('A stack no longer served when its tasks were to be put to it.');
  const workers = Math.max(1, Math.min(MOST_CONCURRENT, concurrency));
  if (!hasTime(context, (tasks.length * USUAL_TASK_MS) / workers)) {
    return without('The run did not have enough time or money left for its tasks.');
  }
  const chats = { head: arms.head.loaded.model.chat, base: arms.base.loaded.model.chat };
  // Completions would hide that clients of chat get no answer any more.
  if (chats.base && !chats.head) return without('The stack under test serves no chat, and the base stack does.');
  const api = chats.head && chats.base ? 'chat' : 'completions';
  const how = api === 'chat' ? 'chat' : 'completion';
  // Whatever the tasks take, the run keeps the result of the pairs.
  const { endsMs = Number.POSITIVE_INFINITY, clock } = context;
  const limitMs = Math.min(LIMIT_MS, endsMs - clock.now() - SPARE_MS);
  const begins = `putting ${tasks.length} tasks to both stacks by ${how}, for at most ${humanDuration(limitMs)}`;
  context.emit({ type: 'fact', stage: 'benchmark', text: begins });
  const limit = deadline(context.signal, limitMs);
  const stop = new AbortController();
  const signal = AbortSignal.any([limit, stop.signal]);
  const answersOf = (arm: Arm) => answer(arm, tasks, { api, workers, signal, giveUp: () => stop.abort() });
  const [head, base] = await Promise.all([answersOf(arms.head), answersOf(arms.base)]);
  context.signal.throwIfAborted();
  if (limit.aborted) return without(`Its tasks were not all answered within ${humanDuration(limitMs)}.`);
  const compared = compareAnswers({ tasks, head, base, api, maxDrop });
  const found: QualityComparison = { ...common, ...compared };
  context.emit({ type: 'fact', stage: 'benchmark', text: `quality of answers: ${qualityLine(found)}` });
  return found;
}

/** The answers of one arm, by the order of the tasks; null where one has no response. */
async function answer(
  arm: Arm,
  tasks: readonly QualityTask[],
  { api, workers, signal, giveUp }: { api: TaskApi; workers: number; signal: AbortSignal; giveUp: () => void },
): Promise<Answers> {
  const { stack, model } = arm.loaded;
  const { hostname } = stack.route;
  // By the route of the service, as its users do: a way to one replica has completions alone.
  const client = createServingClient({ baseUrl: checkEndpoint(stack), hostname, signal });
  const found: Answers = { texts: tasks.map(() => null), lost: 0, problem: null };
  let next = 0;
  const work = async () => {
    while (next < tasks.length && !signal.aborted) {
      const index = next;
      next += 1;
      const task = tasks[index] as QualityTask;
      const { text, problem } = await asked(client, taskRequest(task, { api, model: model.modelId }), signal);
      found.texts[index] = text;
      // A request that ended with the measurement is nobody's fault.
      if (text !== null || signal.aborted) continue;
      found.problem ??= problem;
      found.lost += 1;
      if (found.lost > mostUnanswered(tasks.length)) giveUp();
    }
  };
  try {
    await Promise.all(Array.from({ length: workers }, work));
  } finally {
    await client.close();
  }
  return found;
}

async function asked(
  client: ServingClient,
  { path, body }: ReturnType<typeof taskRequest>,
  signal: AbortSignal,
): Promise<{ text: string | null; problem: string | null }> {
  let problem: string | null = null;
  for (let attempt = 0; attempt < ATTEMPTS && !signal.aborted; attempt += 1) {
    // What ends the measurement ends the request as well, and not the run.
    const sent = await ask({ signal: NEVER }, REQUEST_LIMIT_MS, (limit) => client.post(path, body, limit));
    const text = sent.answer?.status === 200 ? answerText(sent.answer.json?.choices) : null;
    if (text !== null) return { text, problem: null };
    problem = sent.answer ? `HTTP ${sent.answer.status}` : sent.problem;
  }
  return { text: null, problem };
}

const NEVER = new AbortController().signal;

function qualityLine({ verdict, reason, figures }: QualityComparison): string {
  if (!figures) return `${verdict}: ${reason}`;
  return `${verdict}: ${reason} ${percentUpTo(figures.identicalShare)} of the answers are identical.`;
}
