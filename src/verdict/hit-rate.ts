import { percentUpTo } from '../lib/number.ts';

export interface SharedPrefixShape {
  /** Tokens that the prompts of a group share. */
  prefixTokens: number;
  /** Tokens of each prompt after the shared ones. */
  suffixTokens: number;
  /** Prompts per group, the first one included. */
  requestsPerGroup: number;
  /** `block_size` of `vllm:cache_config_info`. */
  blockTokens: number;
  replicas: number;
}

/** Tokens that a replica which has seen the prefix takes from its cache: whole blocks, and never the last token. */
export function cachedTokensPerRepeat(shape: SharedPrefixShape): number {
  const reusable = Math.min(shape.prefixTokens, shape.prefixTokens + shape.suffixTokens - 1);
  return shape.blockTokens * Math.max(0, Math.floor(reusable / shape.blockTokens));
}

/**
 * Expected share of prompt tokens that come from the prefix cache, when followers go to the replica that has the prefix
 * (`aware`) and when any replica is as likely (`random`). With n prompts a random router still finds a warm replica
 * often: it misses only R·(1 − (1 − 1/R)ⁿ) times. So a hit rate by itself proves nothing about routing.
 * Holds without eviction and when the first prompt of a group is answered before the others are sent.
 */
export function expectedHitRates(shape: SharedPrefixShape): { aware: number; random: number } {
  const { requestsPerGroup: n, replicas } = shape;
  const perRepeat = cachedTokensPerRepeat(shape) / (shape.prefixTokens + shape.suffixTokens);
  const coldWhenRandom = replicas * (1 - (1 - 1 / replicas) ** n);
  return { aware: (perRepeat * (n - 1)) / n, random: (perRepeat * (n - coldWhenRandom)) / n };
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
