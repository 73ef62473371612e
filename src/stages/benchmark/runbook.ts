import type { RunbookFigures } from '../../report/model.ts';
import { RUNBOOK, runbookFigures } from '../../verdict/runbook.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import type { VerifiedModel } from '../verify/verify.ts';
import type { Loader } from './loader.ts';
import { stoppedAnswering } from './stopped.ts';

/** The seed's own 20 serial and 100 parallel requests, through the service's endpoint. */
export async function runbook(bench: {
  context: StageContext;
  prepared: Prepared;
  stack: ReadyStack;
  model: VerifiedModel;
  loader: Loader;
}): Promise<RunbookFigures> {
  const { context, prepared, loader } = bench;
  const run = (prompts: 'serial' | 'parallel') => {
    const { requests, concurrency } = RUNBOOK[prompts];
    return loader.fixed({ prompts, requests, concurrency, arm: 'all', block: -100 }, bench);
  };
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
}
