import { ownPrompts, uniquePrompts } from '../../load/prompts.ts';
import type { Benchmark } from '../../report/model.ts';
import type { StageContext } from '../context.ts';

/** The next prompt of the benchmark's workload; `part` keeps blocks apart, so that none is answered from another's cache. */
export function promptsOf({ prompts, runKey, inputs }: StageContext, part: string): () => string {
  const seed = `${runKey}/${part}`;
  return prompts ? ownPrompts({ seed, prompts }) : uniquePrompts({ seed, promptTokens: inputs.promptTokens });
}

/** The workload of the pairs, for the report. */
export function workloadOf(context: StageContext): Benchmark['workload'] {
  const { promptTokens, maxTokens, loadFrom } = context.inputs;
  const from = loadFrom === 'cluster' ? ', sent from inside the cluster' : '';
  return { promptTokens, maxTokens, description: `${promptsText(context)}, exactly ${maxTokens} output tokens${from}` };
}

export function promptsText({ prompts, inputs }: StageContext): string {
  return prompts
    ? `${prompts.length} prompts of ${inputs.prompts} in their order, each behind a nonce`
    : `unique prompts of about ${inputs.promptTokens} tokens`;
}
