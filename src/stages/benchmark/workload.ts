import type { Benchmark, LoadOrigin } from '../../report/model.ts';
import type { StageContext } from '../context.ts';

/** The workload of the pairs, for the report. */
export function workloadOf(context: StageContext, origin: Pick<LoadOrigin, 'from'>): Benchmark['workload'] {
  const { promptTokens, maxTokens } = context.inputs;
  const from = origin.from === 'cluster' ? ', sent from inside the cluster' : '';
  return { promptTokens, maxTokens, description: `${promptsText(context)}, exactly ${maxTokens} output tokens${from}` };
}

export function promptsText({ prompts, inputs }: StageContext): string {
  return prompts
    ? `${prompts.length} prompts of ${inputs.prompts} in their order, each behind a nonce`
    : `unique prompts of about ${inputs.promptTokens} tokens`;
}
