import type { SloName, SloRelation, SloUnit } from '../../lib/slo.ts';

/**
 * `met`: the confidence bound keeps the limit. `missed`: the other bound breaks it. `inconclusive`: neither. `not-measured`:
 * the figure could not be observed.
 */
export type LimitOutcome = 'met' | 'missed' | 'inconclusive' | 'not-measured';

/** The limits of the input `slo`, each with what was measured. */
export interface SloReport {
  /** One-sided confidence of a limit that is met. Those that are missed have it together. */
  confidence: number;
  /** In the order of the input. */
  limits: LimitResult[];
}

export interface LimitResult {
  name: SloName;
  relation: SloRelation;
  /** In `unit`. */
  limit: number;
  unit: SloUnit;
  outcome: LimitOutcome;
  /** What was measured, in `unit`; null where nothing was. */
  value: number | null;
  /** One-sided confidence bounds of the value, in `unit`; null where so few samples have none. */
  low: number | null;
  high: number | null;
  /** Requests, gaps between tokens, or pairs behind the value; null where they say nothing about the bounds. */
  samples: number | null;
  /** Samples that break the limit; a request that failed is one of them. Null of a figure that is not a share of samples. */
  over: number | null;
  /** Fewest further samples that could meet the limit, if all of them keep it. Null where more samples are not what is missing. */
  needed: number | null;
  /** The load at which it was measured; null where nothing was. */
  load: string | null;
  /** The outcome in one sentence. */
  reason: string;
}
