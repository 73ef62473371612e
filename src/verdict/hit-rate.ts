import { percentUpTo } from '../lib/number.ts';

/** One prompt of a group with a common prefix. */
export interface PromptShape {
  promptTokens: number;
  /** Tokens at its start that it shares with its group. */
  prefixTokens: number;
}

/**
 * Tokens that a replica which has seen the prefix takes from its cache: whole blocks, and never the last token of the
 * prompt. Lengths that are estimates may be fractions.
 */
export function cachedTokens({ promptTokens, prefixTokens }: PromptShape, blockTokens: number): number {
  const reusable = Math.min(prefixTokens, promptTokens - 1);
  return blockTokens * Math.max(0, Math.floor(reusable / blockTokens));
}

/**
 * Expected share of prompt tokens that come from the prefix cache, when followers go to the replica that has the prefix
 * (`aware`) and when any replica is as likely (`random`). Every prompt counts with its own length: the first of a group
 * finds nothing, and the one after n others finds a warm replica at random with probability 1 − (1 − 1/R)ⁿ. So a hit
 * rate by itself proves nothing about routing, and 0 ≤ random ≤ aware < 1 for any lengths. Holds without eviction and
 * when each prompt of a group is answered before the next is sent. Both are 0 without prompts.
 */
export function expectedHitRates(
  groups: readonly (readonly PromptShape[])[],
  { blockTokens, replicas }: { blockTokens: number; replicas: number },
): { aware: number; random: number } {
  let [aware, random, all] = [0, 0, 0];
  for (const group of groups) {
    for (const [before, prompt] of group.entries()) {
      const cached = before === 0 ? 0 : cachedTokens(prompt, blockTokens);
      aware += cached;
      random += cached * (1 - (1 - 1 / replicas) ** before);
      all += prompt.promptTokens;
    }
  }
  return all > 0 ? { aware: aware / all, random: random / all } : { aware: 0, random: 0 };
}

export interface PrefixShape {
  prefixTokens: number;
  prefixChars: number;
  promptTokens: number;
  promptChars: number;
  /** vLLM's block, tokens; null when unknown. */
  blockTokens: number | null;
  /** The endpoint picker's block, characters; null when unknown. */
  pickerBlockChars: number | null;
}

/** A picker block is compared whole, and one or two matches are lost in the other scorers' weights. */
const FEWEST_PICKER_BLOCKS = 4;

/**
 * Whether a shared prefix is long enough to be cached by vLLM and to be seen by the endpoint picker, with the arithmetic
 * in words. Null when neither block size is known.
 */
export function cacheablePrefix(shape: PrefixShape): { longEnough: boolean | null; sentence: string } {
  const parts: string[] = [];
  let longEnough: boolean | null = null;
  const require = (holds: boolean) => {
    longEnough = longEnough === false ? false : holds;
  };
  if (shape.blockTokens !== null) {
    const usable = Math.min(shape.prefixTokens, shape.promptTokens - 1);
    const blocks = Math.max(0, Math.floor(usable / shape.blockTokens));
    require(blocks >= 1);
    parts.push(
      blocks >= 1
        ? `${shape.prefixTokens} shared tokens fill ${counted(blocks, 'cache block')} of ${shape.blockTokens}, so a warm ` +
            `replica reuses ${blocks * shape.blockTokens} of ${shape.promptTokens} prompt tokens`
        : `${shape.prefixTokens} shared tokens do not fill one cache block of ${shape.blockTokens}, so no replica can ` +
            'reuse them',
    );
  }
  if (shape.pickerBlockChars !== null) {
    const blocks = Math.floor(shape.prefixChars / shape.pickerBlockChars);
    const ofPrompt = Math.floor(shape.promptChars / shape.pickerBlockChars);
    require(blocks >= FEWEST_PICKER_BLOCKS);
    const match = ofPrompt > 0 ? `, ${percentUpTo(blocks / ofPrompt, 0)} of each prompt` : '';
    parts.push(
      `${shape.prefixChars} shared characters are ${counted(blocks, 'block')} of ${shape.pickerBlockChars} to the ` +
        `endpoint picker${match}` +
        (blocks >= FEWEST_PICKER_BLOCKS ? '' : `; it takes ${FEWEST_PICKER_BLOCKS} to decide the choice`),
    );
  }
  if (parts.length === 0) return { longEnough: null, sentence: 'Neither cache block size is known.' };
  return { longEnough, sentence: `${parts.join('; ')}.` };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
