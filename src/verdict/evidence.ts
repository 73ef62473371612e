import type { ArmName, ClientFigures, LoadArm } from '../report/model.ts';

/** What the plausibility check is given: facts of the whole measurement, gathered by the benchmark stage. */
export interface MeasurementEvidence {
  replicas: number;
  /** Point estimate; null when nothing could be estimated. */
  speedup: number | null;
  arms: Record<ArmName, ArmEvidence>;
  /** Whether each answer carried the endpoint picker's mark before the one-replica arm was there. */
  pickerMarked: boolean;
  /** What the answers show of the work behind them. */
  answers: AnswerEvidence;
  /** Whether requests to one replica pass the endpoint picker too. */
  pickerShared: boolean;
  blocks: readonly BlockEvidence[];
  client: ClientFigures;
}

export interface ArmEvidence {
  /** Sent, without those that the client itself cancelled. */
  requests: number;
  errors: number;
  /** Responses of status 200 without JSON, `choices[0]` or `usage`, or with an error. */
  unreadable: number;
  /** One line about the first error; hostile text. */
  firstError: string | null;
  /** Valid responses that ended inside a window. */
  completed: number;
  meanOutputTokens: number | null;
  /** Throughput × latency ÷ concurrency over all windows. */
  littlesLaw: number | null;
  /** Different latencies ÷ latencies in the windows: a clock of whole seconds makes few of many. Null without any. */
  distinctLatencyShare: number | null;
  /** Valid requests per second in the two halves of each block's window. */
  halves: readonly { first: number; second: number }[];
  /** Share of the valid responses that carry the endpoint picker's mark; null without any. */
  pickerShare: number | null;
  /** Cached ÷ prompt tokens as the server reports them per request; null when it does not. */
  cachedTokenShare: number | null;
}

/** What the answers show of the work behind them, as clients see it; null where nothing can be computed. */
export interface AnswerEvidence {
  arms: Record<
    ArmName,
    {
      /** Bytes of prompt that were sent for each token that the answers report of it. */
      promptBytesPerToken: number | null;
      /** UTF-16 units of text for each output token that the answers report. */
      textCharsPerToken: number | null;
    }
  >;
  /** Tokens that the answers report of a prompt, over prompts of equal length. */
  promptTokens: ArmDifference | null;
  /** UTF-16 units of text in an answer, over prompts of equal length. */
  textChars: ArmDifference | null;
}

/** Means of both arms over what both were sent, and how surely they differ. */
export interface ArmDifference {
  one: number;
  all: number;
  /** all ÷ one − 1. */
  share: number;
  /** Chance of a difference as large where there is none, by Welch's t test over the means of the blocks. */
  chance: number;
}

/** Tokens of prompts and tokens generated. */
export interface TokenCount {
  prompt: number;
  generation: number;
}

/** One block and what the cluster looked like at its two edges, while the gate had no request in flight. */
export interface BlockEvidence {
  arm: LoadArm;
  /** The pod that the block was to go to; null for all, and where it is not known. */
  baseline: string | null;
  /** From 0. */
  pair: number;
  sent: number;
  /** Without a valid answer, or cancelled: they may or may not have reached a replica. */
  unanswered: number;
  /**
   * Tokens that the requests of the block cost: `least` for those with a valid answer, as many as were ordered and, of
   * prompts, as the answers report; `most` with all that the others may have cost as well.
   */
  ordered: { least: TokenCount; most: TokenCount };
  /** Ready replicas that the block is to have: all of them, or one after a scale-in. */
  readyWanted: number;
  readyBefore: number | null;
  readyAfter: number | null;
  /** Replicas at the end of the block that are not among those that were verified, and those that went away in it. */
  changed: { added: readonly string[]; gone: readonly string[] };
  pods: readonly PodEdges[];
  gateway: GatewayBlock;
}

/** What the gateway's Envoys counted for the replicas during a block. */
export interface GatewayBlock {
  /** Why the counters do not cover the whole block; null when they do. What is in `pods` is a lower limit then. */
  problem: string | null;
  pods: readonly {
    pod: string;
    requests: number;
    /** Requests that failed, those without a connection among them. */
    errors: number;
    connectFailures: number;
  }[];
}

export interface PodEdges {
  pod: string;
  /** Null when the counters could not be read. */
  before: PodCounters | null;
  after: PodCounters | null;
}

/** A replica's own account of itself, from its metrics and its pod status. */
export interface PodCounters {
  /** Finished requests since start: `vllm:request_success_total` over all reasons and engines. */
  finished: number;
  /** `vllm:prompt_tokens_total`, those from the prefix cache among them; null when not exported. */
  promptTokens: number | null;
  /** `vllm:generation_tokens_total`. */
  generationTokens: number | null;
  running: number | null;
  waiting: number | null;
  preemptions: number | null;
  /** `process_start_time_seconds`. */
  processStartSeconds: number | null;
  restarts: number | null;
}

/** A rule over one block. */
export interface BlockRule {
  id: string;
  kind: 'veto' | 'warning';
  /** What is wrong with the block, as a sentence without its full stop; null when nothing is. */
  judge: (block: BlockEvidence) => string | null;
}

/** Receives a finding: a stable id and a sentence with its numbers. */
export type Tell = (id: string, message: string) => void;
