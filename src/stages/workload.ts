import { ownPrompts, uniquePrompts } from '../load/prompts.ts';
import type { StageContext } from './context.ts';

/** The next prompt of the benchmark's workload; `part` keeps blocks apart, so that none is answered from another's cache. */
export function promptsOf({ prompts, runKey, inputs }: StageContext, part: string): () => string {
  const seed = `${runKey}/${part}`;
  return prompts ? ownPrompts({ seed, prompts }) : uniquePrompts({ seed, promptTokens: inputs.promptTokens });
}

export function promptsText({ prompts, inputs }: StageContext): string {
  return prompts
    ? `${prompts.length} prompts of ${inputs.prompts} in their order, each behind a nonce`
    : `unique prompts of about ${inputs.promptTokens} tokens`;
}
