import type { LoadArm } from '../report/model.ts';
import { runFixed } from './closed-loop.ts';
import { RUNBOOK_PROMPTS, requestBody } from './prompts.ts';
import { type WayTarget, wayClient } from './ways.ts';

/** The runbook's own requests, a fixed number of them. Plain data, so that another process can send them too. */
export interface FixedLoad {
  prompts: 'serial' | 'parallel';
  requests: number;
  concurrency: number;
  model: string;
  arm: LoadArm;
  block: number;
}

/** What came of them. */
export interface FixedResult {
  completed: number;
  /** From the first send to the last answer. */
  seconds: number;
}

/** Sends the runbook's requests from this process, by the route of the service. */
export async function runFixedSource(load: FixedLoad, target: WayTarget, signal: AbortSignal): Promise<FixedResult> {
  const { prompts, requests, concurrency, model, arm, block } = load;
  const { maxTokens } = RUNBOOK_PROMPTS;
  const client = wayClient(target, null, { connections: concurrency, expect: { completionTokens: null } });
  let number = 0;
  const nextBody = () => {
    number += 1;
    const prompt = prompts === 'serial' ? RUNBOOK_PROMPTS.serial() : RUNBOOK_PROMPTS.parallel(number);
    return requestBody(prompt, { api: 'completions', model, maxTokens, fixedLength: false });
  };
  try {
    const run = await runFixed({ client, requests, concurrency, nextBody, arm, block, signal });
    return { completed: run.completed, seconds: run.seconds };
  } finally {
    await client.close();
  }
}
