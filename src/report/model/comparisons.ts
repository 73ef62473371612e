import type { ArmFigures, Finding, Interval, Percentiles } from './figures.ts';
import type { QualityComparison } from './quality.ts';

/**
 * What a comparison shows. `scaling` ends as `pass` or `fail`, `change` as `no-worse`, `regressed` or `worse-answers` (a
 * veto, whatever the throughput); both may be
 * `inconclusive` (not decided) and `invalid` (measured wrongly). `same`: both stacks are one, so that nothing was measured.
 * `not-measured`: it was asked for, and could not be.
 */
export type ComparisonVerdict =
  | 'pass'
  | 'fail'
  | 'no-worse'
  | 'regressed'
  | 'worse-answers'
  | 'same'
  | 'inconclusive'
  | 'invalid'
  | 'not-measured';

/** Two arms side by side, and a rule on the ratio of their throughputs at equal load. */
export interface ArmComparison {
  /** `scaling`: all replicas against one. `change`: the stack under test against that of the base branch. */
  name: 'scaling' | 'change';
  verdict: ComparisonVerdict;
  /** Why, one sentence each, most important first. Never empty. */
  reasons: string[];
  /** Throughput of the first arm over that of the second. Null where there is none, or none that counts. */
  ratio: Interval | null;
  /** What the lower limit of the ratio must exceed. */
  limit: number;
  /** The arm under test first. Empty where nothing was measured. */
  arms: ComparedArm[];
  /** Pairs of blocks. */
  pairs: number;
  /** What `change` measured; null where it did not, and of `scaling`, which is under `benchmark`. */
  change: ChangeFigures | null;
  /** Answers of both stacks to the same tasks; absent where they were not asked for, and in older reports. */
  quality?: QualityComparison;
}

/** A named endpoint under load. */
export interface ComparedArm {
  name: 'one' | 'all' | 'head' | 'base';
  /** The LLMInferenceService behind it. */
  service: string;
  /** Replicas that its requests reach. */
  replicas: number;
  /** Requests in flight, over all of these replicas. */
  concurrency: number;
  requestsPerSecond: number;
}

export interface ChangeFigures {
  /** `one`: one replica of each stack, each replica under test in turn. `all`: both stacks whole. */
  baseReplicas: 'one' | 'all';
  method: string;
  pairs: ChangePair[];
  head: StackFigures;
  base: StackFigures;
  /** Conditions that make the comparison invalid, whatever the ratio. */
  vetoes: Finding[];
  warnings: Finding[];
  looks: { done: number; planned: number; stopped: 'no-worse' | 'regressed' | 'budget' | 'time' | 'aborted' };
  /** The base stack against itself; absent where that was not asked for or could not be. */
  control?: ControlFigures;
  /** Deviation of the speed of nodes that hold equal stacks, on the logarithm; the interval has it. */
  nodeDeviation: number;
}

/** The base stack against itself: what the measurement shows without any change. */
export interface ControlFigures {
  pairs: number;
  /** Near 1; where the interval does not have 1, the comparison does not count. */
  ratio: Interval;
  /** Standard deviation of the logarithm of one pair. */
  deviation: number;
  /** Share of the variance of the pairs of the change that is there without the change, 0..1; null where none is seen. */
  noiseShare: number | null;
}

export interface ChangePair {
  index: number;
  order: 'head-first' | 'base-first';
  /** The replica under test; null where all of them are. */
  replica: string | null;
  headRequestsPerSecond: number;
  baseRequestsPerSecond: number;
  /** Head over base. */
  ratio: number;
}

/** A field in which the stack under test differs from the base stack. Text of the manifests, to be escaped. */
export interface StackDifference {
  /** `vLLM --max-num-seqs`, `weight of queue-scorer`. */
  what: string;
  /** Null where the stack does not have it. */
  base: string | null;
  head: string | null;
  /** Whether it concerns how requests find their replica. */
  isRouting: boolean;
}

/** One stack in figures; null means not known. */
export interface StackFigures {
  service: string;
  /** SHA-256 of the rendered manifests. */
  contentHash: string;
  vllmImage: string | null;
  /** In the pairs. */
  load: ArmFigures;
  /** Streamed answers in an open loop, at the same rate for both stacks, milliseconds. */
  ttftMs: Percentiles | null;
  tpotMs: Percentiles | null;
  e2eMs: Percentiles | null;
  /** Share of the prompt tokens that came from the prefix cache, of prompts with a common prefix, 0..1. */
  hitRate: number | null;
  /** Mean tokens that the server counts for a prompt; both stacks are sent prompts of one length. */
  tokensPerPrompt: number | null;
  /** From the creation of a pod until it was Ready, the slowest of the stack, milliseconds: model download and compilation. */
  readyMs: number | null;
  /** Tokens that the KV cache of one replica holds. */
  kvCacheTokens: number | null;
}
