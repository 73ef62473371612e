import type { StageEnding } from '../report/facts.ts';
import type { PreflightCheck, StageName, Verdict } from '../report/model.ts';

/** What the pipeline reports while it runs; renderers turn it into text. Times are milliseconds. */
export type ProgressEvent =
  | { type: 'stage-start'; stage: StageName; title: string; usualMs: number | null; limitMs: number | null }
  | { type: 'stage-end'; stage: StageName; outcome: StageEnding; summary: string; durationMs: number }
  /** A fact, printed once. */
  | { type: 'fact'; stage: StageName; text: string }
  /** The state of a wait; printed on change, and as a heartbeat. */
  | { type: 'waiting'; stage: StageName; what: string; seen: string; elapsedMs: number; limitMs: number }
  /** A line of the benchmark, printed once. */
  | { type: 'round'; stage: StageName; text: string }
  /** A line of preflight. */
  | ({ type: 'checked'; stage: StageName } & PreflightCheck)
  | { type: 'warning'; text: string }
  | { type: 'closing'; verdict: Verdict; lines: string[] };

export type Emit = (event: ProgressEvent) => void;
