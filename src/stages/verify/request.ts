import type { RequestLimit, ServingAnswer } from '../../clients/serving/client.ts';
import { humanDuration } from '../../lib/duration.ts';
import { errorText } from '../../lib/failure.ts';
import type { Check, CheckOutcome } from '../../report/model.ts';
import type { StageContext } from '../context.ts';
import type { RequestBudget } from './budget.ts';

/** One request: its answer, or why there is none. */
export interface Asked {
  answer: ServingAnswer | null;
  problem: string | null;
}

/** Sends one request, which waits at most `limitMs` milliseconds. Throws only when the run is aborted. */
export async function ask(
  context: Pick<StageContext, 'signal'>,
  limitMs: number,
  send: (limit: RequestLimit) => Promise<ServingAnswer>,
): Promise<Asked> {
  try {
    return { answer: await send({ limitMs }), problem: null };
  } catch (error) {
    context.signal.throwIfAborted();
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    return { answer: null, problem: isLate ? `no answer within ${humanDuration(limitMs)}` : errorText(error) };
  }
}

/** The same on a budget, which sets the limit and counts the request. */
export async function spend(
  context: Pick<StageContext, 'signal'>,
  budget: RequestBudget,
  send: (limit: RequestLimit) => Promise<ServingAnswer>,
): Promise<Asked> {
  const asked = await ask(context, budget.limitMs(), send);
  budget.take(asked);
  return asked;
}

/** Notes a check and writes it to the log. */
export function add(context: StageContext, check: Check): void {
  context.note({ type: 'check', check });
  const words: Record<CheckOutcome, string> = {
    pass: 'pass',
    warning: 'warning',
    fail: 'FAIL',
    inconclusive: 'inconclusive',
    'not-observable': 'not observable',
  };
  context.emit({ type: 'fact', stage: 'verify', text: `${check.title}: ${words[check.outcome]} (${check.seen})` });
}

/** What came back, in a few words. The text of an answer is hostile. */
export function status({ answer, problem }: Asked): string {
  if (!answer) return problem ?? 'no answer';
  return answer.status === 200
    ? 'HTTP 200'
    : `HTTP ${answer.status}${answer.body ? `: ${answer.body.slice(0, 400)}` : ''}`;
}
