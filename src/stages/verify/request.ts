import type { ServingAnswer } from '../../clients/serving/client.ts';
import { errorText } from '../../lib/failure.ts';
import type { Check, CheckOutcome } from '../../report/model.ts';
import type { StageContext } from '../context.ts';

export interface Asked {
  answer: ServingAnswer | null;
  problem: string | null;
}

export async function ask(context: StageContext, send: () => Promise<ServingAnswer>): Promise<Asked> {
  try {
    return { answer: await send(), problem: null };
  } catch (error) {
    context.signal.throwIfAborted();
    return { answer: null, problem: errorText(error) };
  }
}

export function add(context: StageContext, check: Check): void {
  context.note({ type: 'check', check });
  const words: Record<CheckOutcome, string> = {
    pass: 'pass',
    fail: 'FAIL',
    inconclusive: 'inconclusive',
    'not-observable': 'not observable',
  };
  context.emit({ type: 'fact', stage: 'verify', text: `${check.title}: ${words[check.outcome]} (${check.seen})` });
}

export function status({ answer, problem }: Asked): string {
  if (!answer) return problem ?? 'no answer';
  return answer.status === 200
    ? 'HTTP 200'
    : `HTTP ${answer.status}${answer.body ? `: ${answer.body.slice(0, 400)}` : ''}`;
}
