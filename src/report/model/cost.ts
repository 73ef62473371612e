export interface Cost {
  chipMinutes: number;
  nodeSeconds: number;
  /** Null when no price is known for the region and model. */
  usd: number | null;
  pricePerChipHourUsd: number | null;
  priceSource: string | null;
  /** At the measured rate of the `all` arm, 100 % utilised. Null when not measured or without a price. */
  usdPerMillionRequests: number | null;
  usdPerMillionOutputTokens: number | null;
  /** What it costs to serve day and night. Null without a price or the chips of a replica; absent in older reports. */
  serving?: ServingCost | null;
}

/** One replica, all of them, and what the others cost beside the first: all minus one. */
export interface ServingCost {
  replicas: number;
  /** A month is 30 days. */
  hoursPerMonth: number;
  one: RunningCost;
  all: RunningCost;
  difference: RunningCost;
}

/** List price of the chips alone: without disks, network, control plane and discounts. */
export interface RunningCost {
  chips: number;
  usdPerHour: number;
  usdPerMonth: number;
  /** At the measured rate of this arm, 100 % utilised; null when not measured. */
  usdPerMillionRequests: number | null;
  usdPerMillionOutputTokens: number | null;
}

export interface Release {
  /** `kept`: the nodes stay with the stack that was deployed, for a time or until somebody ends it. */
  outcome: 'released' | 'not-needed' | 'failed' | 'kept';
  nodePool: string | null;
  restingNodes: number | null;
  nodesLeft: number | null;
  /** One sentence. */
  message: string;
  /** The exact command to run by hand when `outcome` is `failed`. */
  command: string | null;
  durationMs: number;
  /** Of what is kept: its end, ISO 8601, null for none, and what its nodes cost by the hour. */
  kept?: {
    /** @format date-time */
    until: string | null;
    usdPerHour: number | null;
  };
}

/** One pool that a sweep released, or could not. */
export interface Swept {
  nodePool: string;
  /** The dead run's page, or its name. */
  holder: string;
  /**
   * `kept-over`: a stack was kept, and its time is over; `asked`: its end was asked for. Neither is a leak. `overwritten`
   * and `deleted`: somebody did that to the lease, and nodes are left; the pool was left alone.
   */
  reason: 'expired' | 'run-ended' | 'kept-over' | 'asked' | 'overwritten' | 'deleted';
  outcome: 'released' | 'failed' | 'not-needed';
  message: string;
  /** To run by hand; null when nothing is left to do. */
  command: string | null;
  durationMs: number;
  nodesLeft: number | null;
}
