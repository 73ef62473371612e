import type { BlockEvidence } from '../verdict/evidence.ts';
import type { RequestRecord } from './types.ts';

/** What the requests of a block cost in tokens, as sums that several load clients add up. */
export interface TokenTally {
  /** Of valid answers. */
  least: { prompt: number; generation: number };
  /** Of the other requests, which may have cost nothing or all of it; `unknown` have no count of the prompt's tokens. */
  lost: { prompt: number; generation: number; unknown: number };
  /** Of the longest prompt. */
  longest: number;
}

/** The tokens of records with `maxTokens` output tokens ordered for each. */
export function tokensOf(
  records: readonly Pick<RequestRecord, 'valid' | 'promptTokens' | 'completionTokens'>[],
  maxTokens: number,
): TokenTally {
  const least = { prompt: 0, generation: 0 };
  const lost = { prompt: 0, generation: 0, unknown: 0 };
  let longest = 0;
  for (const { valid, promptTokens, completionTokens } of records) {
    longest = Math.max(longest, promptTokens ?? 0);
    if (valid) {
      least.prompt += promptTokens ?? 0;
      least.generation += completionTokens ?? maxTokens;
    } else {
      lost.prompt += promptTokens ?? 0;
      lost.unknown += promptTokens === null ? 1 : 0;
      lost.generation += Math.max(maxTokens, completionTokens ?? 0);
    }
  }
  return { least, lost, longest };
}

/** The tokens of all the load clients of one block. */
export function mergeTokens(tallies: readonly TokenTally[]): TokenTally {
  const sum = (figure: (tally: TokenTally) => number) => tallies.reduce((total, each) => total + figure(each), 0);
  return {
    least: { prompt: sum(({ least }) => least.prompt), generation: sum(({ least }) => least.generation) },
    lost: {
      prompt: sum(({ lost }) => lost.prompt),
      generation: sum(({ lost }) => lost.generation),
      unknown: sum(({ lost }) => lost.unknown),
    },
    longest: Math.max(0, ...tallies.map(({ longest }) => longest)),
  };
}

/** What the requests cost at least and at most. An answer that is not valid may have cost nothing, or all of it. */
export function orderedOf({ least, lost, longest }: TokenTally): BlockEvidence['ordered'] {
  // Without one answer nothing is known of the prompts' tokens.
  const unknown = lost.unknown === 0 ? 0 : longest > 0 ? lost.unknown * longest : Number.POSITIVE_INFINITY;
  return {
    least,
    most: { prompt: least.prompt + lost.prompt + unknown, generation: least.generation + lost.generation },
  };
}
