import { runFixed } from '../../load/closed-loop.ts';
import { RUNBOOK_PROMPTS, requestBody } from '../../load/prompts.ts';
import type { RunbookFigures } from '../../report/model.ts';
import { RUNBOOK, runbookFigures } from '../../verdict/runbook.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import type { VerifiedModel } from '../verify/verify.ts';
import { loadClient } from './load-client.ts';
import { stoppedAnswering } from './stopped.ts';

/** The seed's own 20 serial and 100 parallel requests, through the service's endpoint. */
export async function runbook(bench: {
  context: StageContext;
  prepared: Prepared;
  stack: ReadyStack;
  model: VerifiedModel;
}): Promise<RunbookFigures> {
  const { context, stack, model, prepared } = bench;
  const { maxTokens } = RUNBOOK_PROMPTS;
  const client = loadClient(stack.route.endpoint, stack.route.hostname, RUNBOOK.parallel.concurrency, null);
  const run = (kind: 'serial' | 'parallel') => {
    let number = 0;
    const prompt = () => {
      number += 1;
      return kind === 'serial' ? RUNBOOK_PROMPTS.serial() : RUNBOOK_PROMPTS.parallel(number);
    };
    return runFixed({
      client,
      requests: RUNBOOK[kind].requests,
      concurrency: RUNBOOK[kind].concurrency,
      nextBody: () =>
        requestBody(prompt(), { api: 'completions', model: model.modelId, maxTokens, fixedLength: false }),
      arm: 'all',
      block: -100,
      signal: context.signal,
    });
  };
  try {
    const serialRun = await run('serial');
    if (serialRun.completed === 0) throw stoppedAnswering("the runbook's requests were sent");
    const figures = runbookFigures({ serial: serialRun, parallel: await run('parallel') }, prepared.service.replicas);
    const { serial, parallel } = figures;
    context.emit({
      type: 'fact',
      stage: 'benchmark',
      text: `runbook figures: ${serial.requestsPerSecond.toFixed(2)} req/s one at a time, ${parallel.requestsPerSecond.toFixed(2)} req/s ten at a time`,
    });
    return figures;
  } finally {
    await client.close();
  }
}
