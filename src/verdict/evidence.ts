import type { ArmName, ClientFigures } from '../report/model.ts';

/** What the plausibility check is given: facts of the whole measurement, gathered by the benchmark stage. */
export interface MeasurementEvidence {
  replicas: number;
  /** Point estimate; null when nothing could be estimated. */
  speedup: number | null;
  arms: Record<ArmName, ArmEvidence>;
  /** Whether each answer carried the endpoint picker's mark before the one-replica arm was there. */
  pickerMarked: boolean;
  blocks: readonly BlockEvidence[];
  client: ClientFigures;
}

export interface ArmEvidence {
  /** Sent, without those that the client itself cancelled. */
  requests: number;
  errors: number;
  /** Responses of status 200 without JSON, `choices[0]` or `usage`. */
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

/** One block and what the cluster looked like at its two edges, while no request of ours was in flight. */
export interface BlockEvidence {
  arm: ArmName;
  /** From 0. */
  pair: number;
  sent: number;
  /** Without a valid answer, or cancelled: they may or may not have reached a replica. */
  unanswered: number;
  /** Ready replicas that the block is to have: all of them, or one after a scale-in. */
  readyWanted: number;
  readyBefore: number | null;
  readyAfter: number | null;
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
