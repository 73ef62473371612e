/** What the answers to one set of tasks, at temperature 0, show of the stack under test and of the base stack. */
export interface QualityComparison {
  /**
   * `dropped`: the interval of the difference lies below the drop that is allowed, a veto. `kept`: it does not. `too-low`:
   * the base answers too few tasks right for any drop to be found, which does not fail the run. `not-measured`: see `reason`.
   */
  verdict: 'kept' | 'dropped' | 'too-low' | 'not-measured';
  /** One sentence. */
  reason: string;
  /** `built-in v1`, or the file with the user's own. */
  tasks: string;
  /** Share by which the right answers may be fewer, 0..1. */
  maxDrop: number;
  /** Null where the answers could not be compared. */
  figures: QualityFigures | null;
}

export interface QualityFigures {
  /** Both stacks are asked by the same: chat needs a chat template. */
  api: 'chat' | 'completions';
  /** Tasks that both answered, right or wrong. */
  pairs: QualityPairs;
  /** Share of right answers, head less base. */
  difference: ShareDifference;
  /** Of tasks that both answered: those with the same text, 0..1. */
  identicalShare: number;
  /** Tasks without a response after two attempts. They are not wrong. */
  unanswered: { head: number; base: number };
  kinds: { kind: string; tasks: number; headRight: number; baseRight: number }[];
  /** Some tasks that only one of the two answered right, those of the base first. */
  examples: QualityExample[];
}

/** Counts of tasks by the stacks that answered them right. */
export interface QualityPairs {
  bothRight: number;
  onlyBase: number;
  onlyHead: number;
  bothWrong: number;
}

/** A paired difference of shares with its confidence limits, -1..1, and the exact one-sided p of a drop. */
export interface ShareDifference {
  value: number;
  low: number;
  high: number;
  level: number;
  p: number;
}

/** Texts are shortened. */
export interface QualityExample {
  id: string;
  right: 'head' | 'base';
  prompt: string;
  expected: string;
  head: string;
  base: string;
}
